"""Training swings: the same chain as the step, exact ramps, energy, and what cannot be."""

from typing import Any

import numpy as np
import pytest

from site_models.errors import InputError
from site_models.plant import Plant
from tests.fakes.small_plant import small_inputs, small_plant
from twin.electrical.fast_power import Smoothing, fast_power
from twin.electrical.swings import Phase, Swing, edges_of, staggered
from twin.state import State
from twin.steady import steady

SMALL = small_plant()
REST: State = steady(SMALL, small_inputs(SMALL, 0.6))
GPUS = np.flatnonzero(SMALL.arrays.gpus.in_service)
SQUARE = (Phase(1.4, 1.0, 0.0), Phase(0.6, 0.4, 0.0))


def with_storage(plant: Plant, energy_j: float) -> Plant:
    """Return the plant with capacitors in every rack's shelf."""
    from dataclasses import replace

    racks = plant.arrays.racks._replace(storage_j=np.full(len(plant.rack_names), energy_j))
    return replace(plant, arrays=plant.arrays._replace(racks=racks))


def test_a_job_of_one_phase_draws_what_the_step_draws() -> None:
    power_w, most_w = REST.gpu_power_w[GPUS], SMALL.arrays.gpus.power_max_w[GPUS]
    swings = tuple(
        Swing(np.array([g]), (Phase(1.0, float(p / m), 0.0),))
        for g, p, m in zip(GPUS, power_w, most_w, strict=True)
    )
    every = np.arange(len(SMALL.rack_names))
    course = fast_power(SMALL, REST, swings, 4.0, racks=every)
    for seen, rest in ((course.rack_power_w, REST.rack_power_w),
                       (course.feed_power_w, REST.feed_power_w)):  # fmt: skip
        np.testing.assert_allclose(seen, np.repeat(rest[:, None], 400, axis=1), rtol=1e-12)
    roots = REST.feed_power_w[SMALL.arrays.feeds.parent < 0].sum()
    np.testing.assert_allclose(course.utility_w, roots, rtol=1e-12)


def test_a_square_wave_has_its_mean_and_edges_on_time() -> None:
    course = fast_power(SMALL, REST, (Swing(GPUS, SQUARE, step_spread=0.0),), 20.0)
    high = course.utility_w > course.utility_w.mean()
    assert high.mean() == pytest.approx(0.7)
    edges = course.time_s[1:][np.diff(high.astype(int)) < 0]
    np.testing.assert_allclose(edges % 2.0, 1.405)


def test_storage_gives_back_what_it_takes() -> None:
    plant = with_storage(SMALL, 2000.0)
    swing = (Swing(GPUS, SQUARE),)
    course = fast_power(plant, REST, swing, 30.0)
    plain = fast_power(plant, REST, swing, 30.0, smoothing=Smoothing(storage=False))
    np.testing.assert_array_equal(plain.load_w, course.load_w)
    np.testing.assert_array_equal(plain.stored_j, 0.0)
    assert (np.abs(course.stored_j) <= 1000.0 + 1e-6).all()
    lossless = plant.arrays.racks.shelf_rating_w[course.racks] == 0.0
    extra_j = (course.rack_power_w - course.load_w).sum(axis=1) * 0.01
    np.testing.assert_allclose(extra_j[lossless], course.stored_j[lossless], atol=1e-3)
    assert np.ptp(course.utility_w[500:]) <= np.ptp(plain.utility_w[500:])


def test_a_floor_and_a_ramp_limit_hold_every_board() -> None:
    floored = fast_power(SMALL, REST, (Swing(GPUS, SQUARE),), 10.0, smoothing=Smoothing(floor=0.9))
    free = fast_power(SMALL, REST, (Swing(GPUS, SQUARE),), 10.0)
    assert np.ptp(floored.utility_w) < 0.25 * np.ptp(free.utility_w)
    slow = fast_power(
        SMALL, REST, (Swing(GPUS, SQUARE),), 10.0,
        smoothing=Smoothing(ramp_up_w_per_s=50.0, ramp_down_w_per_s=50.0),
    )  # fmt: skip
    assert np.abs(np.diff(slow.load_w, axis=1)).max() <= 50.0 * 0.01 * len(GPUS) * 1.5
    assert np.ptp(slow.utility_w) < np.ptp(free.utility_w)


def test_staggered_jobs_swing_less_and_the_same_seed_gives_the_same() -> None:
    jobs = tuple(Swing(part, SQUARE) for part in np.array_split(GPUS, 4))
    together = fast_power(SMALL, REST, jobs, 10.0).utility_w
    spread = fast_power(SMALL, REST, staggered(jobs), 10.0).utility_w
    assert np.ptp(spread) < 0.8 * np.ptp(together)
    np.testing.assert_array_equal(together, fast_power(SMALL, REST, jobs, 10.0).utility_w)
    assert (together != fast_power(SMALL, REST, jobs, 10.0, seed=1).utility_w).any()


def test_a_job_that_starts_and_ends_leaves_the_rest_alone() -> None:
    job = Swing(GPUS[:2], SQUARE, start_s=2.0, end_s=6.0)
    course = fast_power(SMALL, REST, (job,), 10.0)
    assert np.ptp(course.load_w[:, :199]) == 0.0
    assert np.ptp(course.load_w[:, 620:]) == 0.0
    assert np.ptp(course.load_w) > 0.0


def test_steps_spread_but_never_overlap() -> None:
    edges = edges_of((Swing(GPUS, step_spread=0.1),), 300.0, 3)
    assert (np.diff(edges.at_s) > 0.0).all()
    assert edges.at_s[0] <= 0.0
    assert edges.at_s[-1] > 295.0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"phases": ()}, "phases"),
        ({"phases": (Phase(1.0, 1.2),)}, r"phases\.0\.power: 1\.2, expected a share"),
        ({"phases": (Phase(0.0, 1.0),)}, "duration_s"),
        ({"phases": (Phase(0.1, 1.0, 0.2),)}, "ramp_s"),
        ({"step_spread": 0.5}, "step_spread"),
        ({"gpus": np.array([0, 0])}, "two jobs"),
    ],
)
def test_jobs_that_cannot_be_are_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        fast_power(SMALL, REST, (Swing(GPUS)._replace(**changed),), 2.0)


@pytest.mark.parametrize(
    "wrong",
    [{"seconds": 0.0}, {"dt_s": 0.0}, {"smoothing": Smoothing(floor=2.0)},
     {"smoothing": Smoothing(tau_s=0.0)}],
)  # fmt: skip
def test_courses_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="expected"):
        fast_power(SMALL, REST, (Swing(GPUS),), **wrong)
