"""The fabric now: links and trunks, what the jobs on them get, and what is suspected."""

from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query, Response

from dashboards.api.listing import Paging, listed
from dashboards.api.replies import newest, reply, stamped
from dashboards.feed import Feed
from site_models.arrays import Floats
from site_models.fabric import OPTICS
from site_models.plant import Plant
from telemetry.signals import on_axis
from twin.fabric import trunk_rates
from twin.fabric_counters import ill_links
from twin.fabric_links import Running, link_load
from twin.suspects import Suspect

Page = Annotated[Paging, Depends()]
Standing = Literal["ok", "degraded", "down"]
Wanted = Annotated[Standing | None, Query(alias="state", description="Only links in this state")]
BUSIEST = 100
"""Trunks in one answer."""
TIERS = ("leaf", "spine", "core")


def fabric_routes(feed: Feed) -> APIRouter:
    """Return the route about the fabric."""
    routes, built = APIRouter(tags=["state"]), feed.plant
    names = built.axis("link")

    @routes.get("/fabric")
    def fabric(page: Page, wanted: Wanted = None) -> Response:
        """Links in pages, the fullest trunks, rates of the jobs that are told, suspects.

        Rates are those of all jobs communicating at once with an all-reduce, max-min fair: an
        allocation does not say what it sends. A trunk is all uplinks of a leaf or of a pod.
        """
        summary = newest(feed)
        plant = summary.snapshot.plant
        standing = standings(built, plant)
        every = np.arange(len(names))
        found = every if wanted is None else np.flatnonzero(standing == wanted)
        links = listed(found, lambda at: link_row(built, plant, names, standing, at), page)
        used = feed.shared("fabric", lambda _: load_now(feed, plant)) or {}
        suspects, why = suspected(plant, summary.snapshot.frame.values)
        content: dict[str, Any] = {
            "transport": plant.fabric.transport or None,
            "switches": {
                name: int((plant.fabric.switches.tier == tier).sum())
                for tier, name in enumerate(TIERS)
            },
            "degraded": int((standing == "degraded").sum()),
            "down": int((standing == "down").sum()),
            **used,
            "suspects": [suspect_row(suspect) for suspect in suspects],
            "suspects_why": why,
            **links,
        }
        return reply(stamped(feed, content))

    return routes


def standings(built: Plant, plant: Plant) -> Any:
    """Return the state of each link as text, shape (links,)."""
    now, whole = plant.fabric.links.rate_bytes_per_s, built.fabric.links.rate_bytes_per_s
    text = np.where(now < whole * (1.0 - 1e-9), "degraded", "ok").astype(object)
    text[(now == 0.0) & (whole > 0.0)] = "down"
    return text


def link_row(
    built: Plant, plant: Plant, names: tuple[str, ...], standing: Any, link: int
) -> dict[str, Any]:
    """Return a link now."""
    links = plant.fabric.links
    lower, _, upper = names[link].rpartition(":")
    return {
        "id": names[link],
        "lower": lower,
        "upper": upper,
        "state": standing[link],
        "rate_bytes_per_s": float(links.rate_bytes_per_s[link]),
        "built_bytes_per_s": float(built.fabric.links.rate_bytes_per_s[link]),
        "medium": "optics" if links.medium[link] == OPTICS else "copper",
        "power_w": float(links.power_w[link]),
    }


def load_now(feed: Feed, plant: Plant) -> dict[str, Any]:
    """Return what the allocations load: rates by job and the fullest trunks."""
    now_s = newest(feed).state.time_s
    held = [job for job in feed.world.allocations.jobs(now_s) if len(job.gpus) > 1]
    known = len(plant.fabric.gpu_leaf) > 0
    load = link_load(plant, tuple(Running(job.job, job.gpus) for job in held) if known else ())
    rates = trunk_rates(plant)
    share = np.divide(load.trunk_bytes_per_s, rates, out=np.zeros_like(rates), where=rates > 0.0)
    named = (*plant.fabric.switch_names, *plant.fabric.pod_names)
    busiest = np.argsort(-share, kind="stable")[:BUSIEST]
    return {
        "jobs": [
            {"job": name, "network_bytes_per_s": rate, "stands_still": rate == 0.0}
            for name, rate in load.rates.items()
        ],
        "trunks": [
            {
                "id": named[k],
                "rate_bytes_per_s": float(rates[k]),
                "load_bytes_per_s": float(load.trunk_bytes_per_s[k]),
                "load_share": float(share[k]),
            }
            for k in busiest
            if rates[k] > 0.0
        ],
    }


def suspected(plant: Plant, values: Any) -> tuple[tuple[Suspect, ...], str]:
    """Return the links that the frame's counters show to be ill, and why there are none."""
    counters: dict[str, Floats] = {
        signal.name: values[signal.name]
        for signal in on_axis("link")
        if signal.name in values and len(values[signal.name]) == len(plant.axis("link"))
    }
    if not counters:
        return (), "the telemetry carries no counters of links"
    return ill_links(plant, counters), ""


def suspect_row(suspect: Suspect) -> dict[str, Any]:
    """Return a suspect as plain values; a certainty beyond numbers is null."""
    sure = suspect.certainty if np.isfinite(suspect.certainty) else float("nan")
    return {**suspect._asdict(), "certainty": sure, "also": list(suspect.also)}
