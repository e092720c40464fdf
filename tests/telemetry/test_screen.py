"""Jumps and stuck sensors are missing while they last, and told once."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from telemetry.frame import Frame
from telemetry.health import Health
from telemetry.screen import Screened
from telemetry.unit_watch import UnitWatch


class Listed:
    """Frames of two GPUs from lists."""

    axes: Mapping[str, Sequence[str]] = {"gpu": ("a", "b")}

    def __init__(self, temps: Sequence[float], powers: Sequence[float] | None = None) -> None:
        self._rows = list(enumerate(temps))
        self._powers = powers

    def read(self) -> Frame | None:
        if not self._rows:
            return None
        k, temp = self._rows.pop(0)
        values = {"gpu_temp_c": np.array([temp, 50.0 + 0.01 * k])}
        if self._powers is not None:
            values["gpu_power_w"] = np.array([self._powers[k], 300.0])
        return Frame(float(k), values)


def seen(
    temps: Sequence[float], powers: Sequence[float] | None = None
) -> tuple[list[float], Health]:
    health = Health()
    source = Screened(Listed(temps, powers), health)
    out = []
    while (frame := source.read()) is not None:
        out.append(float(frame.values["gpu_temp_c"][0]))
    return out, health


def test_a_spike_is_missing_and_the_readings_around_it_are_there() -> None:
    out, health = seen([60.0, 61.0, 128.0, 61.0, 61.5])
    assert np.isnan(out[2])
    assert out[:2] + out[3:] == [60.0, 61.0, 61.0, 61.5]
    assert [(i.kind, i.times) for i in health.log] == [("jumped", 1)]


def test_a_new_level_that_stays_is_believed() -> None:
    out, health = seen([20.0] * 3 + [125.0] * 5)
    assert np.isnan(out[3:5]).all()
    assert out[5:] == [125.0] * 3
    assert len(health.log) == 1
    assert health.now == ()


def test_real_transients_pass() -> None:
    fast = [40.0, 55.0, 68.0, 80.0, 90.0, 70.0, 45.0]
    out, health = seen(fast)
    assert out == fast
    assert health.log == ()


def test_a_sensor_that_stands_still_while_its_power_moves_is_missing() -> None:
    powers = [700.0 if k // 100 % 2 else 100.0 for k in range(1500)]
    out, health = seen([55.0] * 1500, powers)
    assert not np.isnan(out[:599]).any()
    assert np.isnan(out[700:]).all()
    assert [i.kind for i in health.log] == ["stuck"]


def test_a_sensor_at_rest_with_its_power_is_well() -> None:
    out, health = seen([55.0] * 1500, [300.0] * 1500)
    assert not np.isnan(out).any()
    assert health.log == ()


@pytest.mark.parametrize(
    ("signal", "good", "foreign"),
    [("gpu_temp_c", 45.0, 113.0), ("gpu_power_w", 400.0, 0.4), ("gpu_power_avg_w", 90.0, 0.7)],
)
def test_readings_in_another_unit_are_missing_and_told_once(
    signal: str, good: float, foreign: float
) -> None:
    watch = UnitWatch(signal, 2)
    quiet = np.array([good, good])
    for _ in range(3):
        assert not watch.look(quiet).any()
    for moved in (1.0, 1.02, 0.97, 1.01):
        assert watch.look(np.array([good, foreign * moved])).tolist() == [False, True]
        assert not watch.look(np.array([np.nan, np.nan])).any()
    assert not watch.look(quiet).any()


def test_real_steps_of_power_and_temperature_are_no_other_unit() -> None:
    power, temp = UnitWatch("gpu_power_w", 1), UnitWatch("gpu_temp_c", 1)
    for power_w in (700.0, 60.0, 700.0, 0.0, 45.0):
        assert not power.look(np.array([power_w])).any()
    for temp_c in (30.0, 48.0, 66.0, 85.0, 60.0, 33.0):
        assert not temp.look(np.array([temp_c])).any()


def test_a_zero_is_no_temperature() -> None:
    out, health = seen([45.0, 46.0, 0.0, 0.0, 46.0])
    assert np.isnan(out[2:4]).all()
    assert out[4] == 46.0
    assert [(i.kind, i.times) for i in health.log] == [("marked", 2)]
