"""What a page says of a GPU's power, and of what holds its clock down."""

import numpy as np

from dashboards.basis import basis_counts, basis_of, throttling_of
from dashboards.summary import summarise
from tests.dashboards.test_findings import INDEX, shot
from twin.physics.clocks import HW_SLOWDOWN, HW_THERMAL, IDLE, SW_POWER_CAP, SW_THERMAL
from twin.state import MODELLED


def test_what_throttles_is_said_with_the_clock_that_is_left() -> None:
    reasons = np.zeros(48, dtype=np.int64)
    reasons[0], reasons[1], reasons[2] = IDLE, SW_POWER_CAP, SW_THERMAL | HW_THERMAL | HW_SLOWDOWN
    clock, off = np.ones(48), np.zeros(48, dtype=np.bool_)
    clock[1], clock[2], off[3] = 0.87, 0.421, True
    now = summarise(INDEX, shot(gpu_event_reasons=reasons, gpu_clock_ratio=clock, gpu_off=off), 0.0)
    assert throttling_of(now, 0) == throttling_of(now, 4) == ""
    assert throttling_of(now, 1) == "clock 87 %: held at its power limit"
    assert throttling_of(now, 2).startswith("clock 42 %: slowed down by hardware, throttled by")
    assert throttling_of(now, 3) == "turned itself off at its shutdown temperature"


def test_modelled_power_is_told_apart() -> None:
    basis = np.zeros(48, dtype=np.int64)
    basis[5] = MODELLED
    now = summarise(INDEX, shot(inputs=shot().inputs._replace(gpu_power_basis=basis)), 0.0)
    assert basis_of(now, 5) == "modelled from the load asked for"
    assert basis_counts(now) == [(1, "modelled from the load asked for")]
