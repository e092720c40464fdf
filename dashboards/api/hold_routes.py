"""What people keep in their own hands: parts of the site, power of racks, the facility."""

from dataclasses import asdict
from typing import Any

import numpy as np
from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field

from controllers.policy import Mode
from dashboards.api.replies import need, newest, reply, stamped
from dashboards.audit import Audit
from dashboards.auth import CALLER, Role
from dashboards.feed import Feed


class HoldRequest(BaseModel):
    """Why a part of the site is held, and how long."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="", max_length=500, description="For the journal")
    expires_s: float | None = Field(
        default=None, gt=0.0, allow_inf_nan=False, description="Seconds from now; null: for good"
    )


class SetpointChange(BaseModel):
    """The mode of requests to the facility."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode = Field(description="`armed` needs the role admin")
    reason: str = Field(default="", max_length=500, description="For the journal")


def hold_routes(feed: Feed, audit: Audit) -> APIRouter:
    """Return the routes about holds, racks shut down and facility requests."""
    routes, supervisor = APIRouter(tags=["policies"]), feed.world.supervisor

    @routes.get("/holds")
    def holds() -> Response:
        """Parts of the site that nobody's policy changes, and the scopes there are."""
        return reply(stamped(feed, {"items": _holds(feed), "scopes": list(supervisor.scopes)}))

    @routes.put("/holds/{scope}")
    def hold(scope: str, asked: HoldRequest) -> Response:
        """Leave a part of the site as it is, whatever policies ask; journaled and audited."""
        need(Role.OPERATOR)
        before, time_s = _holds(feed), newest(feed).state.time_s
        until_s = np.inf if asked.expires_s is None else time_s + asked.expires_s
        supervisor.hold(scope, time_s, _who(), asked.reason, until_s)
        audit.write(f"hold {scope}", before, _holds(feed), asked.reason)
        return reply(stamped(feed, {"items": _holds(feed)}))

    @routes.delete("/holds/{scope}")
    def release(scope: str) -> Response:
        """Let policies at a part of the site again; 404 when nobody holds it."""
        need(Role.OPERATOR)
        before = _holds(feed)
        if not supervisor.release(scope, newest(feed).state.time_s, _who()):
            raise HTTPException(404, f"nobody holds {scope!r}")
        audit.write(f"release {scope}", before, _holds(feed))
        return reply(stamped(feed, {"items": _holds(feed)}))

    @routes.get("/racks-off")
    def racks_off() -> Response:
        """Racks that a policy has shut down: no dead-man turns them on again, only a person."""
        return reply(stamped(feed, {"items": sorted(supervisor.racks_off)}))

    @routes.delete("/racks-off/{rack}")
    def turn_on(rack: str, reason: str = "") -> Response:
        """Give a rack power again from the next tick on; 404 when it is not shut down.

        Journaled and audited. A policy that still asks for it shuts it down anew.
        """
        need(Role.ADMIN)
        before = sorted(supervisor.racks_off)
        if not supervisor.turn_on(rack, newest(feed).state.time_s, _who(), reason):
            raise HTTPException(404, f"{rack!r} is not shut down")
        after = sorted(supervisor.racks_off)
        audit.write(f"turn on {rack}", before, after, reason)
        return reply(stamped(feed, {"items": after}))

    @routes.get("/setpoints")
    def setpoints() -> Response:
        """What is asked of the facility, and in which mode; 404 where none can be asked."""
        return reply(stamped(feed, _desk(feed)))

    @routes.put("/setpoints")
    def arm(change: SetpointChange) -> Response:
        """Change the mode of requests to the facility; journaled and audited."""
        need(Role.ADMIN if change.mode == "armed" else Role.OPERATOR)
        before, desk = _desk(feed), supervisor.setpoints
        if desk is not None:
            desk.set_mode(change.mode, newest(feed).state.time_s, _who(), change.reason)
        audit.write("setpoints", before, _desk(feed), change.reason)
        return reply(stamped(feed, _desk(feed)))

    return routes


def _holds(feed: Feed) -> list[dict[str, Any]]:
    held = feed.world.supervisor.holds().items()
    return [{"scope": scope, **_ended(asdict(hold))} for scope, hold in held]


def _ended(hold: dict[str, Any]) -> dict[str, Any]:
    """Return a hold whose end is null where it has none."""
    return {**hold, "until_s": hold["until_s"] if np.isfinite(hold["until_s"]) else None}


def _desk(feed: Feed) -> dict[str, Any]:
    desk = feed.world.supervisor.setpoints
    if desk is None:
        raise HTTPException(404, "no facility was opened to be asked (--setpoints)")
    names = feed.world.plant.axis("cdu")
    admitted = dict(zip(names, desk.admitted_c.tolist(), strict=True))
    return {"mode": desk.mode, "admitted_c": admitted}


def _who() -> str:
    caller = CALLER.get()
    return caller.name if caller else "unknown"
