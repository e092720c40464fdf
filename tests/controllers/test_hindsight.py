"""Hours at rest: the best setpoints found draw no more than those that the search began with."""

import numpy as np

from controllers.experiments.coolant_reset.hindsight import at_rest
from controllers.experiments.coolant_reset.loads import week_of_work
from controllers.experiments.coolant_reset.weeks import spans
from controllers.policy import Facility
from site_models.compile import compile_site


def test_the_best_in_hindsight_is_no_worse_than_what_stood() -> None:
    plant = compile_site("edge")
    built = Facility(plant.arrays.exchangers.setpoint_c.copy(), np.ones(len(plant.circuit_names)))
    _, cool = spans(None, 1)
    (hour,) = at_rest(plant, cool, week_of_work(plant, 1), {"built": [built] * 24}, (15,))
    assert np.isfinite(hour.best_w)
    assert 0.0 < hour.best_w <= hour.ours_w * 1.001
    assert hour.best_w <= hour.rules_w["built"] * 1.001
