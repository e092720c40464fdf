"""The site as a load-watcher: what Trimaran's plugins for kube-scheduler read, unchanged.

Format: paypal/load-watcher, pkg/watcher/watcher.go and watcher_json.go. Its two types of metric
are those of machines; here `CPU` is the nodes' GPU power and `Memory` their heat, both in percent
of what they may have, which is what makes a GPU node full.
"""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, HTTPException, Query, Response

from controllers.placement.index import place_index
from dashboards.api.replies import newest, reply
from dashboards.feed import Feed
from dashboards.summary import Summary
from site_models.arrays import Floats

WINDOW, WINDOW_S = "15m", 900.0


def watcher_routes(feed: Feed) -> APIRouter:
    """Return the route of the load-watcher."""
    routes = APIRouter(tags=["placement"])

    @routes.get("/watcher")
    def watcher(
        host: Annotated[str | None, Query(description="One node; all without it")] = None,
    ) -> Response:
        """Mean, deviation and latest value of every node with GPUs over 15 minutes at most.

        503 while telemetry is stale: a plugin then keeps what it had, and ages it itself.
        """
        newest(feed)
        if feed.stale or feed.ended:
            raise HTTPException(503, f"telemetry is {feed.age_s():.0f} s old")
        told = feed.shared("watcher", lambda now: _told(feed, now)) or {}
        nodes = told["data"]["NodeMetricsMap"]
        if host is None:
            return reply(told)
        if host not in nodes:
            raise HTTPException(404, f"the site has no node {host!r} with GPUs")
        return reply({**told, "data": {"NodeMetricsMap": {host: nodes[host]}}})

    return routes


def _told(feed: Feed, now: Summary) -> dict[str, Any]:
    """Return the whole answer. Order and number of keys are those of the Go reader."""
    with feed.lock:
        time_s, temp_c = feed.history.gpus("gpu_temp_c", WINDOW_S)
        _, power_w = feed.history.gpus("gpu_power_w", WINDOW_S)
    power, heat = _node_loads(feed, power_w, temp_c)
    index, end_s = place_index(feed.plant), now.state.time_s
    names = [feed.plant.node_names[n] for n in index.by_node.owner.tolist()]
    metrics = {
        name: {
            "metrics": [
                *_metrics("twin_gpu_power", "CPU", power[:, at]),
                *_metrics("twin_gpu_heat", "Memory", heat[:, at]),
            ],
            "tags": {},
            "metadata": {},
        }
        for at, name in enumerate(names)
    }
    start_s = float(time_s[0]) if len(time_s) else end_s
    return {
        "timestamp": int(end_s),
        "window": {"duration": WINDOW, "start": int(start_s), "end": int(end_s)},
        "source": "ai-factory-twin",
        "data": {"NodeMetricsMap": metrics},
    }


def _node_loads(feed: Feed, power_w: Floats, temp_c: Floats) -> tuple[Floats, Floats]:
    """Return power and the hottest GPU of each node, in percent of rating and of limit.

    Shapes (ticks, nodes with GPUs).
    """
    gpus, first = feed.plant.arrays.gpus, place_index(feed.plant).by_node.begin
    if not len(first):
        return np.zeros((len(power_w), 0)), np.zeros((len(temp_c), 0))
    rated_w = np.add.reduceat(gpus.power_max_w, first)
    power = np.add.reduceat(power_w, first, axis=1) / rated_w
    heat = np.maximum.reduceat(temp_c / gpus.temp_limit_c, first, axis=1)
    return 100.0 * power, 100.0 * heat


def _metrics(name: str, kind: str, percents: Floats) -> list[dict[str, Any]]:
    """Return one load as the three numbers that the plugins look for; none while unknown."""
    good = percents[np.isfinite(percents)]
    if not len(good):
        return []
    values = (("AVG", good.mean()), ("STD", good.std()), ("Latest", good[-1]))
    return [
        {
            "name": name,
            "type": kind,
            "rollup": WINDOW,
            "value": round(float(value), 3),
            "operator": operator,
        }
        for operator, value in values
    ]
