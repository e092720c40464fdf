"""How much work the site makes of its power and water, in one figure."""

import math
from collections.abc import Sequence

import numpy as np

from controllers.jobs.job_account import JobAccount
from dashboards.numbers import NONE, counted, fixed, power_unit, share, span
from dashboards.parts.cards import Card
from dashboards.summary import Summary

TOKENS = (
    "Tokens that jobs made and kept since their start, over the energy at the utility meters that"
    " their GPUs caused, with its share of cooling and losses. One token a joule is a million"
    " tokens a second from every megawatt. Below: tokens of each litre of make-up water. Each job's"
    " own figures are on the Jobs page."
)
BOARDS = (
    "Power of the GPU boards over the power at the utility meters: the part that can do work."
    " Tokens per joule stand here as soon as a job tells what it makes."
)


def work_card(records: Sequence[JobAccount], summary: Summary) -> Card:
    """Return tokens per joule and per litre of jobs; what reaches GPUs where none tells tokens."""
    telling = [one for one in records if one.unit == "token" and one.units > 0.0]
    kept = math.fsum(one.kept_units for one in telling)
    used_j = math.fsum(one.site_j for one in telling)
    if used_j > 0.0 and math.isfinite(kept):
        water_kg = math.fsum(one.water_kg for one in telling)
        detail = f"{counted(kept)} so far"
        if water_kg > 0.0:
            detail = f"{counted(kept / water_kg)} per litre"
        about = f"{TOKENS} {counted(kept)} tokens so far, since {span(_held_s(telling))}."
        return Card("Tokens per joule", fixed(kept / used_j, 2), "1/J", detail, about=about)
    if not len(summary.state.gpu_power_w):
        return Card("Into GPUs", NONE, "%", "no GPU on this site")
    gpus_w, site_w = summary.site["site_gpu_power_w"], summary.site["site_facility_power_w"]
    part = gpus_w / site_w if site_w > 0.0 else math.nan
    racks_w = summary.snapshot.plant.arrays.racks.rating_w
    per, unit, digits = power_unit(max(site_w, float(np.nansum(racks_w))))
    detail = f"{fixed(gpus_w / per, digits)} of {fixed(site_w / per, digits)} {unit}"
    return Card("Into GPUs", share(part).removesuffix(" %"), "%", detail, about=BOARDS)


def _held_s(records: Sequence[JobAccount]) -> float:
    """Return how long the longest of some jobs has held its GPUs [s]."""
    return max(record.held_s for record in records)
