"""The site's power state and its breaches in the words of the DSX Flex contract."""

import math
import uuid
from collections.abc import Sequence
from typing import Any

from controllers.grid.grid_breach import Breach
from controllers.grid.grid_desk import Asked, Second
from dashboards.flex.messages import instant, watts

EVENTS = {
    ("rest", "down"): "start_ramp_down",
    ("up", "down"): "start_ramp_down",
    ("held", "down"): "start_ramp_down",
    ("rest", "held"): "end_ramp_down",
    ("up", "held"): "end_ramp_down",
    ("down", "held"): "end_ramp_down",
    ("down", "up"): "start_ramp_up",
    ("held", "up"): "start_ramp_up",
    ("up", "rest"): "end_ramp_up",
    ("held", "rest"): "end_ramp_up",
    ("down", "rest"): "end_ramp_up",
}


def moved(before: Second, now: Second) -> str:
    """Return the contract's word for a change of phase; empty where there is none."""
    return EVENTS.get((before.phase, now.phase), "")


def status_data(
    row: Second,
    asked: Sequence[Asked],
    feed: str,
    rating_w: float,
    event: str,
    begun_s: float | None,
) -> dict[str, Any]:
    """Return the content of `grid.powerstate.status.v1`: one feed, all meters of the site.

    `calculated_load` is the mean of the last 15 s. Beside the contract's keys the baseline
    and what is delivered against it are told, and whether the power was metered.
    """
    begun = {} if begun_s is None else {"power_event_start_time": instant(begun_s)}
    state = {
        "metadata": {
            "power_minimum": watts(0.0),
            "power_maximum": watts(rating_w),
            "default_constraint": watts(rating_w),
        },
        "targets": [_target(one, row) for one in asked if _stands(one, row.time_s)],
        "calculated_load": watts(row.mean_w),
        "in_flight": row.phase in ("down", "up"),
        "event": event,
        "compliant": row.compliant,
        "baseline_load": watts(row.baseline_w),
        "delivered_reduction": {"value": round(row.delivered_w, 1), "unit": "watt"},
        "metered": row.metered,
        **begun,
    }
    return {"snapshot_time": instant(row.time_s), "feeds": {feed: state}}


def breach_data(
    row: Second, breach: Breach, breach_id: str, target: Asked | None, feed: str
) -> dict[str, Any]:
    """Return the content of `grid.powerbreach.alert.v1`.

    Infrastructure actions are left to those who own them: none is recommended. Shed hints are
    none either: what the tiers allow is shed already.
    """
    resolved = breach.status == "resolved"
    when = {"breach_id": breach_id, "detected_at": instant(breach.since_s)}
    return {
        "feed_tag": feed,
        "status": breach.status,
        "severity": "critical" if breach.critical else "warning",
        "breach": when | ({"resolved_at": instant(row.time_s)} if resolved else {}),
        "target": {
            "correlation_id": _correlation(target.key if target else ""),
            "load_constraint": watts(breach.target_w),
        },
        "measured_load": watts(row.mean_w),
        **({} if resolved else {"shed_hints": []}),
        "infrastructure_actions": [],
    }


def _stands(one: Asked, time_s: float) -> bool:
    return not one.cancelled and one.target.end_s > time_s


def _target(one: Asked, row: Second) -> dict[str, Any]:
    target = one.target
    end = {} if math.isinf(target.end_s) else {"end_time": instant(target.end_s)}
    return {
        "active": target.start_s <= row.time_s and target.power_w == row.target_w,
        "load_constraint": watts(target.power_w),
        "interval": {"start_time": instant(target.start_s), **end},
        "strategy": {"best_effort": True},
        "correlation_id": _correlation(one.key),
    }


def _correlation(key: str) -> str:
    """Return the correlation id of a target: its key's, else one made of the key."""
    try:
        return str(uuid.UUID(key.partition(".")[0]))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, key))
