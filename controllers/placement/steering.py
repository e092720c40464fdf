"""What a batch scheduler needs to steer a job by: can it ever run, and which nodes to leave out."""

import numpy as np

from controllers.placement.index import PlaceIndex
from controllers.placement.models import Request
from controllers.placement.nodes import verdicts
from controllers.placement.offer import Stand
from controllers.placement.traffic import Traffic
from site_models.arrays import Floats
from site_models.errors import InputError

TO_AVOID = ("service", "room", "heat", "power")
"""Kinds of verdict that a scheduler cannot see for itself."""


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
    has. Checked in ``tests/controllers/test_steering.py``.
    """
    found: dict[str, str] = {}
    index = stand.index
    plant, count = index.plant, index.plant.arrays.nodes.gpu_count
    for size in sorted(set(count[index.run_node].tolist())):
        here = index.run_node[count[index.run_node] == size]
        gpus = min(request.gpus_per_node or size, request.count)
        names = [plant.node_names[n] for n in here.tolist()]
        part = _on_one_node(request, gpus)
        for one in verdicts(stand, traffic, part, names, now_s):
            if one.kind in TO_AVOID:
                found[one.node] = one.reason
    return found


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
    return index.sum_by_node(good)


def _on_one_node(request: Request, gpus: int) -> Request:
    """Return the part of a request that one node would carry."""
    part = {
        "gpus": request.gpus if request.share < 1.0 else gpus,
        "required_level": "node",
        "exclude": (),
    }
    dropped = ("gpus_per_node", "preferred_level", "segment", "profile", "collective")
    return request.model_copy(update={**part, **dict.fromkeys(dropped)})
