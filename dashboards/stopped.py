"""What does not run that should: GPUs that are off, coolant that stands, units that failed.

A rack whose GPUs turned themselves off cools down and is soon far below every limit, so limits
alone would say that all is well.
"""

from collections.abc import Iterator

import numpy as np

from dashboards.finding import Finding, Severity, rack_href
from dashboards.index import Index
from dashboards.summary import Summary
from site_models.arrays import Flags
from twin.physics.clocks import HW_THERMAL, SW_THERMAL

STILL = 0.02
"""A flow below this part of the most that a rack takes counts as none."""


def stopped(index: Index, summary: Summary) -> Iterator[Finding]:
    """Yield a finding for each rack, loop and unit; one for all clocks that heat holds down."""
    yield from _off(index, summary)
    yield from _still(index, summary)
    yield from _failed(index, summary)
    yield from _slowed(index, summary)


def racks_without_flow(index: Index, summary: Summary) -> Flags:
    """Return the racks in service that coolant should run through and does not. Shape (racks,)"""
    racks = index.plant.arrays.racks
    cooled = (racks.liquid_circuit >= 0) & racks.in_service & (racks.flow_max_kg_per_s > 0.0)
    return np.asarray(cooled & (summary.state.rack_flow_kg_per_s < STILL * racks.flow_max_kg_per_s))


def racks_with_gpus_off(index: Index, summary: Summary) -> Flags:
    """Return the racks in which a GPU turned itself off. Shape (racks,)"""
    hit = np.zeros(len(index.plant.rack_names), dtype=np.bool_)
    hit[index.rack_of_gpu[summary.state.gpu_off]] = True
    return hit


def _off(index: Index, summary: Summary) -> Iterator[Finding]:
    off = summary.state.gpu_off
    for rack in np.flatnonzero(racks_with_gpus_off(index, summary)).tolist():
        mine = index.gpus_by_rack[rack]
        name, count = index.plant.rack_names[rack], int(off[mine].sum())
        what = f"{count} of {len(mine)} GPUs turned themselves off at their shutdown temperature"
        yield Finding(Severity.OVER, name, what, rack_href(name))


def _still(index: Index, summary: Summary) -> Iterator[Finding]:
    """Yield one finding for each loop, with the racks that it leaves without coolant."""
    without = racks_without_flow(index, summary)
    circuit = index.plant.arrays.racks.liquid_circuit
    for loop in np.unique(circuit[without]).tolist():
        names = [index.plant.rack_names[k] for k in np.flatnonzero(without & (circuit == loop))]
        more = f" and {len(names) - 1} more racks" if len(names) > 1 else ""
        what = f"no coolant runs through {names[0]}{more}"
        yield Finding(Severity.OVER, index.plant.circuit_names[loop], what, rack_href(names[0]))


def _failed(index: Index, summary: Summary) -> Iterator[Finding]:
    """Yield what was built in service and is not now."""
    built, now = index.plant.arrays, summary.snapshot.plant.arrays
    for names, was, still in (
        (index.plant.exchanger_names, built.exchangers.in_service, now.exchangers.in_service),
        (index.plant.chiller_names, built.chillers.in_service, now.chillers.in_service),
    ):
        for at in np.flatnonzero(was & ~still).tolist():
            yield Finding(Severity.OVER, names[at], "failed")


def _slowed(index: Index, summary: Summary) -> Iterator[Finding]:
    state = summary.state
    hit = np.flatnonzero(
        ((state.gpu_event_reasons & (SW_THERMAL | HW_THERMAL)) != 0) & ~state.gpu_off
    )
    if not len(hit):
        return
    racks = [index.plant.rack_names[k] for k in np.unique(index.rack_of_gpu[hit]).tolist()]
    where = racks[0] if len(racks) == 1 else f"{len(racks)} racks"
    what = f"{len(hit):,} GPUs slow themselves down by temperature"
    yield Finding(Severity.NEAR, where, what, rack_href(racks[0]))
