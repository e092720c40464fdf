"""The trunks of a fabric, the jobs on it and what ails it, as tables."""

from typing import Any

import numpy as np
from dash import html
from dash.development.base_component import Component

from dashboards.fabric_now import FabricNow, trunk_names, trunk_of_link
from dashboards.findings import Severity
from dashboards.numbers import number
from dashboards.parts.grid import WRAPPED, figures, grid, words
from dashboards.parts.live import aria
from dashboards.parts.trunk_map import PER_GB, drawn_trunks, trunk_levels
from site_models.arrays import Ints
from site_models.plant import Plant

MOST_LINKS = 30
"""Links in the list of ills."""

TRUNKS = (
    words("trunk", "Trunk", 116, pinned="left"),
    words("tiers", "Between", 112),
    figures("load", "Load [GB/s]", 0, minWidth=64),
    figures("rate", "Rate [GB/s]", 0, minWidth=82),
    figures("share", "Load [%]", 0, sort="desc", minWidth=84),
    figures("sent", "Sent [GB/s]", 0, minWidth=66),
    words("ill", "Links", 64, flex=1.0, minWidth=64),
)
JOBS = (
    words("job", "Job", 150, flex=3.0, minWidth=136, **WRAPPED),
    words("sends", "Sends", 100, flex=1.0, minWidth=84, **WRAPPED),
    figures("gpus", "GPUs", 0, minWidth=62),
    figures("domains", "NVLink domains", 0, minWidth=82),
    figures("rate", "Share [GB/s]", 1, minWidth=66),
    figures("lone", "If alone [GB/s]", 1, minWidth=76),
    figures("part", "Of that [%]", 0, sort="asc", minWidth=84),
)


def trunk_table(table_id: str) -> Component:
    """Return the table of trunks, empty until its rows come."""
    return grid(table_id, TRUNKS, "trunk")


def job_table(table_id: str) -> Component:
    """Return the table of the jobs' shares, empty until its rows come."""
    return grid(table_id, JOBS, "job", "No job of several GPUs is told of.")


def trunk_rows(plant: Plant, now: FabricNow) -> list[dict[str, Any]]:
    """Return the rows of all trunks in display units; missing is null."""
    names, first_pod = trunk_names(plant), len(plant.fabric.switch_names)
    lost, slow = _ill_links(plant, now, "down"), _ill_links(plant, now, "degraded")
    share = 100.0 * now.trunk_share
    levels = trunk_levels(now.trunk_rate_bytes_per_s, now.trunk_built_bytes_per_s)
    return [
        {
            "trunk": names[k],
            "tiers": "leaf → spines" if k < first_pod else "pod → core",
            "load": _gb(now.trunk_load_bytes_per_s[k]),
            "rate": _gb(now.trunk_rate_bytes_per_s[k]),
            "share": number(round(float(share[k]), 1)),
            "sent": _gb(now.trunk_sent_bytes_per_s[k]),
            "ill": " · ".join(
                f"{count[k]} {word}" for count, word in ((lost, "down"), (slow, "slow")) if count[k]
            ),
            "level": int(levels[k]),
        }
        for k in drawn_trunks(plant).tolist()
    ]


def job_rows(now: FabricNow) -> list[dict[str, Any]]:
    """Return the rows of the jobs in display units; within NVLink there is no share."""
    rows = []
    for job in now.jobs:
        wide = job.domains > 1
        part = job.rate_bytes_per_s / job.lone_bytes_per_s if job.lone_bytes_per_s else np.nan
        said = ", ".join(job.operations) or "nothing"
        rows.append(
            {
                "job": job.job,
                "sends": f"{said} (assumed)" if job.assumed else said,
                "gpus": job.gpus,
                "domains": job.domains,
                "rate": _gb(job.rate_bytes_per_s, 2) if wide else None,
                "lone": _gb(job.lone_bytes_per_s, 2) if wide else None,
                "part": number(round(100.0 * part, 1)) if wide else None,
                "level": int(Severity.OVER if job.stands_still else Severity.NOTE),
            }
        )
    return rows


def ills(plant: Plant, now: FabricNow) -> list[Component]:
    """Return links down, links degraded and suspects, worst first, each with its reason."""
    shown: list[Component] = [*_standing(plant, now), *_suspects(now)]
    if not shown:
        shown.append(html.Div("Every link is whole.", className="quiet"))
    if now.suspects_why:
        said = f"Slow links are not looked for: {now.suspects_why}."
        shown.append(html.Div(said, className="quiet"))
    elif not now.suspects:
        shown.append(html.Div("No link is suspected by its counters.", className="quiet"))
    return shown


def _standing(plant: Plant, now: FabricNow) -> list[Component]:
    """Return a line for each trunk with links down or degraded, and for each GPU without one."""
    names, rate, built = trunk_names(plant), now.trunk_rate_bytes_per_s, now.trunk_built_bytes_per_s
    links, trunk, found = plant.axis("link"), trunk_of_link(plant), list[Component]()
    for state, word, level in (("down", "Down", "over"), ("degraded", "Slow", "near")):
        hit = np.flatnonzero(now.standing == state)
        for k in np.unique(trunk[hit][trunk[hit] >= 0]).tolist():
            mine = hit[trunk[hit] == k]
            whole = int((trunk == k).sum())
            some = f"{len(mine)} of {whole} links" if len(mine) > 1 else f"link {links[mine[0]]}"
            left = f"{rate[k] / PER_GB:,.0f} of {built[k] / PER_GB:,.0f} GB/s left"
            found.append(_line(level, word, names[k], f"{some} {state}, {left}"))
        own = hit[trunk[hit] < 0]
        said = "its GPU has no network" if state == "down" else "its GPU has less network"
        found += [_line(level, word, links[k], said) for k in own[:MOST_LINKS].tolist()]
        if len(own) > MOST_LINKS:
            more = f"{len(own) - MOST_LINKS} more links of GPUs are {state}"
            found.append(html.Div(more, className="quiet"))
    return found


def _suspects(now: FabricNow) -> list[Component]:
    found = []
    for suspect in now.suspects:
        if suspect.why == "down":
            said = "its counters say that it is down"
        else:
            sure = f", {suspect.certainty:.0f} deviations from its peers"
            slow = f", {100.0 * suspect.slow:.0f} % slow" if np.isfinite(suspect.slow) else ""
            said = f"{suspect.why}{slow}{sure}"
        found.append(_line("near", "Suspect", suspect.name, said))
    return found


def _line(level: str, word: str, where: str, what: str) -> Component:
    """Return a line as in the list of what is wrong."""
    mark = {"over": "■", "near": "▲"}[level]
    return html.Div(
        [
            html.Span(mark, className="mark", **aria(hidden="true")),
            html.Span(word, className="word"),
            html.Span(where, className="where"),
            html.Span(what, className="what"),
        ],
        className=f"finding {level}",
    )


def _ill_links(plant: Plant, now: FabricNow, state: str) -> Ints:
    """Return how many links of each trunk are in a state. Shape (trunks,)"""
    trunk = trunk_of_link(plant)
    hit = trunk[(trunk >= 0) & (now.standing == state)]
    return np.bincount(hit, minlength=len(trunk_names(plant))).astype(np.int64)


def _gb(bytes_per_s: float, digits: int = 1) -> float | None:
    return number(round(float(bytes_per_s) / PER_GB, digits))
