"""Jumps and stuck sensors are missing while they last, and told once."""

from collections.abc import Mapping, Sequence

import numpy as np

from telemetry.frame import Frame
from telemetry.health import Health
from telemetry.screen import Screened


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
