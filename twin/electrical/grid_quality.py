"""What a grid sees of a load: ramps, range and spectrum, against an operator's specification."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats
from site_models.catalog import open_catalog
from site_models.errors import InputError
from site_models.kinds.grid import Grid

RAMP_S = 1.0
"""Ramps are rises and falls between instants this far apart."""


class Spectrum(NamedTuple):
    """Energy of a fluctuation by frequency; sums to its mean square."""

    frequency_hz: Floats
    energy_w2: Floats


class Quality(NamedTuple):
    """What a course of power looks like from the grid."""

    mean_w: float
    peak_w: float
    dynamic_range_w: float
    ramp_up_w_per_s: float
    ramp_down_w_per_s: float
    ripple: float
    """Root mean square of the fluctuation over the mean [-]."""
    dominant_hz: float
    """Frequency with the most energy; NaN for a flat course."""
    spectrum: Spectrum


class Verdict(NamedTuple):
    """One line of a specification."""

    name: str
    value: float
    limit: float
    met: bool


def load_grid(name: str, catalogs: Sequence[Path] = ()) -> Grid:
    """Return a specification of the catalog, kind `grid`; InputError naming file and key."""
    return open_catalog(catalogs).get(Grid, name)


def spectrum_of(power_w: Floats, dt_s: float) -> Spectrum:
    """Return the energy of a course about its mean by frequency [W^2], Hann window.

    The window keeps a swing whose period does not divide the course from leaking into far
    bands; the sum is scaled to the mean square of the course, which Parseval's theorem gives
    without a window. Checked with sines in ``tests/twin/electrical/test_grid_quality.py``.
    """
    swing_w = power_w - power_w.mean()
    window = np.hanning(len(swing_w) + 1)[:-1]
    energy = np.abs(np.fft.rfft(swing_w * window)) ** 2
    energy[0] = 0.0
    total, square_w2 = float(energy.sum()), float(np.mean(swing_w**2))
    scaled = energy * (square_w2 / total) if total > 0.0 else np.zeros_like(energy)
    frequency_hz = np.asarray(np.fft.rfftfreq(len(swing_w), dt_s), dtype=np.float64)
    return Spectrum(frequency_hz, scaled)


def quality_of(power_w: Floats, dt_s: float) -> Quality:
    """Return what a course of at least four seconds looks like from the grid.

    Raises InputError for a shorter one or one with gaps.
    """
    apart = max(round(RAMP_S / dt_s), 1)
    if len(power_w) < 4 * apart or not np.isfinite(power_w).all():
        raise InputError(f"power: {len(power_w)} steps, expected {4 * RAMP_S:g} s without gaps")
    rise_w = power_w[apart:] - power_w[:-apart]
    span_s, mean_w = apart * dt_s, float(power_w.mean())
    spectrum, range_w = spectrum_of(power_w, dt_s), float(np.ptp(power_w))
    flat = range_w <= 1e-9 * mean_w
    dominant_hz = float(spectrum.frequency_hz[int(np.argmax(spectrum.energy_w2))])
    return Quality(
        mean_w,
        float(power_w.max()),
        range_w,
        max(float(rise_w.max()) / span_s, 0.0),
        max(float(-rise_w.min()) / span_s, 0.0),
        float(power_w.std()) / mean_w,
        math.nan if flat else dominant_hz,
        spectrum,
    )


def band_share(spectrum: Spectrum, low_hz: float, high_hz: float) -> float:
    """Return the part of a fluctuation's energy between two frequencies. 0..1 [-]; 0 if flat."""
    total = float(spectrum.energy_w2.sum())
    inside = (spectrum.frequency_hz >= low_hz) & (spectrum.frequency_hz <= high_hz)
    return float(spectrum.energy_w2[inside].sum()) / total if total > 0.0 else 0.0


def verdicts(quality: Quality, grid: Grid, contract_w: float) -> tuple[Verdict, ...]:
    """Return how a course stands against each line of a specification.

    `contract_w` is the power that the site has contracted, such as its meter's rating.
    Raises InputError unless it is above 0.
    """
    if not contract_w > 0.0:
        raise InputError(f"contract_w: {contract_w:g}, expected a power above 0")
    band = grid.spectrum
    share = band_share(quality.spectrum, float(band.low_hz), float(band.high_hz))
    judged = quality.ripple >= float(grid.ripple_least)
    lines = (
        ("ramp up in a second, of the contract", quality.ramp_up_w_per_s * RAMP_S / contract_w,
         float(grid.ramp_up), True),
        ("ramp down in a second, of the contract", quality.ramp_down_w_per_s * RAMP_S / contract_w,
         float(grid.ramp_down), True),
        ("dynamic range, of the contract", quality.dynamic_range_w / contract_w,
         float(grid.dynamic_range), True),
        (f"energy at {float(band.low_hz):g} to {float(band.high_hz):g} Hz, of the fluctuation's",
         share, float(band.energy_share), judged),
    )  # fmt: skip
    return tuple(Verdict(name, v, limit, v <= limit or not on) for name, v, limit, on in lines)
