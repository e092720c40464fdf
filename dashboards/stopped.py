"""What does not run that should: GPUs that are off, coolant that stands, units that failed.

A rack whose GPUs turned themselves off cools down and is soon far below every limit, so limits
alone would say that all is well.
"""

from collections.abc import Iterator

import numpy as np

from dashboards.finding import DOWN, Finding, Severity, rack_href
from dashboards.index import Index
from dashboards.summary import Summary
from site_models.arrays import Flags
from twin.physics.clocks import HW_THERMAL, SW_THERMAL

STILL = 0.02
"""A flow below this part of the most that a rack takes counts as none."""


def stopped(index: Index, summary: Summary) -> Iterator[Finding]:
    """Yield a finding for each loop and unit; one for all GPUs that are off, or held by heat."""
    yield from _off(index, summary)
    yield from _still(index, summary)
    yield from _failed(index, summary)
    yield from _slowed(index, summary)


def racks_without_flow(index: Index, summary: Summary) -> Flags:
    """Return the racks in service that coolant should run through and does not. Shape (racks,)"""
    racks = index.plant.arrays.racks
    cooled = (racks.liquid_circuit >= 0) & racks.in_service & (racks.flow_max_kg_per_s > 0.0)
    return np.asarray(cooled & (summary.state.rack_flow_kg_per_s < STILL * racks.flow_max_kg_per_s))


def gpus_off(index: Index, summary: Summary) -> Flags:
    """Return the GPUs in service that draw nothing: even idle ones draw a tenth. Shape (GPUs,)"""
    return np.asarray(
        index.plant.arrays.gpus.in_service
        & (summary.state.gpu_off | (summary.state.gpu_power_w <= 0.0))
    )


def racks_with_gpus_off(index: Index, summary: Summary) -> Flags:
    """Return the racks with any of these. Shape (racks,)"""
    hit = np.zeros(len(index.plant.rack_names), dtype=np.bool_)
    hit[index.rack_of_gpu[gpus_off(index, summary)]] = True
    return hit


def _off(index: Index, summary: Summary) -> Iterator[Finding]:
    """Yield one finding for those too hot, one for those without power, however many racks."""
    off, hot = gpus_off(index, summary), summary.state.gpu_off
    for hit, said in (
        (off & hot, "turned themselves off at their shutdown temperature"),
        (off & ~hot, "draw no power"),
    ):
        racks = np.unique(index.rack_of_gpu[hit]).tolist()
        if racks:
            what = f"{int(hit.sum()):,} {said}, in {_listed(index, racks)}"
            href = rack_href(index.plant.rack_names[racks[0]])
            yield Finding(Severity.OVER, "GPUs", what, href, DOWN)


def _listed(index: Index, racks: list[int]) -> str:
    """Return the first of some racks, and how many more there are."""
    more = f" and {len(racks) - 1} more" if len(racks) > 1 else ""
    return index.plant.rack_names[racks[0]] + more


def _still(index: Index, summary: Summary) -> Iterator[Finding]:
    """Yield one finding for each loop, with the racks that it leaves without coolant."""
    without = racks_without_flow(index, summary)
    circuit = index.plant.arrays.racks.liquid_circuit
    for loop in np.unique(circuit[without]).tolist():
        racks = np.flatnonzero(without & (circuit == loop)).tolist()
        what = f"no coolant runs through {_listed(index, racks)}"
        href = rack_href(index.plant.rack_names[racks[0]])
        yield Finding(Severity.OVER, index.plant.circuit_names[loop], what, href, DOWN)


def _failed(index: Index, summary: Summary) -> Iterator[Finding]:
    """Yield what was built in service and is not now."""
    built, now = index.plant.arrays, summary.snapshot.plant.arrays
    for names, was, still in (
        (index.plant.exchanger_names, built.exchangers.in_service, now.exchangers.in_service),
        (index.plant.chiller_names, built.chillers.in_service, now.chillers.in_service),
    ):
        for at in np.flatnonzero(was & ~still).tolist():
            yield Finding(Severity.OVER, names[at], "failed", word=DOWN)


def _slowed(index: Index, summary: Summary) -> Iterator[Finding]:
    state = summary.state
    held = (state.gpu_event_reasons & (SW_THERMAL | HW_THERMAL)) != 0
    hit = np.flatnonzero(held & ~gpus_off(index, summary))
    if not len(hit):
        return
    racks = np.unique(index.rack_of_gpu[hit]).tolist()
    what = f"{len(hit):,} slow themselves down by temperature, in {_listed(index, racks)}"
    yield Finding(Severity.NEAR, "GPUs", what, rack_href(index.plant.rack_names[racks[0]]))
