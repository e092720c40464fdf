"""Where to put work: feasible places ranked by temperature, power, fabric and packing."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from controllers.allocations import Allocation, Allocations, Conflict, Holdings
from controllers.placement.ahead import STILL, Air, rise_of
from controllers.placement.free import free_of
from controllers.placement.ground import Ground, ground_of, warmed
from controllers.placement.index import PlaceIndex, place_index
from controllers.placement.models import Advice, Answer, Predicted, Request, of_ours
from controllers.placement.offer import Offer, Stand, offer_of
from controllers.placement.score import reasons_for
from controllers.placement.search import Place, best_places
from controllers.placement.spare import Spare, fed_otherwise
from controllers.placement.traffic import Traffic, traffic_of
from controllers.placement.wish import Wish, wish_of
from site_models.plant import Plant
from twin.inputs import Outdoors
from twin.state import Inputs, State

STALE_S = 15.0
"""Advice on telemetry older than this says so."""
RESERVE_TRIES = 3
"""Times that a reservation lost to another scheduler is tried on a fresh ranking."""


def rank(
    plant: Plant,
    state: State,
    inputs: Inputs,
    allocations: Allocations,
    request: Request,
    now_s: float,
    outdoors: Outdoors | None = None,
) -> Answer:
    """Return the best places for a job, with what is expected of each.

    No feasible place, too old a twin (`max_age_s`) or more GPUs than exist give an empty
    list, and `rejected` says why. Equipment out of service, in maintenance while the job
    would run, or without cooling or power that is in service, is never offered, nor a GPU
    that somebody holds. Power that holders announced but do not draw yet counts as drawn.

    Temperatures are those at rest with the job at its power, in the hottest hour that
    `outdoors` tells for its duration; without it, as it is now. `collective_s` is what its
    collective, or its profile's step, takes with the network shared with what runs, and
    `slowdown_share` what the step loses against the nearest place of an empty site at full
    power. Row headroom is the narrowest cut between the row and the meter; facility power is
    the chain's marginal loss and each loop's cooling at its present share of its heat, less
    what neighbours that then wait draw less. `throttle_share` is the part of the asked power
    above the device limit: no offered place is too hot, and nodes that would be are gone
    around. Tensor groups of a profile stay within an NVLink domain where there is room.
    What the site's file says under `placement` holds: weights, maintenance, and what may be
    lost, at which places then have to hold as well.
    Changes nothing: see `advise` for reservations. Raises InputError for an unknown model,
    node or profile.
    """
    return rank_all(plant, state, inputs, allocations, [request], now_s, outdoors)[0]


def rank_all(
    plant: Plant,
    state: State,
    inputs: Inputs,
    allocations: Allocations,
    requests: Sequence[Request],
    now_s: float,
    outdoors: Outdoors | None = None,
) -> list[Answer]:
    """Return an answer for each request; they do not see one another."""
    index, held = place_index(plant), allocations.holdings(now_s)
    moment = _Moment(index, state, inputs, held)
    traffic = traffic_of(plant, allocations, held.version, now_s)
    return [
        _answer(
            moment,
            traffic,
            rise_of(outdoors, state.time_s, request.duration_s),
            wish_of(index, request, now_s),
            now_s,
        )
        for request in requests
    ]


class _Moment:
    """What a ground is made from; two are equal when they are of the same objects."""

    def __init__(self, index: PlaceIndex, state: State, inputs: Inputs, held: Holdings) -> None:
        self.parts = index, state, inputs, held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Moment) and all(
            mine is its for mine, its in zip(self.parts, other.parts, strict=True)
        )

    def __hash__(self) -> int:
        return hash(tuple(id(part) for part in self.parts))


@lru_cache(maxsize=4)
def _now(moment: _Moment) -> Stand:
    """Return what placement rests on, kept for the other requests of the same tick."""
    index, state, inputs, held = moment.parts
    ground = ground_of(index, state, inputs, held.expected_w)
    return Stand(index, ground, free_of(index, held.free_share, ground.gpu_w, held.seen))


@lru_cache(maxsize=4)
def _spares(moment: _Moment) -> tuple[Spare, ...]:
    """Return the site at each loss of a feed."""
    index, state, inputs, held = moment.parts
    return fed_otherwise(index, state, inputs, held.expected_w)


@lru_cache(maxsize=16)
def _ahead(moment: _Moment, air: Air, feed_lost: bool) -> Stand:
    """Return the same in warmer air, and with what is left at each loss of a feed."""
    stand = _now(moment)
    ground = stand.ground
    if air != STILL:
        ground = warmed(stand.index, ground, air.dry_bulb_k, air.wet_bulb_k)
    spares = _spares(moment) if feed_lost else ()
    return Stand(stand.index, ground, stand.free, spares)


def advise(
    plant: Plant,
    state: State,
    inputs: Inputs,
    allocations: Allocations,
    request: Request,
    now_s: float,
    outdoors: Outdoors | None = None,
) -> Answer:
    """Rank, and hold the best place for `reserve_s` where the request asks for it.

    The token of a reservation is in the first advice. When another takes the place
    meanwhile, the ranking is made anew.
    """
    for _ in range(RESERVE_TRIES):
        answer = rank(plant, state, inputs, allocations, request, now_s, outdoors)
        if request.reserve_s is None or not answer.advice:
            return answer
        best = answer.advice[0]
        gpus = allocations.indices(best.gpus)
        index = place_index(plant)
        power_w = request.gpu_power_w
        if power_w is None and request.profile is not None:
            powers_w = wish_of(index, request, now_s).model_power_w
            power_w = None if powers_w is None else float(powers_w[index.model[gpus[0]]])
        wanted = Allocation(
            job=request.job,
            gpus=gpus,
            start_s=now_s,
            profile=request.profile,
            share=request.share,
            gpu_power_w=float(plant.arrays.gpus.power_max_w[gpus].max())
            if power_w is None
            else power_w,
            power_assumed=power_w is None,
            collective=request.collective,
        )
        try:
            token = allocations.reserve(wanted, now_s, request.reserve_s)
        except Conflict:
            continue
        held = best.model_copy(update={"reservation": token})
        return answer.model_copy(update={"advice": (held, *answer.advice[1:])})
    return answer.model_copy(
        update={
            "advice": (),
            "rejected": {**answer.rejected, "taken by others meanwhile": 1},
        }
    )


def _answer(moment: _Moment, traffic: Traffic, air: Air, wish: Wish, now_s: float) -> Answer:
    stand, request, rejected = _now(moment), wish.request, Counter[str]()
    index, then_s = stand.index, stand.ground.state.time_s
    age_s = max(now_s - then_s, 0.0)
    if air != STILL or "feed" in wish.losses:
        stand = _ahead(moment, air, "feed" in wish.losses)
    offer = offer_of(stand, wish, rejected, wish.whole)
    total = len(index.plant.gpu_names)
    chosen: list[Place] = []
    if request.max_age_s is not None and age_s > request.max_age_s:
        rejected = Counter({f"telemetry is {age_s:.0f} s old": total})
    elif request.count > total:
        rejected[f"the site has {total} GPUs"] += request.count - total
    elif request.required_level == "gpu" and request.count > 1:
        rejected["more than one GPU within level gpu"] += request.count
    else:
        chosen = best_places(index, stand.ground, offer, traffic, rejected)
        if not chosen and wish.whole > 1:  # better a group in two domains than no place
            rejected = Counter[str]()
            offer = offer_of(stand, wish, rejected)
            chosen = best_places(index, stand.ground, offer, traffic, rejected)
    advice = tuple(_advice(index, stand.ground, offer, place, age_s) for place in chosen)
    return of_ours(
        Answer,
        {"time_s": then_s, "age_s": age_s, "advice": advice, "rejected": dict(rejected)},
    )


def _advice(index: PlaceIndex, ground: Ground, offer: Offer, place: Place, age_s: float) -> Advice:
    plant, request, gpus = index.plant, offer.request, place.candidate.gpus
    outlook, trip = place.outlook, place.trip
    lost, slowdown = outlook.lost_share, trip.slowdown_share
    reasons = reasons_for(index, ground, offer, place.candidate, outlook, trip)
    if lost:
        most_w = float(plant.arrays.gpus.power_max_w[gpus].mean())
        reasons += (f"asks {request.gpu_power_w:.0f} W a GPU, the device gives {most_w:.0f} W",)
    if age_s > STALE_S:
        reasons += (f"stale: rests on telemetry {age_s:.0f} s old",)
    predicted = {
        "gpu_temp_max_c": outlook.gpu_temp_max_c,
        "throttle_share": lost,
        "rack_headroom_w": outlook.rack_headroom_w,
        "row_headroom_w": outlook.row_headroom_w,
        "site_headroom_w": outlook.site_headroom_w,
        "tcs_return_c": outlook.tcs_return_c,
        "collective_s": trip.collective_s,
        "slowdown_share": lost if slowdown is None else slowdown,
        "neighbours_slowdown_share": trip.neighbours_slowdown_share,
        "facility_power_w": outlook.facility_power_w,
    }
    advice = {
        "nodes": tuple(index.node_name[place.candidate.nodes].tolist()),
        "gpus": tuple(index.gpu_name[gpus].tolist()),
        "reservation": None,
        "score": round(place.score, 6),
        "predicted": of_ours(Predicted, predicted),
        "reasons": reasons,
    }
    return of_ours(Advice, advice)
