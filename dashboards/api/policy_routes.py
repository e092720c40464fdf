"""Policies: how they stand, and changing mode or parameters."""

from dataclasses import asdict
from typing import Any

import numpy as np
from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field

from controllers.parameters import made, schema
from controllers.policy import Mode, Standing
from controllers.supervision.scopes import SITE
from dashboards.api.replies import need, newest, reply, stamped
from dashboards.audit import Audit
from dashboards.auth import CALLER, Role
from dashboards.feed import Feed


class PolicyChange(BaseModel):
    """What to change; what is absent stays as it is."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode | None = Field(default=None, description="`armed` needs the role admin")
    parameters: dict[str, bool | float | None] | None = Field(
        default=None, description="New values by name, in the units of the schema"
    )
    scope: str = Field(
        default=SITE, max_length=200, description="`site`, a row, a rack or a CDU: where"
    )
    expires_s: float | None = Field(
        default=None, gt=0.0, allow_inf_nan=False, description="The mode ends then; null: never"
    )
    reason: str = Field(default="", max_length=500, description="For the journal")


def policy_routes(feed: Feed, audit: Audit) -> APIRouter:
    """Return the routes about policies."""
    routes, supervisor = APIRouter(prefix="/policies", tags=["policies"]), feed.world.supervisor

    @routes.get("")
    def policies() -> Response:
        """Every policy of the stack: mode, latest reason, alarm."""
        items = [asdict(one) for one in supervisor.standings()]
        return reply(stamped(feed, {"total": len(items), "items": items}))

    @routes.get("/{name}")
    def policy(name: str) -> Response:
        """One policy with its parameters, their schema and its latest journal entries."""
        return reply(stamped(feed, _policy(feed, name)))

    @routes.put("/{name}")
    def change(name: str, change: PolicyChange) -> Response:
        """Change a policy's mode, its parameters, or both; journaled and audited."""
        _standing(feed, name)
        modes = {mode for mode, _ in supervisor.scoped(name).values()}
        armed = change.mode == "armed" or ("armed" in modes and change.parameters is not None)
        need(Role.ADMIN if armed else Role.OPERATOR)
        before, time_s = _told(feed, name), newest(feed).state.time_s
        caller = CALLER.get()
        who = caller.name if caller else "unknown"
        if change.parameters is not None:
            present = supervisor.policy(name)
            values = {**_parameters(present), **change.parameters}
            renewed = made(type(present), values, f"policy {name}")
            supervisor.set_policy(name, renewed, time_s, who, change.reason)
        if change.mode is not None:
            until_s = np.inf if change.expires_s is None else time_s + change.expires_s
            supervisor.set_mode(
                name, change.mode, time_s, who, change.reason, change.scope, until_s
            )
        audit.write(f"policy {name}", before, _told(feed, name), change.reason)
        return reply(stamped(feed, _policy(feed, name)))

    return routes


def _standing(feed: Feed, name: str) -> Standing:
    """Return how a policy stands; 404 when the stack has none of that name."""
    for one in feed.world.supervisor.standings():
        if one.name == name:
            return one
    raise HTTPException(404, f"the stack has no policy {name!r}")


def _parameters(policy: Any) -> dict[str, Any]:
    """Return a policy's parameters: every policy is a frozen dataclass."""
    return asdict(policy)


def _told(feed: Feed, name: str) -> dict[str, Any]:
    """Return what a change changes."""
    parameters = _parameters(feed.world.supervisor.policy(name))
    mode = _standing(feed, name).mode
    return {"mode": mode, "scopes": _scopes(feed, name), "parameters": parameters}


def _scopes(feed: Feed, name: str) -> list[dict[str, Any]]:
    """Return a policy's modes by scope; `until_s` is null where one does not end."""
    return [
        {"scope": scope, "mode": mode, "until_s": until_s if np.isfinite(until_s) else None}
        for scope, (mode, until_s) in feed.world.supervisor.scoped(name).items()
    ]


def _policy(feed: Feed, name: str) -> dict[str, Any]:
    standing = _standing(feed, name)
    policy = feed.world.supervisor.policy(name)
    entries = feed.world.supervisor.journal.latest(1000)
    return {
        **asdict(standing),
        "scopes": _scopes(feed, name),
        "parameters": _parameters(policy),
        "schema": schema(type(policy)),
        "journal": [asdict(entry) for entry in entries if entry.policy == name][-50:],
    }
