"""What batch schedulers steer by: a job's possible nodes, and how every node stands."""

from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query, Response

from controllers.placement.models import Request
from controllers.placement.near_limit import NEAR_LIMIT_K
from controllers.placement.nodes import beside_limit, margins_k
from controllers.placement.steering import possible, to_avoid, why_not
from dashboards.advice import advise
from dashboards.api.listing import Paging, listed
from dashboards.api.replies import need, newest, reply, stamped
from dashboards.api.rows import name_at
from dashboards.auth import Role
from dashboards.feed import Feed
from dashboards.ground import standing_now
from dashboards.summary import Summary
from site_models.plant import Plant

Page = Annotated[Paging, Depends()]
Standing = Literal["cool", "hot", "drain"]
STALE_S = 15.0
"""As placement says it of its own advice."""


def steering_routes(feed: Feed) -> APIRouter:
    """Return the routes for controllers of batch schedulers."""
    routes = APIRouter(tags=["placement"])

    @routes.post("/steering")
    def steering(request: Request) -> Response:
        """Placement's answer with what a batch scheduler steers by; holds nothing.

        `possible`: whether the site could run the job if it stood empty. `avoid`: nodes to
        leave out and why, where another scheduler cannot know: too hot, no power or cooling
        left, out of service. A stale answer has neither advice nor nodes to avoid. `why` is
        one line for the user where there is no advice.
        """
        need(Role.SCHEDULER)
        newest(feed)
        now = standing_now(feed, request)
        impossible = possible(now.index, request)
        answer = advise(feed, request.model_copy(update={"reserve_s": None})).model_dump()
        oldest_s = STALE_S if request.max_age_s is None else request.max_age_s
        stale = feed.ended or answer["age_s"] > oldest_s
        advice = () if stale or impossible else answer["advice"]
        avoid = {} if stale else to_avoid(now.stand, now.traffic, request, now.now_s)
        why = f"telemetry is {answer['age_s']:.0f} s old" if stale else ""
        content = {
            **answer,
            "stale": stale,
            "possible": not impossible,
            "why": "" if advice else impossible or why or why_not(answer["rejected"]),
            "advice": advice,
            "avoid": avoid,
        }
        return reply(content)

    @routes.get("/nodes")
    def nodes(
        page: Page,
        wanted: Annotated[
            Standing | None, Query(alias="state", description="Only nodes in this state")
        ] = None,
    ) -> Response:
        """Nodes with GPUs: where they stand, what they hold, and `cool`, `hot` or `drain`.

        `hot` is near the limit of a GPU, `drain` at its hardware slowdown or out of service.
        """
        summary = newest(feed)
        rows = feed.shared("nodes", lambda now: _standings(feed, now)) or ()
        found = np.array([i for i, row in enumerate(rows) if wanted in (None, row["state"])])
        content = listed(found.astype(np.int64), lambda at: _row(feed, summary, rows[at]), page)
        return reply(stamped(feed, content))

    return routes


def _standings(feed: Feed, now: Summary) -> tuple[dict[str, Any], ...]:
    """Return state and margin of every node with GPUs, of one tick."""
    index, gpus = standing_now(feed).index, feed.plant.arrays.gpus
    margin_k = margins_k(index, gpus.temp_limit_c, now.state.gpu_temp_c)
    slow_k = margins_k(index, gpus.slowdown_c, now.state.gpu_temp_c)
    alive = index.by_node.sum(index.in_service) > 0.0
    return tuple(
        {"node": n, **_standing(float(margin_k[n]), float(slow_k[n]), bool(alive[n]))}
        for n in index.by_node.owner.tolist()
    )


def _standing(margin_k: float, slow_k: float, alive: bool) -> dict[str, Any]:
    state, why = "cool", ""
    if not alive:
        state, why = "drain", "out of service"
    elif slow_k <= 0.0:
        state, why = "drain", beside_limit(slow_k, "hardware slowdown")
    elif margin_k <= NEAR_LIMIT_K:
        state, why = "hot", beside_limit(margin_k)
    return {"state": state, "why": why, "margin_k": margin_k}


def _row(feed: Feed, summary: Summary, standing: dict[str, Any]) -> dict[str, Any]:
    """Return a node as a scheduler knows it: names from near to far, then how it stands."""
    plant, node = feed.plant, standing["node"]
    arrays = plant.arrays
    rack = int(arrays.nodes.rack[node])
    of_node = feed.index.gpus_of_node(node)
    return {
        "id": plant.node_names[node],
        "model": plant.node_model[node],
        "gpu_model": plant.gpu_model[of_node.start],
        "gpus": list(plant.gpu_names[of_node.start : of_node.stop]),
        "nvlink_domain": name_at(
            plant.nvlink_domain_names, int(plant.gpu_nvlink_domain[of_node.start])
        ),
        "leaf": _leaf(plant, of_node.start),
        "rack": plant.rack_names[rack],
        "row": name_at(plant.row_names, int(arrays.racks.row[rack])),
        "pod": name_at(plant.pod_names, int(arrays.racks.pod[rack])),
        "state": standing["state"],
        "why": standing["why"],
        "margin_k": standing["margin_k"],
        "gpu_temp_max_c": float(summary.state.gpu_temp_c[of_node.start : of_node.stop].max()),
        "node_power_w": float(summary.state.node_power_w[node]),
        "node_inlet_c": float(summary.state.node_inlet_c[node]),
    }


def _leaf(plant: Plant, gpu: int) -> str | None:
    """Return the leaf switch of a node's first GPU, on a rail-optimised fabric that of rail 0."""
    leaves = plant.fabric.gpu_leaf
    return name_at(plant.fabric.switch_names, int(leaves[gpu])) if len(leaves) else None
