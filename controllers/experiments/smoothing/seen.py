"""A course of power as a grid judges it."""

from typing import Any, NamedTuple

import numpy as np

from controllers.experiments.smoothing.courses import START_S, TAIL_S, Ran
from controllers.trials.confidence import mean_of
from site_models.kinds.grid import Grid
from twin.electrical.fast_power import STEP_S
from twin.electrical.grid_quality import RAMP_S, band_share, quality_of

SETTLE_S = 120.0
"""After the start until a course counts as training."""


class Seen(NamedTuple):
    """A course as the grid sees it, shares of the contract."""

    ramp_up: float
    """Over the whole course, start and stop included."""
    ramp_down: float
    dynamic_range: float
    """While it trains, as the next three."""
    ripple: float
    band_share: float
    band_rms: float
    """Of the fluctuation within the specification's band."""
    energy_cost: float
    """Over doing nothing, work made up for included."""


def as_seen(ran: Ran, nothing: Ran, grid: Grid) -> Seen:
    """Return a course as the grid sees it, over the contract of doing nothing."""
    contract_w = float(nothing.utility_w.max())
    whole = quality_of(ran.utility_w, STEP_S)
    begin, end = int((START_S + SETTLE_S) / STEP_S), -int((TAIL_S + 1.0) / STEP_S)
    trains = quality_of(ran.utility_w[begin:end], STEP_S)
    low_hz, high_hz = float(grid.spectrum.low_hz), float(grid.spectrum.high_hz)
    share = band_share(trains.spectrum, low_hz, high_hz)
    rms_w = float(np.sqrt(share)) * trains.ripple * trains.mean_w
    return Seen(
        whole.ramp_up_w_per_s * RAMP_S / contract_w,
        whole.ramp_down_w_per_s * RAMP_S / contract_w,
        trains.dynamic_range_w / contract_w,
        trains.ripple,
        share,
        rms_w / contract_w,
        (ran.energy_j + ran.made_up_j) / nothing.energy_j - 1.0,
    )


def means(rows: list[Seen]) -> dict[str, Any]:
    """Return the means over seeds, by figure."""
    return {name: mean_of([row[k] for row in rows]).mean for k, name in enumerate(Seen._fields)}
