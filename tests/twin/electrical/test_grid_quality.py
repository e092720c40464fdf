"""What a grid sees: spectra of sines, ramps, and a specification that is met or not."""

import numpy as np
import pytest

from site_models.errors import InputError
from twin.electrical.grid_quality import band_share, load_grid, quality_of, spectrum_of, verdicts

TIME_S = np.arange(0.0, 60.0, 0.01)


def sine(frequency_hz: float, amplitude_w: float) -> np.ndarray:
    """Return a course about 1 MW."""
    return 1e6 + amplitude_w * np.sin(2.0 * np.pi * frequency_hz * TIME_S)


def test_a_spectrum_sums_to_the_mean_square_and_finds_the_frequency() -> None:
    spectrum = spectrum_of(sine(0.73, 1e5), 0.01)
    assert spectrum.energy_w2.sum() == pytest.approx(0.5e10, rel=0.02)
    assert spectrum.frequency_hz[np.argmax(spectrum.energy_w2)] == pytest.approx(0.73, abs=0.02)


def test_two_sines_share_the_energy_by_the_squares_of_their_amplitudes() -> None:
    both = sine(0.5, 3e5) + sine(30.0, 1e5)
    assert band_share(spectrum_of(both, 0.01), 0.1, 20.0) == pytest.approx(0.9, abs=0.005)


def test_ramps_and_range_are_those_of_the_course() -> None:
    ramp = 1e6 + np.minimum(np.maximum(TIME_S - 10.0, 0.0), 20.0) * 1e4
    quality = quality_of(ramp, 0.01)
    assert quality.ramp_up_w_per_s == pytest.approx(1e4)
    assert quality.ramp_down_w_per_s == 0.0
    assert quality.dynamic_range_w == pytest.approx(2e5)


def test_a_flat_course_meets_the_specification_and_a_training_wave_does_not() -> None:
    grid = load_grid("large_load")
    flat = quality_of(np.full(6000, 1e6), 0.01)
    assert np.isnan(flat.dominant_hz)
    assert all(line.met for line in verdicts(flat, grid, 1e6))
    wave = quality_of(sine(0.5, 3e5), 0.01)
    assert not any(line.met for line in verdicts(wave, grid, 1e6))


def test_gaps_short_courses_and_unknown_specifications_are_refused() -> None:
    for course in (np.full(100, 1.0), np.full(6000, np.nan)):
        with pytest.raises(InputError, match="expected"):
            quality_of(course, 0.01)
    with pytest.raises(InputError, match="expected one of: large_load"):
        load_grid("moon")
    with pytest.raises(InputError, match="contract_w"):
        verdicts(quality_of(np.full(6000, 1e6), 0.01), load_grid("large_load"), 0.0)
