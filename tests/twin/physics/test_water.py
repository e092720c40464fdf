"""Water of a cooling tower by the balance of salt."""

import math

import numpy as np
import pytest

from twin.physics.water import DRIFT_SHARE, blowdown_kg, make_up_kg


def test_four_cycles_drain_a_third_of_what_evaporates() -> None:
    assert blowdown_kg(900.0, 4.0) == pytest.approx(300.0, rel=1e-15)


def test_salt_that_comes_in_leaves_with_the_blowdown() -> None:
    for cycles in (1.5, 3.0, 7.0):
        drained_kg = blowdown_kg(1000.0, cycles)
        assert 1000.0 + drained_kg == pytest.approx(cycles * drained_kg, rel=1e-14)


def test_make_up_is_the_sum_by_hand() -> None:
    # 1 MWh of heat at 1.47 L/kWh, 180 m3 circulated, four cycles
    found = make_up_kg(1470.0, 180_000.0, DRIFT_SHARE, 4.0)
    assert found == pytest.approx(1470.0 + 3.6 + 490.0, rel=1e-14)


def test_water_that_is_never_changed_needs_no_end_of_it() -> None:
    found = blowdown_kg(np.array([0.0, 5.0]), 1.0)
    assert found[0] == 0.0
    assert math.isinf(found[1])
