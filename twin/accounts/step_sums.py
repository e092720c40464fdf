"""Sums over time of quantities that are held from step to step: energy, cost, carbon."""

from typing import Protocol

import numpy as np

from site_models.arrays import Floats
from site_models.errors import InputError


class Held(Protocol):
    """A value held from each edge to the next, such as `telemetry.files.tariffs.StepSeries`."""

    @property
    def label(self) -> str:
        """What it is, with its unit."""
        ...

    @property
    def edges_s(self) -> Floats:
        """Rising, seconds since the epoch. Shape (n + 1,)"""
        ...

    @property
    def value(self) -> Floats:
        """Shape (n,)."""
        ...


def held_at(series: Held, time_s: Floats) -> Floats:
    """Return what a series holds at times; NaN outside of it. Shape: as `time_s`."""
    place = np.searchsorted(series.edges_s, time_s, side="right") - 1
    inside = (place >= 0) & (place < len(series.value))
    held = series.value[np.clip(place, 0, len(series.value) - 1)]
    return np.asarray(np.where(inside, held, np.nan))


def held_sum(series: Held, start_s: float, end_s: float) -> float:
    """Return the integral of a held value over an interval; value times seconds.

    Exact: each piece of a step that lies in the interval counts by its length. InputError
    if the series does not cover the interval. Checked by hand, for additivity, and against
    pandas in ``tests/twin/accounts/test_step_sums.py`` and ``benchmarks/validation/account.py``.
    """
    _check_cover(series, start_s, end_s)
    first = int(np.searchsorted(series.edges_s, start_s, side="right")) - 1
    last = int(np.searchsorted(series.edges_s, end_s, side="left"))
    edges_s = np.clip(series.edges_s[first : last + 1], start_s, end_s)
    return float(np.dot(series.value[first:last], np.diff(edges_s)))


def product_sum(edges_s: Floats, power_w: Floats, series: Held) -> float:
    """Return the integral of a held power times a held value: USD for a price in USD/J.

    Parameters
    ----------
    edges_s
        Rising, seconds since the epoch; need not be even. Shape (m + 1,)
    power_w
        Held between them. NaN makes the sum NaN. Shape (m,)
    series
        Price or carbon intensity, a joule.

    Notes
    -----
    Cuts both at all edges of either, so steps that straddle a change of price are split
    exactly. Raises InputError as :func:`held_sum`.
    """
    _check_cover(series, float(edges_s[0]), float(edges_s[-1]))
    inner = (series.edges_s > edges_s[0]) & (series.edges_s < edges_s[-1])
    cuts_s = np.union1d(edges_s, series.edges_s[inner])
    starts_s = cuts_s[:-1]
    power = power_w[np.searchsorted(edges_s, starts_s, side="right") - 1]
    value = series.value[np.searchsorted(series.edges_s, starts_s, side="right") - 1]
    return float(np.sum(power * value * np.diff(cuts_s)))


def _check_cover(series: Held, start_s: float, end_s: float) -> None:
    edges_s = series.edges_s
    if not edges_s[0] <= start_s <= end_s <= edges_s[-1]:
        raise InputError(
            f"{series.label}: covers {_iso(edges_s[0])} to {_iso(edges_s[-1])},"
            f" expected {_iso(start_s)} to {_iso(end_s)}"
        )


def _iso(time_s: float) -> str:
    return f"{np.datetime64(round(time_s), 's')}Z"
