"""Whatever starts, caps rise no faster than the ramp, and one job after another."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.policies.ramp_limit import Opened, RampLimit
from controllers.policy import JobOn
from site_models.arrays import Floats
from tests.controllers.power.test_climb import drawing, seen
from tests.fakes.small_plant import small_plant

PLANT = small_plant()
GPUS = PLANT.arrays.gpus
JOBS = (JobOn("a", np.arange(16), 0), JobOn("b", np.arange(16, 48), 1))


def led(policy: RampLimit, wanted_w: Floats, seconds: int, memory: Opened) -> list[Floats]:
    """Return the caps of each second while GPUs draw what they want, within their caps."""
    caps = []
    for _ in range(seconds):
        state = drawing(PLANT, np.minimum(wanted_w, memory.cap_w))
        decision, memory = policy.decide(seen(PLANT, state, JOBS), memory)
        caps.append(decision.gpu_cap_w)
    return caps


@given(
    st.floats(0.005, 0.3),
    st.booleans(),
    st.lists(st.floats(0.0, 1.0), min_size=48, max_size=48),
)
@settings(max_examples=30)
def test_caps_rise_no_faster_than_the_ramp(ramp: float, stagger: bool, loads: list[float]) -> None:
    policy = RampLimit(ramp=ramp, stagger=float(stagger))
    memory = policy.start(PLANT)
    wanted_w = GPUS.idle_power_w + np.array(loads) * (GPUS.power_max_w - GPUS.idle_power_w)
    caps = [memory.cap_w, *led(policy, wanted_w, 8, memory)]
    rises_w = [float((after - before).sum()) for before, after in pairwise(caps)]
    assert max(rises_w) <= ramp * float(GPUS.power_max_w.sum()) + 1e-6


def test_the_job_of_higher_priority_is_whole_before_the_next_one_starts() -> None:
    policy = RampLimit(ramp=0.1)
    memory = policy.start(PLANT)
    for cap_w in led(policy, GPUS.power_max_w, 12, memory):
        if cap_w[0] > memory.cap_w[0]:
            np.testing.assert_allclose(cap_w[16:], GPUS.power_max_w[16:])
    assert cap_w[0] > memory.cap_w[0]


def test_open_caps_leave_swings_alone_and_close_after_a_sleep() -> None:
    policy = RampLimit(sleep_s=5.0)
    memory = policy.start(PLANT)._replace(cap_w=GPUS.power_max_w.copy())
    for _ in range(3):
        for wanted_w in (GPUS.power_max_w, 0.4 * GPUS.power_max_w):
            decision, memory = policy.decide(seen(PLANT, drawing(PLANT, wanted_w), JOBS), memory)
            np.testing.assert_array_equal(decision.gpu_cap_w, GPUS.power_max_w)
    for _ in range(6):
        decision, memory = policy.decide(
            seen(PLANT, drawing(PLANT, GPUS.idle_power_w), JOBS), memory
        )
    assert (decision.gpu_cap_w < 0.5 * GPUS.power_max_w).all()
