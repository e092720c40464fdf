"""The grid: load targets, and second by second what the site made of them."""

import math
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from controllers.grid.grid_desk import KEPT_S, Asked, Second
from controllers.policy import LoadTarget
from dashboards.api.replies import need, newest, reply, stamped
from dashboards.audit import Audit
from dashboards.auth import CALLER, Role
from dashboards.feed import Feed
from dashboards.numbers import number
from site_models.errors import InputError

FOLLOWS = "demand_response"
LONGEST_S = 7.0 * 86_400.0


class TargetWish(BaseModel):
    """What the site shall draw at its utility meters, cooling included, at the most."""

    model_config = ConfigDict(extra="forbid")

    power_w: float = Field(gt=0.0, allow_inf_nan=False, description="The mean of any 15 s")
    start_s: float | None = Field(
        default=None, allow_inf_nan=False, description="Seconds since 1970 UTC; now if absent"
    )
    end_s: float = Field(allow_inf_nan=False, description="At most a week after the start")
    reason: str = Field(default="", max_length=500)


def grid_routes(feed: Feed, audit: Audit) -> APIRouter:
    """Return the routes about the grid."""
    routes, desk = APIRouter(prefix="/grid", tags=["grid"]), feed.grid

    @routes.post("/loadtarget")
    def ask(wish: TargetWish) -> Response:
        """Set a load target: role operator. Policies see it at once; none is armed by it."""
        need(Role.OPERATOR)
        time_s = newest(feed).state.time_s
        target = _target(wish, time_s)
        asked = desk.ask(target, time_s)
        audit.write(f"load target {asked.key}", None, _asked(asked, time_s), wish.reason)
        return reply(stamped(feed, {**_asked(asked, time_s), "followed_by": _followed(feed)}))

    @routes.get("/loadtarget")
    def targets() -> Response:
        """Every target of the last day and to come, and the report's newest second."""
        time_s = newest(feed).state.time_s
        items = [_asked(one, time_s) for one in desk.asked(time_s)]
        now = desk.report(1.0)
        return reply(
            stamped(
                feed,
                {
                    "total": len(items),
                    "items": items,
                    "now": _second(now[-1]) if now else None,
                    "followed_by": _followed(feed),
                },
            )
        )

    @routes.delete("/loadtarget/{key}")
    def cancel(key: str) -> Response:
        """Take a target back: role operator. 404 where there is none that is not over."""
        need(Role.OPERATOR)
        time_s = newest(feed).state.time_s
        before = next((one for one in desk.asked(time_s) if one.key == key), None)
        if not desk.cancel(key):
            raise HTTPException(404, f"no load target {key!r} that is not over")
        told = None if before is None else _asked(before, time_s)
        audit.write(f"load target {key}", told, None, "cancelled")
        return reply(stamped(feed, {"key": key, "status": "cancelled"}))

    @routes.get("/report")
    def report(seconds: Annotated[float, Query(gt=0.0, le=KEPT_S)] = 300.0) -> Response:
        """Site power, baseline and what is delivered, a line a second, the newest last."""
        rows = [_second(row) for row in desk.report(seconds)]
        return reply(stamped(feed, {"total": len(rows), "items": rows}))

    return routes


def _target(wish: TargetWish, time_s: float) -> LoadTarget:
    start_s = time_s if wish.start_s is None else wish.start_s
    if wish.end_s <= max(start_s, time_s):
        raise InputError(f"end_s: {wish.end_s:g}, expected a time after the start and after now")
    if wish.end_s - start_s > LONGEST_S:
        raise InputError(f"end_s: {wish.end_s:g}, expected at most a week after the start")
    caller = CALLER.get()
    return LoadTarget(
        wish.power_w, start_s, wish.end_s, wish.reason, caller.name if caller else "unknown"
    )


def _followed(feed: Feed) -> dict[str, str] | None:
    """Return how the policy that follows targets stands; None where the stack has none."""
    for standing in feed.world.supervisor.standings():
        if standing.name == FOLLOWS:
            return {"name": FOLLOWS, "mode": standing.mode, "reason": standing.reason}
    return None


def _asked(asked: Asked, time_s: float) -> dict[str, Any]:
    target = asked.target
    return {
        "key": asked.key,
        "power_w": target.power_w,
        "start_s": target.start_s,
        "end_s": number(target.end_s),
        "reason": target.reason,
        "source": target.source,
        "told_s": asked.told_s,
        "status": status_of(asked, time_s),
    }


def status_of(asked: Asked, time_s: float) -> str:
    """Return where a target is in its life."""
    if asked.cancelled:
        return "cancelled"
    if time_s < asked.target.start_s:
        return "to come"
    return "in force" if time_s < asked.target.end_s else "over"


def _second(row: Second) -> dict[str, Any]:
    return {
        "time_s": row.time_s,
        "site_power_w": number(row.site_w),
        "mean_15s_w": number(row.mean_w),
        "baseline_w": number(row.baseline_w),
        "delivered_w": number(row.delivered_w),
        "target_w": None if math.isnan(row.target_w) else row.target_w,
        "compliant": row.compliant,
        "phase": row.phase,
        "basis": "metered" if row.metered else "believed",
    }
