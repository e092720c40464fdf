"""What running costs in the hours ahead: told where it is known, else as on the days before."""

from typing import NamedTuple

import numpy as np

from controllers.policy import Outlook
from site_models.arrays import Floats

HOUR_S = 3600.0
HOURS = 24
FRESH = 0.3
"""Weight of today in the mean of an hour of the day."""


class Seen(NamedTuple):
    """Price and carbon by hour of the day, UTC: means of the days before, newest heaviest."""

    price_per_j: Floats
    """Shape (24,); NaN: never seen."""
    carbon_kg_per_j: Floats
    hour_s: float
    """The last hour that was noted."""


def nothing_seen() -> Seen:
    """Return the memory before the first hour."""
    return Seen(np.full(HOURS, np.nan), np.full(HOURS, np.nan), float("-inf"))


def hour_of(time_s: float) -> float:
    """Return the start of the hour of a time [s]."""
    return float(np.floor(time_s / HOUR_S) * HOUR_S)


def noted(seen: Seen, outlook: Outlook | None, time_s: float) -> Seen:
    """Return the memory with the hour of now, the first time that it is seen."""
    hour_s = hour_of(time_s)
    if outlook is None or seen.hour_s == hour_s:
        return seen
    k = int(hour_s / HOUR_S) % HOURS
    means = []
    for old, series in (
        (seen.price_per_j, outlook.price_per_j),
        (seen.carbon_kg_per_j, outlook.carbon_kg_per_j),
    ):
        now = float(_told(series, outlook.time_s, np.array([time_s]))[0])
        after = old.copy()
        if np.isfinite(now):
            after[k] = now if np.isnan(old[k]) else old[k] + FRESH * (now - old[k])
        means.append(after)
    return Seen(means[0], means[1], hour_s)


def hour_costs(seen: Seen, outlook: Outlook, hours_s: Floats, usd_per_kg: float) -> Floats:
    """Return what a joule costs in each hour, carbon at its price in it [USD/J].

    Per hour: what the outlook tells; else the mean of that hour of the day; else what it is
    now. A series that tells nothing now costs nothing; where neither does, all is NaN.
    """
    now_s = outlook.time_s[0]
    place = (np.floor(hours_s / HOUR_S).astype(np.int64)) % HOURS
    parts = []
    for mean, series in (
        (seen.price_per_j, outlook.price_per_j),
        (seen.carbon_kg_per_j, outlook.carbon_kg_per_j),
    ):
        told = _told(series, outlook.time_s, hours_s)
        now = float(_told(series, outlook.time_s, np.array([now_s]))[0])
        usual = np.where(np.isnan(mean[place]), now, mean[place])
        parts.append(np.where(np.isnan(told), usual, told))
    known = [not np.isnan(part).any() for part in parts]
    if not any(known):
        return np.full(len(hours_s), np.nan)
    price, carbon = (np.where(np.isnan(part), 0.0, part) for part in parts)
    return np.asarray(price + usd_per_kg * carbon)


def _told(series: Floats | None, time_s: Floats, at_s: Floats) -> Floats:
    """Return what a series of an outlook holds at times; NaN where it tells nothing."""
    if series is None:
        return np.full(len(at_s), np.nan)
    place = np.searchsorted(time_s, at_s + 1e-6, side="right") - 1
    inside = (place >= 0) & (at_s <= time_s[-1])
    return np.where(inside, series[np.clip(place, 0, len(series) - 1)], np.nan)
