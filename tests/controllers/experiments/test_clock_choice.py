"""Lower clocks cost no job more of its pace than allowed, by the profiles' own pace law."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.jobs.team import first_team
from controllers.policies.clock_choice import ClockChoice, clock_at_loss
from controllers.policy import JobOn
from site_models.compile import compile_site
from site_models.plant import Plant
from tests.fakes.small_plant import small_plant, small_state
from tests.fakes.small_run import view_of
from twin.workload import workload


@pytest.fixture(scope="module")
def server() -> Plant:
    return compile_site("hgx-h200")


@given(
    st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 3.0)), min_size=1, max_size=6),
    st.floats(0.0, 0.2),
    st.sampled_from([0.5, 0.8]),
)
def test_no_sum_of_phases_loses_more_than_allowed(
    phases: list[tuple[float, float]], loss: float, told_at: float
) -> None:
    """Compute share as told: by the step at full clock and at a lower one."""

    def step_s(clock: float) -> float:
        return sum(max(work_s / clock, other_s) for work_s, other_s in phases)

    if step_s(1.0) < 1e-6:
        return
    share = (step_s(told_at) / step_s(1.0) - 1.0) / (1.0 / told_at - 1.0)
    clock = clock_at_loss(min(max(share, 0.0), 1.0), loss, told_at)
    assert step_s(1.0) / step_s(clock) >= 1.0 - loss - 1e-9


@pytest.mark.parametrize("name", ["decode", "prefill", "finetuning", "data_preparation"])
def test_the_shipped_profiles_lose_no_more_than_a_hundredth(name: str, server: Plant) -> None:
    team = first_team(workload(name), server, np.arange(8))
    full_s = team.pace(np.ones(8)).step_s
    longer = float((team.pace(np.full(8, 0.8)).step_s / full_s - 1.0).mean())
    clock = clock_at_loss(min(max(longer / 0.25, 0.0), 1.0), 0.01, 0.8)
    assert (full_s / team.pace(np.full(8, clock)).step_s).min() >= 0.99
    assert (clock == 0.8) is (name in ("decode", "data_preparation"))


def test_jobs_bound_by_arithmetic_and_gpus_without_one_keep_full_clock() -> None:
    plant = small_plant()
    jobs = (
        JobOn("train", np.arange(8), compute_share=1.0),
        JobOn("decode", np.arange(8, 16), compute_share=0.0),
        JobOn("slowed", np.arange(16, 24), compute_share=0.0, slowdown=0.2),
    )
    view = replace(view_of(plant, small_state(plant)), jobs=jobs)
    decision, _ = ClockChoice().decide(view, ())
    assert decision.gpu_clock_share is not None
    assert decision.reason == "decode at 80 %"
    np.testing.assert_array_equal(np.flatnonzero(decision.gpu_clock_share < 1.0), np.arange(8, 16))
    np.testing.assert_array_equal(decision.gpu_cap_w, plant.arrays.gpus.power_max_w)
