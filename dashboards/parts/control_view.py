"""Control as key figures, as tables, and as a report against what the grid asks."""

import math
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from dash.development.base_component import Component

from controllers.supervision.scopes import SITE
from dashboards.control_now import ControlNow
from dashboards.findings import Severity
from dashboards.history import Series, binned
from dashboards.numbers import fixed, power_unit, span
from dashboards.parts.cards import Card
from dashboards.parts.chart_points import zone_name
from dashboards.parts.charts import Line, Panel
from dashboards.parts.grid import WRAPPED, grid, words

POLICIES = (
    words("policy", "Policy", 122, pinned="left"),
    words("mode", "Mode", 76),
    words("says", "Decides now", 300, flex=1.0, minWidth=220, **WRAPPED),
    words("where", "Where else", 92, minWidth=60),
    words("alarm", "Alarm", 76, minWidth=60),
)
ENTRIES = (
    words("time", "Time", 92),
    words("who", "Who", 72),
    words("policy", "Policy", 104),
    words("mode", "Mode", 76),
    words("what", "What", 190, flex=1.0, minWidth=130, **WRAPPED),
    words("reason", "Why", 240, flex=1.4, minWidth=150, **WRAPPED),
)
MEANING = {
    "off": "not asked",
    "shadow": "asked and journaled, nothing is written",
    "advise": "asked and shown to people",
    "armed": "written to the site",
}
STEP_S = 4.0


def policy_table(table_id: str) -> Component:
    """Return the table of policies, empty until its rows come."""
    return grid(table_id, POLICIES, "policy", "The stack is empty: start with --policy NAME.")


def entry_table(table_id: str) -> Component:
    """Return the table of the journal, empty until its rows come."""
    return grid(table_id, ENTRIES, "row", "Nothing has changed yet.")


def policy_rows(now: ControlNow) -> list[dict[str, Any]]:
    """Return a row a policy, in the stack's order."""
    return [
        {
            "policy": one.name,
            "mode": one.mode,
            "says": one.reason or MEANING[one.mode],
            "where": _elsewhere(now, one.name),
            "alarm": one.alarm,
            "level": 2 if one.alarm else 0,
        }
        for one in now.standings
    ]


def entry_rows(now: ControlNow, zone: str) -> list[dict[str, Any]]:
    """Return the journal's latest entries, the newest first."""
    first = len(now.entries)
    return [
        {
            "row": f"{first - k} {one.time_s:.3f}",
            "time": _clock(one.time_s, zone),
            "who": one.who,
            "policy": one.policy,
            "mode": one.mode,
            "what": one.what,
            "reason": one.reason,
        }
        for k, one in enumerate(reversed(now.entries))
    ]


def control_cards(now: ControlNow, gpus: int) -> list[Card]:
    """Return the strip of the Control page."""
    paused = len(now.order.paused) if now.order is not None else 0
    off = len(now.order.racks_off) if now.order is not None else 0
    return [
        _policies(now),
        Card("GPUs capped", f"{now.capped:,}", "",
             f"lowest {now.lowest_cap_w:.0f} W" if now.capped else _would(now.would_cap, "cap"),
             now.capped / gpus if gpus and now.capped else math.nan),
        Card("Clocks locked", f"{now.slowed:,}", "", f"of {gpus:,} GPUs"),
        Card("Jobs paused", str(paused), "", _would(max(now.asked_paused - paused, 0), "pause")),
        Card("Racks shut down", str(off), "", "by order of a policy",
             severity=Severity.OVER if off else Severity.NOTE, flag="off"),
        _held(now),
    ]  # fmt: skip


def report_panel(most_w: float) -> Panel:
    """Return the chart of the site's power against what is asked of it."""
    per, unit, _ = power_unit(most_w)
    names = ("mean of 15 s", "baseline", "target")
    lines = tuple(
        Line(name, per, dash) for name, dash in zip(names, ("solid", "dot", "dash"), strict=True)
    )
    return Panel("Power at the meters", unit, lines, 0.0, 1.12 * most_w / per)


def report_series(now: ControlNow) -> list[Series]:
    """Return its lines; the target has points only while one is in force."""
    time_s = np.array([row.time_s for row in now.report])
    columns = [
        np.array([row.mean_w for row in now.report]),
        np.array([row.baseline_w for row in now.report]),
        np.array([row.target_w for row in now.report]),
    ]
    return [binned(Series(time_s, column), STEP_S) for column in columns]


def _policies(now: ControlNow) -> Card:
    """Return how many policies may write, and what the others do."""
    modes = [one.mode for one in now.standings]
    armed = modes.count("armed")
    alarms = sum(bool(one.alarm) for one in now.standings)
    others = [f"{modes.count(mode)} {mode}" for mode in ("advise", "shadow", "off")]
    detail = " · ".join(word for word in others if not word.startswith("0 "))
    if alarms:
        return Card("Policies armed", str(armed), "", f"{alarms} taken out of the stack",
                    severity=Severity.OVER, flag="alarm")  # fmt: skip
    return Card("Policies armed", str(armed), "", detail or "every policy")


def _held(now: ControlNow) -> Card:
    """Return which parts people keep in their own hands, and until when."""
    if not now.holds:
        return Card("Held by people", "0", "", "policies may act everywhere")
    scope, hold = next(iter(now.holds.items()))
    more = f" and {len(now.holds) - 1} more" if len(now.holds) > 1 else ""
    left_s = hold.until_s - now.time_s
    until = f", {span(left_s)} left" if math.isfinite(left_s) else ""
    named = "the site" if scope == SITE else scope
    return Card("Held by people", str(len(now.holds)), "", f"{named}{more}, by {hold.who}{until}")


def _would(count: int, does: str) -> str:
    return f"policies would {does} {fixed(float(count), 0)}" if count else "none is asked for"


def _elsewhere(now: ControlNow, name: str) -> str:
    """Return a policy's modes at parts of the site, and when its mode there ends."""
    told = []
    for scope, (mode, until_s) in now.scopes.get(name, {}).items():
        left_s = until_s - now.time_s
        until = f" for {span(left_s)}" if math.isfinite(left_s) else ""
        if scope != SITE or until:
            told.append(f"{'site' if scope == SITE else scope} {mode}{until}")
    return " · ".join(told)


def _clock(time_s: float, zone: str) -> str:
    """Return the site's clock time of an entry."""
    known = zone_name(zone)
    zoned = UTC if known == "UTC" else ZoneInfo(known)
    return datetime.fromtimestamp(time_s, zoned).strftime("%H:%M:%S")
