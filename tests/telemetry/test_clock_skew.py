"""A wrong clock is shifted; late readings are not."""

import pytest

from telemetry.clock_skew import Clocks
from telemetry.health import Health


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
def test_a_jump_of_an_hour_is_followed_and_told_once(jump_s: float) -> None:
    health = Health()
    clocks = Clocks(health)
    shifted = []
    for k in range(200):
        now_s = 1e9 + k
        told_s = now_s - 1.0 + (jump_s if 50 <= k < 150 else 0.0)
        shifted.append(told_s + clocks.shift_s("host", told_s, now_s))
    late = [abs(1e9 + k - s) for k, s in enumerate(shifted)]
    assert max(late[:50] + late[80:150] + late[151:]) <= 2.0
    assert len(health.log) == 1
    assert health.now == ()


def test_a_backlog_is_late_and_no_clock() -> None:
    health = Health()
    clocks = Clocks(health)
    for k in range(60):
        newest_s = 1e9 - 600.0 + 11.0 * k
        assert clocks.shift_s("host", newest_s, 1e9 + k) == 0.0
    assert health.log == ()
