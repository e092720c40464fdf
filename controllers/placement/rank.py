"""Where to put work: feasible places ranked by temperature, power, fabric and packing."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from controllers.allocations import Allocation, Allocations, Conflict, Holdings
from controllers.placement.candidates import Candidate
from controllers.placement.ground import Ground, ground_of
from controllers.placement.index import PlaceIndex, place_index
from controllers.placement.models import Advice, Answer, Predicted, Request
from controllers.placement.offer import Offer, offer_of
from controllers.placement.predict import Outlook
from controllers.placement.remnants import remnants_of
from controllers.placement.score import reasons_for
from controllers.placement.search import Place, best_places
from site_models.arrays import Floats
from site_models.plant import Plant
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
) -> Answer:
    """Return the best places for a job, with what is expected of each.

    No feasible place, too old a twin (`max_age_s`) or more GPUs than exist give an empty
    list, and `rejected` says why. Equipment out of service, or without cooling or power
    that is in service, is never offered, nor a GPU that somebody holds. Power that holders
    announced but do not draw yet counts as drawn.

    Temperatures are those at rest with the job at its power, however short `duration_s` is;
    no fabric is simulated yet, so `collective_s` is null and a reason says so. Row headroom
    is the narrowest cut between the row and the meter; facility power is the chain's marginal
    loss and cooling at its present share of IT power. `throttle_share` and `slowdown_share`
    are the part of the asked power above the device limit: no offered place is too hot.
    Changes nothing: see `advise` for reservations. Raises InputError for an unknown model or
    node.
    """
    return rank_all(plant, state, inputs, allocations, [request], now_s)[0]


def rank_all(
    plant: Plant,
    state: State,
    inputs: Inputs,
    allocations: Allocations,
    requests: Sequence[Request],
    now_s: float,
) -> list[Answer]:
    """Return an answer for each request; they do not see one another."""
    index, held = place_index(plant), allocations.holdings(now_s)
    ground = _ground(_Moment(index, state, inputs, held))
    return [_answer(index, ground, held.free_share, request, now_s) for request in requests]


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
def _ground(moment: _Moment) -> Ground:
    """Return the ground, kept for the other requests of the same tick."""
    index, state, inputs, held = moment.parts
    remnants = remnants_of(index, held.free_share, held.seen)
    return ground_of(index, state, inputs, held.expected_w, remnants)


def advise(
    plant: Plant,
    state: State,
    inputs: Inputs,
    allocations: Allocations,
    request: Request,
    now_s: float,
) -> Answer:
    """Rank, and hold the best place for `reserve_s` where the request asks for it.

    The token of a reservation is in the first advice. When another takes the place
    meanwhile, the ranking is made anew.
    """
    for _ in range(RESERVE_TRIES):
        answer = rank(plant, state, inputs, allocations, request, now_s)
        if request.reserve_s is None or not answer.advice:
            return answer
        best = answer.advice[0]
        gpus = allocations.indices(best.gpus)
        power_w = request.gpu_power_w
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


def _answer(
    index: PlaceIndex,
    ground: Ground,
    free_share: Floats,
    request: Request,
    now_s: float,
) -> Answer:
    rejected: Counter[str] = Counter()
    age_s = max(now_s - ground.state.time_s, 0.0)
    offer = offer_of(index, ground, free_share, request, rejected)
    total = len(index.plant.gpu_names)
    chosen: list[Place] = []
    if request.max_age_s is not None and age_s > request.max_age_s:
        rejected = Counter({f"telemetry is {age_s:.0f} s old": total})
    elif request.count > total:
        rejected[f"the site has {total} GPUs"] += request.count - total
    elif request.required_level == "gpu" and request.count > 1:
        rejected["more than one GPU within level gpu"] += request.count
    else:
        chosen = best_places(index, ground, offer, rejected)
    advice = tuple(_advice(index, ground, offer, *place, age_s) for place in chosen)
    return Answer(time_s=ground.state.time_s, age_s=age_s, advice=advice, rejected=dict(rejected))


def _advice(
    index: PlaceIndex,
    ground: Ground,
    offer: Offer,
    score: float,
    place: Candidate,
    outlook: Outlook,
    age_s: float,
) -> Advice:
    plant, request = index.plant, offer.request
    nodes = np.unique(plant.arrays.gpus.node[place.gpus])
    lost = 0.0
    if request.gpu_power_w is not None:
        most_w = float(plant.arrays.gpus.power_max_w[place.gpus].mean())
        lost = max(1.0 - most_w / request.gpu_power_w, 0.0)
    reasons = reasons_for(index, ground, offer, place, outlook)
    if lost:
        reasons += (f"asks {request.gpu_power_w:.0f} W a GPU, the device gives {most_w:.0f} W",)
    if age_s > STALE_S:
        reasons += (f"stale: rests on telemetry {age_s:.0f} s old",)
    return Advice(
        nodes=tuple(plant.node_names[n] for n in nodes.tolist()),
        gpus=tuple(plant.gpu_names[g] for g in place.gpus.tolist()),
        score=round(score, 6),
        predicted=Predicted(
            gpu_temp_max_c=outlook.gpu_temp_max_c,
            throttle_share=lost,
            rack_headroom_w=outlook.rack_headroom_w,
            row_headroom_w=outlook.row_headroom_w,
            site_headroom_w=outlook.site_headroom_w,
            tcs_return_c=outlook.tcs_return_c,
            collective_s=None,
            slowdown_share=lost,
            facility_power_w=outlook.facility_power_w,
        ),
        reasons=reasons,
    )
