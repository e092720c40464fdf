"""What candidate places mean to collectives, many at once: domains, rates, shared trunks.

The same figures as ``twin.fabric.span.span_of`` and ``use_of`` give for one set of GPUs, from
counts over numbers that every GPU has once for all. Checked against them on shipped sites,
``tests/controllers/placement/test_placement_network.py``.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from controllers.placement.crossings import crossings
from controllers.placement.wiring import wiring
from site_models.arrays import Ints
from site_models.plant import Plant
from twin.fabric.span import Use
from twin.physics.collective import Span

CLOUD = ("efa", "tcpxo")


class Lay(NamedTuple):
    """How candidates lie in the network, one entry a candidate."""

    span: Span
    """Its network rate is that of each candidate alone; 0 where no network joins them."""
    uses: tuple[Use | None, ...]
    """Trunks that they load; None for one NVLink domain or without a common network."""


def lay_of(plant: Plant, places: Sequence[Ints], op: str) -> Lay:
    """Return how sets of GPUs lie for an operation; NaN rates for models that are not known."""
    w, fabric = wiring(plant), plant.fabric
    count = np.array([len(gpus) for gpus in places])
    start = np.array([0, *count.tolist()]).cumsum()
    domains, least, joined, tiers, begin, trunk, weight, lowest = crossings(
        np.concatenate(places), start, op == "alltoall", *w.numbers
    )
    uses: list[Use | None] = [None] * len(places)
    rate, reach = np.zeros(len(places)), np.zeros(len(places))
    if w.joined:
        for c in np.flatnonzero(joined).tolist():
            mine = slice(int(begin[c]), int(begin[c + 1]))
            use = Use(trunk[mine], weight[mine], float(lowest[c, 0]))
            uses[c], reach[c] = use, w.reach_s[int(tiers[c])]
            alone = w.trunk_bytes_per_s[use.trunk] / use.weight
            rate[c] = float(alone.min(initial=use.limit_bytes_per_s))
    flags = np.ones(len(places), dtype=np.bool_)
    span = Span(
        count.astype(np.float64),
        domains.astype(np.float64),
        least.astype(np.float64),
        lowest[:, 1],
        rate,
        lowest[:, 2].astype(np.int64),
        flags & (fabric.transport in CLOUD),
        flags,
        flags & fabric.in_network,
        reach,
    )
    return Lay(span, tuple(uses))
