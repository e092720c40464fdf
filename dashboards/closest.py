"""How far from the limits: what stands closest to its own, however far that is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dashboards.findings import (
    NEAR_COOLANT_K,
    NEAR_GPU_K,
    NEAR_SHARE,
    Severity,
    level_of,
    rack_href,
)
from dashboards.index import Index
from dashboards.numbers import fixed, power_unit
from dashboards.summary import Summary
from site_models.arrays import Floats

COLD_C, SPAN_K = 20.0, 20.0
"""Where the bar of a temperature begins; so far below its limit where that is colder."""


@dataclass(frozen=True, slots=True)
class Distance:
    """A value against its limit. `share` is 1 at the limit."""

    where: str
    what: str
    share: float
    severity: Severity
    kind: str = ""
    """Which of its figures: a word or two."""
    href: str = ""


def closest(index: Index, summary: Summary, most: int = 6) -> list[Distance]:
    """Return what stands closest to its limit, one line for each kind of equipment first.

    Shares of unlike limits compare only roughly: a load counts from nothing, a temperature
    from 20 °C or 20 K below its limit. So the tightest of every kind comes first, then the
    others by share.
    """
    plant, state, arrays = index.plant, summary.state, index.plant.arrays
    racks = plant.rack_names
    kinds = [
        [replace(one, href=rack_href(racks[int(index.rack_of_gpu[index.gpu[one.where]])]))
         for one in _temperatures(plant.gpu_names, state.gpu_temp_c, arrays.gpus.temp_limit_c,
                                  NEAR_GPU_K)],
        _temperatures(plant.circuit_names, state.circuit_supply_c,
                      arrays.circuits.supply_limit_c, NEAR_COOLANT_K, "supply"),
        _loads(plant.feed_names, state.feed_power_w, arrays.feeds.rating_w, "power"),
        _loads(plant.exchanger_names, state.exchanger_heat_w, arrays.exchangers.capacity_w, "heat"),
        [replace(one, href=rack_href(one.where))
         for one in _loads(racks, state.rack_power_w, arrays.racks.rating_w, "power")],
    ]  # fmt: skip
    ranked = [list(kind) for kind in kinds]
    firsts = [kind[0] for kind in ranked if kind]
    rest = [one for kind in ranked for one in kind[1:]]
    rest.sort(key=lambda one: -one.share)
    chosen = [*firsts, *rest][:most]
    return sorted(chosen, key=lambda one: -one.share)


def _temperatures(
    names: Sequence[str], value_c: Floats, limit_c: Floats, near_k: float, kind: str = ""
) -> Iterator[Distance]:
    """Yield the three with the least margin, tightest first."""
    margin_k = limit_c - value_c
    for at in _tightest(margin_k):
        what = f"{fixed(value_c[at])} of {fixed(limit_c[at], 0)} °C"
        cold_c = min(COLD_C, limit_c[at] - SPAN_K)
        share = float((value_c[at] - cold_c) / (limit_c[at] - cold_c))
        yield Distance(names[at], what, share, level_of(float(margin_k[at]), near_k), kind)


def _loads(names: Sequence[str], load_w: Floats, rating_w: Floats, kind: str) -> Iterator[Distance]:
    """Yield the three with the largest load over their rating, tightest first."""
    rated = np.where(rating_w > 0.0, rating_w, np.nan)
    for at in _tightest(1.0 - load_w / rated):
        share = float(load_w[at] / rated[at])
        per, unit, digits = power_unit(float(rated[at]))
        what = f"{fixed(load_w[at] / per, digits)} of {fixed(rated[at] / per, digits)} {unit}"
        yield Distance(names[at], what, share, level_of(1.0 - share, 1.0 - NEAR_SHARE), kind)


def _tightest(margin: Floats, most: int = 3) -> list[int]:
    """Return those with the least margin; of equals the first, as every page names them."""
    good = np.flatnonzero(np.isfinite(margin))
    if len(good) > most:
        good = good[margin[good] <= np.partition(margin[good], most - 1)[most - 1]]
    return [int(at) for at in good[np.argsort(margin[good], kind="stable")][:most]]
