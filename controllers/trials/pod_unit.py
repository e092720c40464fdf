"""One unit of the shipped pod with its share of plant, 256 H100, and the jobs that fill it."""

from typing import Any

from controllers.scenario import Job
from site_models.compile import compile_site
from site_models.plant import Plant
from site_models.site import Site, site_path
from site_models.yaml_file import read_yaml

POD = "superpod-h100"
PART = 4
"""The pod has four units; feeds, pumps, chillers and air handlers are shared equally."""
MIX: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("pretraining", (32, 32, 16, 16)),
    ("pretraining_moe", (16, 16)),
    ("finetuning", (16, 16, 8, 8, 8, 4, 4)),
    ("prefill", (8, 8, 8, 4, 4)),
    ("decode", (8, 8, 8, 4, 4)),
)
"""Profile -> GPUs of its jobs: half pre-training, a quarter fine-tuning, a quarter inference."""


def unit(pdu_w: float | None = None) -> tuple[Site, Plant]:
    """Return the first unit of `superpod-h100` as a site of its own, and its plant.

    Its network rack stays whole. The design day of the pod stands still: 34 C dry, 20 C wet
    bulb, at which its chillers run. One of four chillers, economisers and air handlers a side
    stays; ratings of the feeds and the hall's steel are divided by four. With `pdu_w` its
    distribution units are rated so.
    """
    raw: dict[str, Any] = read_yaml(site_path(POD))
    raw |= {"name": "superpod-unit", "label": "One unit of DGX SuperPOD H100, 256 GPUs"}
    for feed in raw["feeds"]:
        feed["rating_w"] = float(feed["rating_w"]) / PART
        if "generator" in feed:
            feed["generator"]["rating_w"] = float(feed["generator"]["rating_w"]) / PART
    for water in raw["facility_water"]:
        water["pump_count"] = 1
        for group in ("towers", "economisers", "chillers"):
            for entry in water.get(group, ()):
                entry["count"] = 1
    raw["fabric"]["pods"][0]["pods"] = ["su1"]
    raw["halls"] = [_hall(raw["halls"][0])]
    for feed in raw["halls"][0]["feeds"]:
        if pdu_w is not None and feed["name"].startswith("pdu"):
            feed |= {"rating_w": pdu_w, "oversubscribed": True}
    site = Site.model_validate(raw)
    return site, compile_site(site)


def jobs_side_by_side(plant: Plant) -> list[Job]:
    """Return the jobs of the mix one after the other along the unit's GPUs, for good."""
    jobs, at = list[Job](), 0
    for profile, sizes in MIX:
        for n, size in enumerate(sizes):
            gpus = plant.gpu_names[at : at + size]
            jobs.append(Job(name=f"{profile}-{n}", gpus=gpus, profile=profile))
            at += size
    return jobs


def _hall(hall: dict[str, Any]) -> dict[str, Any]:
    feeds = [_one(feed, "u") for feed in hall["feeds"]]
    row = _one(hall["rows"][0], "u")
    for rack in row["racks"]:
        rack["name"] = rack["name"].replace("{u}", "1")
        rack["feeds"] = [feed.replace("{u}", "1") for feed in rack["feeds"]]
    air = {**hall["air"], "structure_j_per_k": float(hall["air"]["structure_j_per_k"]) / PART}
    crahs = [_one(crah, "c") for crah in hall["crahs"]]
    return {**hall, "air": air, "feeds": feeds, "rows": [row], "crahs": crahs}


def _one(entry: dict[str, Any], index: str) -> dict[str, Any]:
    """Return the first of a repeated entry."""
    first = {key: value for key, value in entry.items() if key != "repeat"}
    for key in ("name", "pod"):
        if key in first:
            first[key] = first[key].replace(f"{{{index}}}", "1")
    return first
