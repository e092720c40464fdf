"""What came closest to its limit is what an engineer would call closest."""

import numpy as np

from controllers.simulated.limit_watch import LimitWatch
from tests.fakes.small_plant import small_plant, small_state


def test_of_powers_the_fullest_for_its_rating_is_the_worst() -> None:
    plant = small_plant()
    rating_w = plant.arrays.racks.rating_w
    shares = np.full(len(rating_w), 0.2)
    shares[1] = 0.9
    watch = LimitWatch(plant)
    watch.look(small_state(plant)._replace(rack_power_w=shares * rating_w), 1.0)
    (line,) = [one for one in watch.report() if one.limit == "rack_power_w"]
    assert (line.id, line.seconds_over) == (plant.rack_names[1], 0.0)
    np.testing.assert_allclose([line.worst, line.allowed], [0.9 * rating_w[1], rating_w[1]])


def test_time_over_counts_whatever_is_over() -> None:
    plant = small_plant()
    watch, state = LimitWatch(plant), small_state(plant)
    watch.look(state._replace(rack_power_w=1.1 * plant.arrays.racks.rating_w), 2.0)
    watch.look(state._replace(rack_power_w=0.1 * plant.arrays.racks.rating_w), 3.0)
    (line,) = [one for one in watch.report() if one.limit == "rack_power_w"]
    assert line.seconds_over == 2.0
    assert line.worst > line.allowed
