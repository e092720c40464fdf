"""The fabric now: links and trunks, what the jobs on them get, and what is suspected."""

from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query, Response

from dashboards.api.listing import Paging, listed
from dashboards.api.replies import newest, reply, stamped
from dashboards.fabric_now import TIERS, FabricNow, OnFabric, trunk_names
from dashboards.feed import Feed
from dashboards.numbers import number
from site_models.fabric import OPTICS
from site_models.plant import Plant
from twin.fabric.suspects import Suspect

Page = Annotated[Paging, Depends()]
Standing = Literal["ok", "degraded", "down"]
Wanted = Annotated[Standing | None, Query(alias="state", description="Only links in this state")]
BUSIEST = 100
"""Trunks in one answer."""


def fabric_routes(feed: Feed) -> APIRouter:
    """Return the route about the fabric."""
    routes, built = APIRouter(tags=["state"]), feed.plant
    names = built.axis("link")

    @routes.get("/fabric")
    def fabric(page: Page, wanted: Wanted = None) -> Response:
        """Links in pages, the fullest trunks, rates of the jobs that are told, suspects.

        Rates are those of all jobs communicating at once, max-min fair, each with the operations
        of its profile; a job without one that is known is taken to all-reduce over all its
        GPUs, and `assumed` says so. A trunk is all uplinks of a leaf or of a pod.
        """
        summary = newest(feed)
        plant = summary.snapshot.plant
        now = feed.fabric_now(summary)
        every = np.arange(len(names))
        found = every if wanted is None else np.flatnonzero(now.standing == wanted)
        links = listed(found, lambda at: link_row(built, plant, names, now.standing, at), page)
        content: dict[str, Any] = {
            "transport": plant.fabric.transport or None,
            "switches": {
                name: int((plant.fabric.switches.tier == tier).sum())
                for tier, name in enumerate(TIERS)
            },
            "degraded": int((now.standing == "degraded").sum()),
            "down": int((now.standing == "down").sum()),
            "jobs": [job_row(job) for job in now.jobs],
            "trunks": trunk_rows(plant, now),
            "suspects": [suspect_row(suspect) for suspect in now.suspects],
            "suspects_why": now.suspects_why,
            **links,
        }
        return reply(stamped(feed, content))

    return routes


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


def job_row(job: OnFabric) -> dict[str, Any]:
    """Return a job's share of the network."""
    return {
        "job": job.job,
        "profile": job.profile or None,
        "operations": list(job.operations),
        "assumed": job.assumed,
        "gpus": job.gpus,
        "nvlink_domains": job.domains,
        "network_bytes_per_s": job.rate_bytes_per_s,
        "alone_bytes_per_s": job.lone_bytes_per_s,
        "stands_still": job.stands_still,
    }


def trunk_rows(plant: Plant, now: FabricNow) -> list[dict[str, Any]]:
    """Return the fullest trunks, fullest first."""
    named, share = trunk_names(plant), now.trunk_share
    busiest = np.argsort(-np.nan_to_num(share, nan=-1.0), kind="stable")[:BUSIEST]
    return [
        {
            "id": named[k],
            "rate_bytes_per_s": float(now.trunk_rate_bytes_per_s[k]),
            "built_bytes_per_s": float(now.trunk_built_bytes_per_s[k]),
            "load_bytes_per_s": float(now.trunk_load_bytes_per_s[k]),
            "sent_bytes_per_s": number(float(now.trunk_sent_bytes_per_s[k])),
            "load_share": float(share[k]),
        }
        for k in busiest
        if now.trunk_built_bytes_per_s[k] > 0.0
    ]


def suspect_row(suspect: Suspect) -> dict[str, Any]:
    """Return a suspect as plain values; a certainty beyond numbers is null."""
    sure = suspect.certainty if np.isfinite(suspect.certainty) else float("nan")
    return {**suspect._asdict(), "certainty": sure, "also": list(suspect.also)}
