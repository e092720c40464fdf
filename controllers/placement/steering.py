"""What a batch scheduler needs to steer a job by: can it ever run, and which nodes to leave out."""

from collections import Counter

import numpy as np

from controllers.placement.index import PlaceIndex
from controllers.placement.models import Request
from controllers.placement.nodes import CAUSES, in_the_way, looked_at, refusal
from controllers.placement.offer import Offer, Stand, offer_of
from controllers.placement.quick import quick_margins_k
from controllers.placement.traffic import Traffic
from controllers.placement.wish import wish_of
from site_models.arrays import Floats, Ints
from site_models.errors import InputError

TO_AVOID = ("service", "room", "heat", "power")
"""Kinds of verdict that a scheduler cannot see for itself."""
SUSPECT_K, MOST_SUSPECTS = 8.0, 128
"""Nodes estimated to come this near to a limit are looked at closely, so many at most."""


def possible(index: PlaceIndex, request: Request) -> str:
    """Return why the site could not run the job even if it stood empty; "" when it could.

    Counts GPUs in service of the right model: heat, power and other jobs come and go.
    """
    suited = _suited(index, request)
    each, wanted = request.gpus_per_node, request.count
    if int(suited.sum()) < wanted:
        model = f" of model {request.gpu_model}" if request.gpu_model else ""
        return f"the site has {int(suited.sum())} GPUs{model} in service, {wanted} wanted"
    fitting = int(np.count_nonzero(suited >= (each or 1)))
    if each is not None and fitting * each < wanted:
        return f"{fitting} nodes have {each} GPUs in service, {wanted // each} wanted"
    return ""


def to_avoid(stand: Stand, traffic: Traffic, request: Request, now_s: float) -> dict[str, str]:
    """Return the nodes to leave out, with the reason in words.

    Judged with as many GPUs of the job as the node would get: `gpus_per_node`, else all it
    has. A quick estimate picks the nodes whose heat is predicted; of these the hottest
    `MOST_SUSPECTS`, so that the answer comes in time on a site of any size. Checked
    in ``tests/controllers/placement/test_steering.py``.
    """
    index, found = stand.index, dict[str, str]()
    count = index.plant.arrays.nodes.gpu_count
    for size in sorted(set(count[index.by_node.owner].tolist())):
        here = index.by_node.owner[count[index.by_node.owner] == size]
        part = _on_one_node(request, min(request.gpus_per_node or size, request.count))
        offer = offer_of(stand, wish_of(index, part, now_s), Counter())
        causes = in_the_way(stand, offer, here)
        bad = np.isin(causes, [at for at, kind in enumerate(CAUSES) if kind in TO_AVOID])
        judged = [
            refusal(stand, offer, node, cause)
            for node, cause in zip(here[bad].tolist(), causes[bad].tolist(), strict=True)
        ]
        suspects = _suspects(stand, offer, here[causes < 0])
        judged += looked_at(stand, traffic, offer, suspects).values()
        found |= {one.node: one.reason for one in judged if one.kind in TO_AVOID}
    return found


def _suspects(stand: Stand, offer: Offer, nodes: Ints) -> Ints:
    """Return the nodes whose heat with the job is worth a close look, hottest first."""
    margin_k = quick_margins_k(stand.index, stand.ground, offer, nodes)
    near = np.flatnonzero(margin_k < SUSPECT_K)
    return nodes[near[np.argsort(margin_k[near], kind="stable")][:MOST_SUSPECTS]]


def why_not(rejected: dict[str, int]) -> str:
    """Return in one line why no place was found."""
    most = sorted(rejected.items(), key=lambda item: -item[1])[:3]
    return "; ".join(f"{count} × {reason}" for reason, count in most) or "no place was found"


def _suited(index: PlaceIndex, request: Request) -> Floats:
    good = index.in_service.copy()
    if request.gpu_model is not None:
        if request.gpu_model not in index.models:
            known = ", ".join(index.models) or "none"
            raise InputError(f"gpu_model: the site has {known}, not {request.gpu_model!r}")
        good &= index.model == index.models.index(request.gpu_model)
    return index.by_node.sum(good)


def _on_one_node(request: Request, gpus: int) -> Request:
    """Return the part of a request that one node would carry."""
    part = {
        "gpus": request.gpus if request.share < 1.0 else gpus,
        "required_level": "node",
        "exclude": (),
    }
    dropped = ("gpus_per_node", "preferred_level", "segment", "profile", "collective")
    return request.model_copy(update={**part, **dict.fromkeys(dropped)})
