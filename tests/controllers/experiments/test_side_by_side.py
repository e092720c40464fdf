"""Parts worked on in two processes come back in order, with the results of one process."""

import numpy as np
import pytest

from controllers.experiments.coolant_reset.baselines import Fixed
from controllers.experiments.coolant_reset.side_by_side import Course, each, played
from controllers.experiments.coolant_reset.weeks import spans
from site_models.compile import compile_site

HOUR_S = 3600.0


@pytest.mark.slow
def test_two_processes_tell_what_one_tells() -> None:
    built_c = compile_site("edge").arrays.exchangers.setpoint_c
    span = spans(None, 1)[0]
    courses = [
        Course("edge", span, name, Fixed(built_c - colder_k), HOUR_S, HOUR_S)
        for name, colder_k in (("built", 0.0), ("colder", 3.0))
    ]
    alone = list(each(played, courses, 1))
    beside = list(each(played, courses, 2))
    assert alone[0].use.cooling_j != alone[1].use.cooling_j
    for one, other in zip(alone, beside, strict=True):
        assert one.use == other.use
        np.testing.assert_array_equal(one.cooling_w, other.cooling_w)
        np.testing.assert_array_equal(
            one.asked[0].exchanger_setpoint_c, other.asked[0].exchanger_setpoint_c
        )


def test_a_single_part_needs_no_other_process() -> None:
    assert list(each(abs, [-3], 2)) == [3]
    assert list(each(abs, [], 2)) == []
