"""A Kubernetes scheduler extender: which nodes a pod may go to, and which are better.

Formats: kube-scheduler/extender/v1/types.go. Names that the site does not have pass, and so does
every node while the twin is too old to say: scheduling goes on without it.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from controllers.placement.nodes import Verdict, verdicts
from dashboards.api.k8s_models import ExtenderArgs
from dashboards.api.replies import need, newest, reply
from dashboards.auth import Role
from dashboards.feed import Feed
from dashboards.ground import standing_now

MOST_POINTS = 10
"""MaxExtenderPriority of kube-scheduler."""
POINT = 0.02
"""Of a score; a node this much worse than the best one asked about gets a point less."""

MaxAge = Annotated[
    float | None, Query(ge=0, description="Telemetry older than this says nothing [s]")
]


def k8s_routes(feed: Feed) -> APIRouter:
    """Return the extender's routes."""
    routes = APIRouter(prefix="/k8s", tags=["placement"])

    @routes.post("/filter")
    def keep(args: ExtenderArgs, max_age_s: MaxAge = None) -> Response:
        """Nodes that can carry the pod's GPUs, and why the others cannot.

        `FailedNodes` could after other pods are gone, `FailedAndUnresolvableNodes` could not.
        """
        need(Role.SCHEDULER)
        found = judged(feed, args, max_age_s)
        passed = {one.node for one in found if not one.reason}
        whole = args.node_names is None and args.nodes is not None
        items = [item for item in args.items() if item["metadata"]["name"] in passed]
        content = {
            "Nodes": {**(args.nodes or {}), "items": items} if whole else None,
            "NodeNames": None if whole else [one.node for one in found if not one.reason],
            "FailedNodes": {v.node: _said(v) for v in found if v.reason and not v.lasting},
            "FailedAndUnresolvableNodes": {
                one.node: _said(one) for one in found if one.reason and one.lasting
            },
            "Error": "",
        }
        return _aged(feed, content)

    @routes.post("/prioritize")
    def prefer(args: ExtenderArgs, max_age_s: MaxAge = None) -> Response:
        """Points 0 to 10 for each node: the best has 10, each 0.02 of score less costs one."""
        need(Role.SCHEDULER)
        found = judged(feed, args, max_age_s)
        best = max((one.score for one in found if one.score is not None), default=0.0)
        return _aged(feed, [{"Host": one.node, "Score": _points(one, best)} for one in found])

    return routes


def judged(feed: Feed, args: ExtenderArgs, max_age_s: float | None) -> list[Verdict]:
    """Return a verdict on each node asked about; no opinion on any while the twin is stale."""
    newest(feed)
    request, names = args.pod.request(), args.names()
    oldest_s = feed.stale_s if max_age_s is None else max_age_s
    if request is None or feed.ended or feed.age_s() > oldest_s:
        return [Verdict(name, None) for name in names]
    now = standing_now(feed, request)
    return verdicts(now.stand, now.traffic, request, names, now.now_s)


def _said(verdict: Verdict) -> str:
    return f"twin: {verdict.reason}"


def _points(verdict: Verdict, best: float) -> int:
    if verdict.score is None:
        return 0
    return max(MOST_POINTS - round((best - verdict.score) / POINT), 0)


def _aged(feed: Feed, content: Any) -> Response:
    """Return the foreign format alone; the age that every answer carries is in the header."""
    answer = reply(content)
    answer.headers["Twin-Age-S"] = f"{feed.age_s():.3f}"
    answer.headers["Twin-Stale"] = str(feed.stale or feed.ended).lower()
    return answer
