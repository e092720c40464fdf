"""Where to put work: feasible places ranked by temperature, power, fabric and packing."""

from collections import Counter
from collections.abc import Sequence

from controllers.jobs.allocation import Allocation, Conflict
from controllers.jobs.allocations import Allocations
from controllers.placement.advice import STALE_S, advice_on
from controllers.placement.ahead import Air, rise_of
from controllers.placement.index import place_index
from controllers.placement.models import Answer, Request, of_ours
from controllers.placement.moment import Moment, stand_for
from controllers.placement.offer import offer_of
from controllers.placement.search import Place, best_places
from controllers.placement.traffic import Traffic, traffic_of
from controllers.placement.wish import Wish, wish_of
from site_models.plant import Plant
from twin.inputs import Outdoors
from twin.state import Inputs, State

__all__ = ["STALE_S", "advise", "rank", "rank_all"]

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
    moment = Moment(index, state, inputs, held)
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


def _answer(moment: Moment, traffic: Traffic, air: Air, wish: Wish, now_s: float) -> Answer:
    stand, request, rejected = stand_for(moment, air, wish.losses), wish.request, Counter[str]()
    index, then_s = stand.index, stand.ground.state.time_s
    age_s = max(now_s - then_s, 0.0)
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
    advice = tuple(advice_on(index, stand.ground, offer, place, age_s) for place in chosen)
    return of_ours(
        Answer,
        {"time_s": then_s, "age_s": age_s, "advice": advice, "rejected": dict(rejected)},
    )
