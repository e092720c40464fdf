"""Fair shares of links against a sequence of linear programs."""

from collections.abc import Iterator

import numpy as np

from benchmarks.evidence import Evidence
from benchmarks.fair_shares import by_filling, by_linear_programs, random_network

NETWORKS = 200


def rows() -> Iterator[Evidence]:
    """Yield the largest difference over random networks."""
    worst = 0.0
    for seed in range(NETWORKS):
        network = random_network(seed)
        reference = by_linear_programs(*network)
        worst = max(worst, float(np.max(np.abs(by_filling(*network) / reference - 1.0))))
    yield Evidence.at_most(
        f"Max-min shares on {NETWORKS} random networks, largest relative difference",
        "linear programs, HiGHS in scipy", worst, 1e-5, "-",
        "the programs' own tolerance is 1e-6",
    )  # fmt: skip
