"""How good a place is, and why, in the operator's words."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from controllers.placement.candidate import Candidate
from controllers.placement.ground import Ground
from controllers.placement.groups import SPAN
from controllers.placement.index import PlaceIndex
from controllers.placement.models import Level
from controllers.placement.network import Trip
from controllers.placement.offer import Offer
from controllers.placement.predict import Outlook
from controllers.placement.remnants import remnants_of
from controllers.placement.trip_words import loss_lines, trip_lines
from site_models.placing import Placing


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much; they add up to one."""

    temperature: float = 0.25
    headroom: float = 0.2
    fabric: float = 0.35
    packing: float = 0.2
    margin_enough_k: float = 30.0
    """A margin beyond this is worth no more."""
    headroom_enough: float = 0.5
    """Share of the rack's rating left beyond which more is worth nothing."""


@lru_cache(maxsize=8)
def weights_of(placing: Placing) -> Weights:
    """Return the weights that a site's file states."""
    return Weights(**placing.weights.model_dump())


def score_of(
    index: PlaceIndex,
    offer: Offer,
    candidate: Candidate,
    outlook: Outlook,
    weights: Weights,
    trip: Trip,
) -> float:
    """Return the worth of a place. 0..1"""
    cool = outlook.margin_k / weights.margin_enough_k
    spare = outlook.rack_headroom_share / weights.headroom_enough
    parts = (
        weights.temperature * _share(cool),
        weights.headroom * _share(spare),
        weights.fabric * road(index, offer, candidate, trip),
        weights.packing * packing(index, offer, candidate),
    )
    return _share(sum(parts))


def road(index: PlaceIndex, offer: Offer, candidate: Candidate, trip: Trip) -> float:
    """Return how little the network costs the job and its neighbours. 0..1

    Nine tenths for the pace of its step, where the twin can tell it, one for nearness.
    """
    near = nearness(index, offer, candidate)
    if trip.slowdown_share is None:
        return near
    kept = 1.0 - trip.slowdown_share - (trip.neighbours_slowdown_share or 0.0)
    if offer.request.preferred_level is not None:
        return near * max(kept, 0.0)
    return 0.9 * max(kept, 0.0) + 0.1 * near


def nearness(index: PlaceIndex, offer: Offer, candidate: Candidate) -> float:
    """Return 1 for GPUs in one node, less for each level that they span. 0..1

    Outside a preferred level it counts half.
    """
    near = 1.0 - SPAN.index(candidate.level) / (len(SPAN) - 1)
    preferred = offer.request.preferred_level
    if preferred is None:
        return near
    return 1.0 if within(index, candidate, preferred) else 0.5 * near


def packing(index: PlaceIndex, offer: Offer, candidate: Candidate) -> float:
    """Return how good the place is for the jobs to come, as `Remnants.tidiness`. 0..1"""
    return remnants_of(index, offer.free).tidiness(candidate.gpus, offer.request.share)


def within(index: PlaceIndex, candidate: Candidate, level: Level) -> bool:
    """Return whether all GPUs stand in one group of the level."""
    groups = index.group_of_gpus(level)[candidate.gpus]
    return bool((groups == groups[0]).all())


def reasons_for(
    index: PlaceIndex,
    ground: Ground,
    offer: Offer,
    candidate: Candidate,
    outlook: Outlook,
    trip: Trip,
) -> tuple[str, ...]:
    """Return why this place, one line each."""
    plant, request = index.plant, offer.request
    lines = [_where(index, candidate)]
    limit_c = outlook.gpu_temp_max_c + outlook.margin_k
    lines.append(
        f"hottest GPU predicted {outlook.gpu_temp_max_c:.0f} °C, least margin"
        f" {outlook.margin_k:.0f} K to a limit"
        if abs(limit_c - outlook.gpu_limit_c) > 0.5
        else f"hottest GPU predicted {outlook.gpu_temp_max_c:.0f} °C,"
        f" {outlook.margin_k:.0f} K below its limit"
    )
    if ground.warmer_k >= 1.0:
        lines.append(f"in the hottest hour of its time, {ground.inputs.dry_bulb_c:.0f} °C outdoors")
    lines.append(f"row {plant.row_names[outlook.row]} keeps {_kilo(outlook.row_headroom_w)}")
    eased_w = float(trip.ease.fall_w.sum())
    less = f", {_kilo(eased_w)} less at the GPUs of slowed neighbours" if eased_w >= 50.0 else ""
    lines.append(
        f"facility power {_kilo(outlook.facility_power_w)} more:"
        f" {_kilo(outlook.it_power_w)} IT, chain losses, cooling at its loops' present share{less}"
    )
    if request.preferred_level is not None:
        met = "kept" if within(index, candidate, request.preferred_level) else "not kept"
        lines.append(f"preferred level {request.preferred_level} {met}")
    lines.extend(trip_lines(index, offer, candidate, trip))
    lines.extend(loss_lines(index, offer, candidate, outlook))
    if ground.inferred is not None and ground.inferred[candidate.gpus].any():
        lines.append("present GPU power is inferred from node meters")
    return tuple(lines)


def _where(index: PlaceIndex, candidate: Candidate) -> str:
    plant, count = index.plant, len(candidate.gpus)
    node = int(candidate.nodes[0])
    rack = int(index.walk.rack[node])
    all_of = "the GPU" if count == 1 else f"all {count} GPUs"
    if candidate.level == "node":
        return f"{all_of} in node {plant.node_names[node]}, rack {plant.rack_names[rack]}"
    if candidate.level == "nvlink_domain":
        return f"{all_of} in one NVLink domain, rack {plant.rack_names[rack]}"
    if candidate.level == "rack":
        return f"{all_of} in rack {plant.rack_names[rack]}"
    rack_of = index.walk.rack[candidate.nodes]  # those of a rack stand together
    racks = 1 + int(np.count_nonzero(rack_of[1:] != rack_of[:-1]))
    if candidate.level == "row":
        return f"{all_of} in row {plant.row_names[plant.arrays.racks.row[rack]]}, {racks} racks"
    if candidate.level == "pod":
        return f"{all_of} in pod {plant.pod_names[plant.arrays.racks.pod[rack]]}, {racks} racks"
    return f"{all_of} over {racks} racks of several pods"


def _kilo(power_w: float) -> str:
    return f"{power_w / 1000.0:.1f} kW" if abs(power_w) < 1e5 else f"{power_w / 1000.0:.0f} kW"


def _share(value: float) -> float:
    return float(min(max(value, 0.0), 1.0))
