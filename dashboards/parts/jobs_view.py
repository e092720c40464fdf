"""Jobs as key figures, as a table and as bars."""

import math
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboards.findings import rack_href
from dashboards.jobs_now import JobNow, JobsNow
from dashboards.numbers import NONE, counted, fixed, number, power, power_unit, share, span
from dashboards.parts.cards import Card, bar
from dashboards.parts.grid import figures, grid, words
from dashboards.parts.work_card import TOKENS

J_PER_KWH = 3.6e6
MOST_BARS = 12
FACTORY = (
    "Overall effectiveness as factories count it: the time that jobs ran, times their pace against"
    " full clocks and a free network, times the part of their work that was not lost"
)

JOBS = (
    words("job", "Job", 238, flex=2.0, minWidth=150),
    words("state", "State", 116),
    words("profile", "Profile", 180, flex=1.8, minWidth=132),
    figures("gpus", "GPUs", 0, minWidth=62),
    figures("power", "GPU power now [kW]", 1, minWidth=84),
    figures("energy", "Energy at the meter [kWh]", 2, minWidth=92),
    words("made", "Made", 146),
    figures("per_j", "Made per joule", 3, minWidth=76),
    figures("factory", "Factory figure [%]", 1, minWidth=80),
    words("parts", "Available × pace × good [%]", 152),
    figures("cost", "Energy cost [USD]", 2, minWidth=80),
    figures("per_million", "Cost per million [USD]", 3, minWidth=84),
    figures("network", "Network share [%]", 0, minWidth=82),
)

ALWAYS = 6
"""Columns that are there whether anything is known or not."""


def job_table(table_id: str) -> Component:
    """Return the table of jobs, empty until its rows come."""
    nothing = "No job yet: a scheduler tells of them with POST /api/v1/allocations."
    return grid(table_id, job_columns([]), "id", nothing)


def job_columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the columns that some job has something in; the first ones always."""
    return [
        column
        for at, column in enumerate(JOBS)
        if at < ALWAYS or any(row[column["field"]] not in (None, NONE) for row in rows)
    ]


def job_rows(now: JobsNow) -> list[dict[str, Any]]:
    """Return the rows in display units; missing is null."""
    return [_row(job) for job in now.jobs]


def job_cards(now: JobsNow, gpus: int) -> list[Card]:
    """Return the strip of the Jobs page."""
    running, records = now.running, [job.record for job in now.jobs]
    drawn_w = sum(job.gpu_power_w for job in running)
    per, unit, digits = power_unit(drawn_w + now.idle_power_w)
    held_share = now.held / gpus if gpus else math.nan
    site_j = math.fsum(record.site_j for record in records)
    it_j = math.fsum(record.it_j for record in records)
    energy = f"{_kwh(it_j)} kWh into the racks"
    cost = math.fsum(record.cost_usd for record in records)
    return [
        Card("Jobs running", str(len(running)), "", f"{len(now.jobs) - len(running)} ended"),
        Card("GPUs held", f"{now.held:,.0f}", "", f"of {gpus:,} · {share(held_share)}", held_share),
        Card("GPU power of jobs", fixed(drawn_w / per, digits), unit,
             f"without a job {power(now.idle_power_w, drawn_w + now.idle_power_w)}"),
        Card("Energy of jobs", _kwh(site_j), "kWh", energy),
        _tokens(now),
        _factory(now),
        Card("Energy cost", fixed(cost, 2), "USD",
             "since their start" if math.isfinite(cost) else "no price is given",
             about="Of the jobs' energy at the price of each hour; --price gives one at the start"),
    ]  # fmt: skip


def power_bars(now: JobsNow) -> list[Component]:
    """Return a bar for each running job and one for what no job holds."""
    rows = [(job.record.job, job.gpu_power_w, job) for job in now.running]
    rows.sort(key=lambda row: -row[1])
    whole_w = sum(row[1] for row in rows) + now.idle_power_w
    shown = [_power_line(name, watts, whole_w, job.racks) for name, watts, job in rows[:MOST_BARS]]
    rest_w = sum(row[1] for row in rows[MOST_BARS:])
    if rest_w:
        shown.append(_power_line(f"{len(rows) - MOST_BARS} more jobs", rest_w, whole_w))
    return [*shown, _power_line("without a job", now.idle_power_w, whole_w)]


def energy_bars(now: JobsNow) -> list[Component]:
    """Return a bar for each of the jobs that used most, ended ones too."""
    rows = sorted(now.jobs, key=lambda job: -job.record.site_j)[:MOST_BARS]
    whole_j = math.fsum(job.record.site_j for job in now.jobs)
    return [
        _line(job.record.job, (), job.record.site_j / whole_j if whole_j > 0.0 else math.nan,
              f"{_kwh(job.record.site_j)} kWh")
        for job in rows
    ]  # fmt: skip


def _tokens(now: JobsNow) -> Card:
    """Return what all jobs that make tokens made of their energy."""
    records = [job.record for job in now.jobs if job.record.unit == "token"]
    kept = math.fsum(record.kept_units for record in records if record.units > 0.0)
    used_j = math.fsum(record.site_j for record in records if record.units > 0.0)
    per_j = kept / used_j if used_j > 0.0 else math.nan
    if not math.isfinite(per_j):
        return Card("Tokens per joule", NONE, "", "no job tells its tokens", about=TOKENS)
    detail = f"{counted(kept)} tokens made"
    return Card("Tokens per joule", fixed(per_j, 3), "1/J", detail, about=TOKENS)


def _factory(now: JobsNow) -> Card:
    """Return the factory figure of all jobs that tell one, weighted by GPU time."""
    known = [job.record for job in now.jobs if math.isfinite(job.record.effectiveness)]
    weight = math.fsum(record.gpu_s for record in known)
    if not weight > 0.0:
        return Card("Factory figure", NONE, "%", "no job tells its pace", about=FACTORY)
    figure = math.fsum(record.gpu_s * record.effectiveness for record in known) / weight
    said = f"of {len(known)} jobs, by GPU time"
    return Card("Factory figure", fixed(100.0 * figure, 1), "%", said, figure, about=FACTORY)


def _row(job: JobNow) -> dict[str, Any]:
    record = job.record
    made = NONE
    if math.isfinite(record.units) and record.unit != "none":
        made = f"{counted(record.kept_units)} {record.unit}s"
    elif math.isfinite(record.steps):
        made = f"{counted(record.steps)} steps"
    held, parts = span(record.held_s), (record.availability, record.performance, record.goodput)
    return {
        "id": f"{record.job} {record.start_s}",
        "job": record.job,
        "state": f"runs, {held}" if job.running else f"ended, {held}",
        "profile": record.profile or NONE,
        "gpus": record.gpus,
        "power": _in(job.gpu_power_w, 1e3),
        "energy": _in(record.site_j, J_PER_KWH),
        "made": made,
        "per_j": _in(record.units_per_j, 1.0),
        "factory": _in(record.effectiveness, 0.01),
        "parts": " × ".join(fixed(100.0 * part, 0) for part in parts)
        if math.isfinite(record.effectiveness)
        else NONE,
        "cost": _in(record.cost_usd, 1.0),
        "per_million": _in(record.cost_usd_per_million, 1.0),
        "network": _in(job.network_share, 0.01),
        "level": 0,
    }


def _power_line(name: str, watts: float, whole_w: float, racks: tuple[str, ...] = ()) -> Component:
    part = watts / whole_w if whole_w > 0.0 else math.nan
    said = "< 1 %" if 0.0 < part < 0.005 else share(part)
    return _line(name, racks, part, f"{power(watts, whole_w)} · {said}")


def _line(name: str, racks: tuple[str, ...], part: float, said: str) -> Component:
    where: Component = html.Span(name, className="where", title=name)
    if racks:
        listed = ", ".join(racks)
        where = dcc.Link(name, href=rack_href(racks[0]), className="where", title=listed)
    return html.Div([where, bar(part), html.Span(said, className="what")], className="standing")


def _kwh(value_j: float) -> str:
    """Return an energy in kWh, with decimals as long as it is small."""
    value = value_j / J_PER_KWH
    return fixed(value, 2 if value < 10.0 else 1)


def _in(value: float, per: float) -> float | None:
    return number(value / per)
