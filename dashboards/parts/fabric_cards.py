"""The key figures of a fabric."""

import math

import numpy as np

from dashboards.fabric_now import FabricNow, trunk_names
from dashboards.findings import Severity
from dashboards.numbers import NONE, fixed, power_unit
from dashboards.parts.cards import Card
from dashboards.parts.trunk_map import PER_GB
from site_models.plant import Plant

SLOWED = 0.99
"""A job below this share of its rate alone is slowed by others."""


def fabric_cards(plant: Plant, now: FabricNow) -> list[Card]:
    """Return the strip of the Fabric page."""
    return [
        _links(now),
        _fullest(plant, now),
        _jobs(now),
        _most_slowed(now),
        _suspects(now),
        _power(plant),
    ]


def _links(now: FabricNow) -> Card:
    down = int((now.standing == "down").sum())
    slow = int((now.standing == "degraded").sum())
    level = Severity.OVER if down else Severity.NEAR if slow else Severity.NOTE
    flag = {Severity.OVER: "link down", Severity.NEAR: "degraded"}.get(level, "")
    whole = len(now.standing) - down - slow
    detail = f"of {len(now.standing):,} · {down} down, {slow} slow"
    return Card("Links whole", f"{whole:,}", "", detail, severity=level, flag=flag)


def _fullest(plant: Plant, now: FabricNow) -> Card:
    share = np.nan_to_num(now.trunk_share, nan=-1.0)
    if len(share) == 0 or not now.trunk_load_bytes_per_s.any():
        return Card("Fullest trunk", fixed(0.0, 0), "%", "no job communicates across leaves", 0.0)
    k = int(share.argmax())
    load, rate = now.trunk_load_bytes_per_s[k], now.trunk_rate_bytes_per_s[k]
    detail = (
        f"{trunk_names(plant)[k]} · {fixed(load / PER_GB, 0)} of {fixed(rate / PER_GB, 0)} GB/s"
    )
    return Card("Fullest trunk", fixed(100.0 * share[k], 0), "%", detail, float(share[k]))


def _jobs(now: FabricNow) -> Card:
    wide = [job for job in now.jobs if job.domains > 1]
    still = sum(job.stands_still for job in wide)
    level = Severity.OVER if still else Severity.NOTE
    detail = f"{len(now.jobs) - len(wide)} more within NVLink"
    if still:
        detail = f"{still} of them cut off"
    return Card("Jobs on the network", str(len(wide)), "", detail, severity=level,
                flag="stands still" if still else "")  # fmt: skip


def _most_slowed(now: FabricNow) -> Card:
    title = "Most slowed job"
    shares = [
        (job.rate_bytes_per_s / job.lone_bytes_per_s, job.job)
        for job in now.jobs
        if job.lone_bytes_per_s > 0.0 and job.domains > 1
    ]
    if not shares:
        return Card(title, NONE, "%", "no job crosses the network")
    least, name = min(shares)
    slowed = sum(share < SLOWED for share, _ in shares)
    if not slowed:
        return Card(title, fixed(100.0, 0), "%", "of its own rate")
    return Card(title, fixed(100.0 * least, 0), "%", f"of its rate alone · {name}")


def _suspects(now: FabricNow) -> Card:
    if now.suspects_why:
        return Card("Suspects", NONE, "", "no counters of links")
    count = len(now.suspects)
    level = Severity.NEAR if count else Severity.NOTE
    detail = now.suspects[0].name if count else "counters of all links are alike"
    flag = "look" if count else ""
    return Card("Suspects", str(count), "", detail, severity=level, flag=flag)


def _power(plant: Plant) -> Card:
    switches_w = float(np.nansum(plant.fabric.switches.power_w))
    optics_w = float(np.nansum(plant.fabric.links.power_w))
    whole_w = switches_w + optics_w
    if not whole_w > 0.0:
        return Card("Network power", fixed(math.nan), "", "no source gives it")
    per, unit, digits = power_unit(whole_w)
    detail = f"{fixed(100.0 * optics_w / whole_w, 0)} % of it optics, typical"
    if not switches_w > 0.0:
        detail = "of optics alone, typical: that of the switches is not stated"
    return Card("Network power", fixed(whole_w / per, digits), unit, detail)
