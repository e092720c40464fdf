"""Whether placement advice comes true: what it says of a place, and what the rig then does there.

The rig is the same twin played forwards, so this holds the advice against the model, not the
model against a machine: it shows that the fast answer is the slow one's.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.evidence import Evidence
from benchmarks.placed_jobs import DT_S, RUNS_S, placed_jobs

PLACEMENTS = 200
HERE = (
    f"our own rig on pilot, {PLACEMENTS} random placements over three disjoint cooling loops at a"
    f" time, {RUNS_S:.0f} s each at {DT_S:.0f} s, 2 to 9 other jobs running"
)


def rows() -> Iterator[Evidence]:
    """Yield peak GPU temperature and collective time."""
    seen = list(placed_jobs(PLACEMENTS))
    off_k = np.abs(np.array([one.told_c - one.peak_c for one in seen]))
    held_k = np.abs(np.array([one.now_c - one.peak_c for one in seen]))
    yield Evidence.at_most(
        "placement: predicted peak GPU temperature, 95th percentile of the error",
        HERE,
        float(np.percentile(off_k, 95)),
        1.5,
        "K",
        baseline=(
            f"as before the job {np.percentile(held_k, 95):.1f} K; ours at worst {off_k.max():.2f} K"
        ),
    )
    known = [one for one in seen if one.took_s > 0.0 and np.isfinite(one.told_s)]
    errors = np.array([abs(one.told_s / one.took_s - 1.0) for one in known])
    crossed, crowded = (
        sum(one.crossed for one in known), sum(one.crowded for one in known)
    )  # fmt: skip
    yield Evidence.at_most(
        "placement: predicted collective time, largest error",
        HERE,
        float(errors.max(initial=0.0)) * 100.0,
        3.0,
        "%",
        baseline=(
            f"{len(known)} jobs that exchange, {crossed} across domains, {crowded} of them on a"
            " network shared with others"
        ),
    )
