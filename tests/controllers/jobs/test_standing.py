"""Jobs that stand: what they will draw again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.jobs.job_curves import CLOCKS, STEPS, JobCurves, each_w, job_curves
from controllers.jobs.standing import standing
from controllers.policy import JobOn
from site_models.arrays import Floats
from site_models.compile import compile_site

PLANT = compile_site("hgx-h100")
FULL_W = np.full(8, 650.0)
JOBS = (JobOn("a", np.arange(4)), JobOn("b", np.arange(4, 6), compute_share=0.3))
CURVES = job_curves(PLANT, JOBS, FULL_W, 0.7, 0.6)
ONES = np.ones(8)


def as_told(curves: JobCurves, clock: Floats) -> Floats:
    """Return what each GPU draws where the curves are right; the last two idle."""
    job_w = each_w(curves, np.array([clock[0], clock[4]]))
    return np.repeat([job_w[0] / 4.0, job_w[1] / 2.0, 80.0], [4, 2, 2])


@given(st.floats(0.2, 1.0), st.floats(0.2, 1.0), st.floats(0.5, 2.0))
def test_jobs_that_draw_as_usual_miss_nothing_whatever_their_curves_tell(
    first: float, second: float, wrong: float
) -> None:
    clock = np.repeat([first, second, 1.0], [4, 2, 2])
    power_w = wrong * as_told(CURVES, clock)
    share, missing_w = standing(JOBS, CURVES, clock, power_w, wrong * ONES)
    assert missing_w == 0.0
    np.testing.assert_allclose(share, wrong)


def test_a_job_that_stands_misses_what_it_drew_before() -> None:
    clock = np.repeat([0.8, 0.9, 1.0], [4, 2, 2])
    usual_w = as_told(CURVES, clock)
    power_w = usual_w.copy()
    power_w[:4] = 180.0
    share, missing_w = standing(JOBS, CURVES, clock, power_w, ONES)
    assert missing_w == pytest.approx(float((usual_w - power_w)[:4].sum()))
    assert (share[:4] < 0.85).all()
    assert share[4:] == pytest.approx(1.0)


def test_without_jobs_nothing_is_missed() -> None:
    share, missing_w = standing((), job_curves(PLANT, (), FULL_W, 0.7, 0.6), ONES, FULL_W, ONES)
    assert missing_w == 0.0
    np.testing.assert_array_equal(share, ONES)


def test_power_between_the_clocks_lies_in_line() -> None:
    middle = 0.5 * (CLOCKS[40] + CLOCKS[41])
    found_w = each_w(CURVES, np.array([middle, CLOCKS[STEPS - 1]]))
    assert found_w[0] == pytest.approx(CURVES.power_w[0, 40:42].mean())
    assert found_w[1] == pytest.approx(CURVES.power_w[1, -1])
