"""Every node carries one feature of the twin's: cool, hot or drain; and, if wished, a weight."""

import logging
from collections.abc import Mapping
from typing import Any

from integrations.slurm.commands import Slurm
from integrations.slurm.told import Node
from integrations.slurm.twin import Site

STATES = ("cool", "hot", "drain")
COOL_AGAIN_K = 6.0
"""A hot node is cool again only this far below the limit, so that it does not flicker."""
WEIGHT_STEPS, FREE_MARGIN_K = 10, 30.0
"""A node with this margin has the least weight, one at its limit ten times as much."""
OURS = "twin:"

log = logging.getLogger(__name__)


def publish(slurm: Slurm, site: Site, *, weights: bool, drain: bool) -> None:
    """Bring the nodes that twin and Slurm both know in line with how they stand.

    Only differences are written. `drain` also takes nodes in state `drain` out of service, and
    gives back those that were taken by us.
    """
    if site.stale:
        return
    for name, node in slurm.nodes().items():
        row = site.nodes.get(name)
        if row is None:
            continue
        state = steady(node, row)
        changes = _features(node, state)
        if weights and node.weight != (weight := weight_of(row)):
            changes["Weight"] = str(weight)
        if drain:
            changes |= _service(node, state, row["why"])
        if changes:
            slurm.update_node(name, **changes)
            log.info("%s: %s", name, ", ".join(f"{k}={v}" for k, v in changes.items()))


def steady(node: Node, row: Mapping[str, Any]) -> str:
    """Return the state to publish: what the twin says, with the way back made longer."""
    state = str(row["state"])
    margin_k = row["margin_k"]
    was_hot = "hot" in node.active or "drain" in node.active
    if state == "cool" and was_hot and margin_k is not None and margin_k < COOL_AGAIN_K:
        return "hot"
    return state


def weight_of(row: Mapping[str, Any]) -> int:
    """Return the weight of a node: Slurm fills light ones first.

    >>> weight_of({"margin_k": 45.0}), weight_of({"margin_k": 0.0})
    (1, 10)
    """
    margin_k = FREE_MARGIN_K if row["margin_k"] is None else float(row["margin_k"])
    share = min(max(1.0 - margin_k / FREE_MARGIN_K, 0.0), 1.0)
    return 1 + round(share * (WEIGHT_STEPS - 1))


def _features(node: Node, state: str) -> dict[str, str]:
    """Return the update that makes `state` the one feature of ours."""
    available = [one for one in node.available if one not in STATES] + [state]
    active = [one for one in node.active if one not in STATES] + [state]
    if set(available) == set(node.available) and set(active) == set(node.active):
        return {}
    return {"AvailableFeatures": ",".join(available), "ActiveFeatures": ",".join(active)}


def _service(node: Node, state: str, why: str) -> dict[str, str]:
    drained = node.state.startswith(("drain", "drng", "drained"))
    if state == "drain" and not drained:
        return {"State": "DRAIN", "Reason": f"{OURS} {why}"}
    if state == "cool" and drained and node.reason.startswith(OURS):
        return {"State": "RESUME"}
    return {}
