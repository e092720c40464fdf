"""What is wrong, at a glance: limits exceeded or near, worst first."""

from collections.abc import Iterator

import numpy as np

from dashboards.basis import basis_counts
from dashboards.fabric_now import SOUND
from dashboards.finding import DOWN, Finding, Severity, level_of, rack_href
from dashboards.index import Index
from dashboards.numbers import fixed, power, share, span
from dashboards.stopped import racks_without_flow, stopped
from dashboards.summary import Summary
from site_models.arrays import Floats, Ints
from twin.electrical.feed_room import DEAD, ON_BATTERY, ON_GENERATOR, TRIPPED, feed_standing
from twin.estimation.residual_causes import line_of
from twin.physics.pump_control import ALARM_DELAY_S

__all__ = ["Finding", "Severity", "findings", "level_of", "rack_href"]
NEAR_GPU_K, NEAR_COOLANT_K, NEAR_SHARE = 3.0, 1.0, 0.95
"""Margins below which a limit counts as near."""


def findings(index: Index, summary: Summary) -> tuple[Finding, ...]:
    """Return every finding of a tick, worst first, one line for each piece of equipment."""
    found = [
        *stopped(index, summary),
        *_gpus(index, summary),
        *_racks(index, summary),
        *_circuits(index, summary),
        *_exchangers(index, summary),
        *_feeds(index, summary),
        *_links(index, summary),
        *_causes(index, summary),
        *_notes(index, summary),
    ]
    return tuple(sorted(found, key=lambda finding: -finding.severity))


def _gpus(index: Index, summary: Summary) -> Iterator[Finding]:
    """Yield one finding for each rack that has GPUs at or near their limit."""
    plant, state = index.plant, summary.state
    margin_k = plant.arrays.gpus.temp_limit_c - state.gpu_temp_c
    close = np.flatnonzero(margin_k <= NEAR_GPU_K)
    for rack in np.unique(index.rack_of_gpu[close]):
        mine = close[index.rack_of_gpu[close] == rack]
        worst = mine[np.argmin(margin_k[mine])]
        level = level_of(float(margin_k[worst]), NEAR_GPU_K)
        count = int(np.count_nonzero(margin_k[mine] < 0.0)) or len(mine)
        word = "over" if level is Severity.OVER else "near"
        what = (
            f"{count} GPU{'s' if count > 1 else ''} {word} the limit of"
            f" {fixed(plant.arrays.gpus.temp_limit_c[worst], 0)} °C; hottest"
            f" {plant.gpu_names[worst]} at {fixed(state.gpu_temp_c[worst])} °C"
        )
        yield Finding(level, plant.rack_names[rack], what, rack_href(plant.rack_names[rack]))


def _racks(index: Index, summary: Summary) -> Iterator[Finding]:
    rating_w, load_w = index.plant.arrays.racks.rating_w, summary.state.rack_power_w
    for rack, level in _loads(load_w, rating_w):
        name = index.plant.rack_names[rack]
        what = f"draws {power(load_w[rack])} of {power(rating_w[rack])} rated"
        yield Finding(level, name, what, rack_href(name))


def _circuits(index: Index, summary: Summary) -> Iterator[Finding]:
    limit_c, supply_c = index.plant.arrays.circuits.supply_limit_c, summary.state.circuit_supply_c
    for circuit in np.flatnonzero(limit_c - supply_c <= NEAR_COOLANT_K):
        level = level_of(float(limit_c[circuit] - supply_c[circuit]), NEAR_COOLANT_K)
        what = f"supply {fixed(supply_c[circuit])} °C, limit {fixed(limit_c[circuit])} °C"
        yield Finding(level, index.plant.circuit_names[circuit], what)
    short_s = summary.state.circuit_low_flow_s
    dry = index.plant.arrays.racks.liquid_circuit[racks_without_flow(index, summary)]
    for circuit in np.setdiff1d(np.flatnonzero(short_s >= ALARM_DELAY_S), dry):
        what = f"for {span(float(short_s[circuit]))} less than 90 % of the flow that is asked for"
        yield Finding(Severity.OVER, index.plant.circuit_names[circuit], what)


def _exchangers(index: Index, summary: Summary) -> Iterator[Finding]:
    capacity_w, heat_w = index.plant.arrays.exchangers.capacity_w, summary.state.exchanger_heat_w
    for exchanger, level in _loads(heat_w, capacity_w):
        what = f"moves {power(heat_w[exchanger])} of {power(capacity_w[exchanger])} capacity"
        yield Finding(level, index.plant.exchanger_names[exchanger], what)


def _feeds(index: Index, summary: Summary) -> Iterator[Finding]:
    rating_w, load_w = index.plant.arrays.feeds.rating_w, summary.state.feed_power_w
    for feed, level in _loads(load_w, rating_w):
        what = (
            f"carries {power(load_w[feed])} of {power(rating_w[feed])} rated"
            f" ({share(float(load_w[feed] / rating_w[feed]))})"
        )
        yield Finding(level, index.plant.feed_names[feed], what)
    yield from _feed_states(index, summary)


def _feed_states(index: Index, summary: Summary) -> Iterator[Finding]:
    """Yield stages that are not simply live, those behind a dead one left out, and hot breakers."""
    plant, state = index.plant, summary.state
    standing = feed_standing(plant, state)
    for feed, (name, status) in enumerate(zip(plant.feed_names, standing.status, strict=True)):
        parent = plant.arrays.feeds.parent[feed]
        if status == TRIPPED:
            yield Finding(Severity.OVER, name, "tripped; open until it is reset", word=DOWN)
        elif (
            status == DEAD
            and plant.arrays.feeds.in_service[feed]
            and (parent < 0 or state.feed_live[parent] > 0.0)
        ):
            yield Finding(Severity.OVER, name, "gives no power", word=DOWN)
        elif status == ON_BATTERY:
            left = f"{fixed(standing.battery_left_s[feed] / 60.0)} min left at this load"
            yield Finding(
                Severity.NEAR, name, f"on battery, {share(standing.battery_share[feed])}, {left}"
            )
        elif status == ON_GENERATOR:
            yield Finding(Severity.NEAR, name, "on its generator")
        elif standing.breaker_share[feed] >= NEAR_SHARE:
            what = f"breaker at {share(standing.breaker_share[feed])} of what trips it"
            yield Finding(Severity.NEAR, name, what)


def _links(index: Index, summary: Summary) -> Iterator[Finding]:
    """Yield one finding where links of the fabric are down or slower than built."""
    built = index.plant.fabric.links.rate_bytes_per_s
    now = summary.snapshot.plant.fabric.links.rate_bytes_per_s
    down = int(np.count_nonzero((now == 0.0) & (built > 0.0)))
    slow = int(np.count_nonzero(now < built * SOUND)) - down
    parts = [f"{count} {word}" for count, word in ((down, "down"), (slow, "slow")) if count > 0]
    if parts:
        yield Finding(Severity.NEAR, "fabric", f"links: {', '.join(parts)}", "/fabric")


def _causes(index: Index, summary: Summary) -> Iterator[Finding]:
    """Yield what residuals point to, each with the page of its rack."""
    plant = index.plant
    for cause in summary.snapshot.causes:
        at = index.gpu.get(cause.where)
        rack = (
            index.rack_of_gpu[at]
            if at is not None
            else plant.arrays.nodes.rack[plant.node_names.index(cause.where)]
        )
        yield Finding(Severity.NEAR, cause.where, cause.what, rack_href(plant.rack_names[rack]))


def _notes(index: Index, summary: Summary) -> Iterator[Finding]:
    """Yield the health of the sources, what the policies say and what is out of service."""
    caused = {line_of(cause) for cause in summary.snapshot.causes}
    for line in summary.snapshot.health:
        if line not in caused:
            yield Finding(Severity.NEAR, "health", line)
    for standing in summary.snapshot.standings:
        if standing.mode in ("advise", "armed") and standing.reason:
            what = f"{standing.mode}: {standing.reason}"
            yield Finding(Severity.NOTE, f"policy {standing.name}", what)
    for count, words in basis_counts(summary):
        yield Finding(Severity.NOTE, "GPU power", f"{count:,} GPUs {words} (≈)")
    arrays = summary.snapshot.plant.arrays
    gpus = arrays.gpus
    for noun, in_service in (
        ("rack", arrays.racks.in_service),
        ("node", arrays.nodes.in_service),
        ("GPU", gpus.in_service),
        ("heat exchanger", arrays.exchangers.in_service),
        ("chiller", arrays.chillers.in_service),
        ("power stage", arrays.feeds.in_service),
    ):
        out = int(np.count_nonzero(~in_service))
        if out:
            yield Finding(Severity.NOTE, "service", f"{out} {noun}{'s' * (out > 1)} out of service")


def _loads(load_w: Floats, rating_w: Floats) -> Iterator[tuple[int, Severity]]:
    """Yield what carries at least NEAR_SHARE of its rating."""
    known = np.isfinite(rating_w) & (rating_w > 0.0)
    close: Ints = np.flatnonzero(known & (load_w >= NEAR_SHARE * rating_w))
    for at in close:
        margin = 1.0 - float(load_w[at] / rating_w[at])
        yield int(at), level_of(margin, 1.0 - NEAR_SHARE)
