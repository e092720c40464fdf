"""What the experiments on faults, swings and shared feeds are laid out by."""

from pathlib import Path

import numpy as np
import pytest

from controllers.experiment import Setting, find_experiments
from controllers.experiments.oversubscribe.bases import throttled_by_equal_caps
from controllers.experiments.oversubscribe.scan import Wall, first_of, most_servers
from controllers.experiments.oversubscribe.servers import Kind, Requested
from controllers.experiments.smoothing.boards import HIGH_W, MEAN_W, SWING_J, boards
from controllers.jobs.work import Work
from controllers.trials.fault_trials import EVENT_S, FOR_GOOD_S, Fault
from controllers.trials.plain_sight import view_of, working
from controllers.trials.stride import stride
from site_models.errors import InputError
from tests.fakes.small_plant import small_plant, small_state
from twin.start import idle_inputs
from twin.step import step

KIND = Kind(100.0, 100.0, 700.0, 300.0, 100.0)
WALL = Wall(np.array([100.0, 700.0]), np.array([2000.0, 6800.0]), 0.6, 0.7, 200.0, 700.0)
PEAK_W = 6800.0


def busy_one_after_another(servers: int) -> Requested:
    """Return prompts for one server each second, in turn."""
    context = np.zeros((100, servers))
    context[np.arange(100), np.arange(100) % servers] = 100.0
    return Requested(context, np.zeros_like(context))


def throttled(part: Requested) -> float:
    return throttled_by_equal_caps(part, KIND, WALL, 10 * PEAK_W)


def test_equal_caps_hold_nobody_up_to_the_peaks_and_somebody_every_second_beyond() -> None:
    arrivals = busy_one_after_another(20)
    assert throttled(first_of(arrivals, 10)) == 0.0
    assert throttled(first_of(arrivals, 11)) > 0.5
    assert most_servers(arrivals, throttled, 1) == 10


def test_a_bank_larger_than_a_boards_swing_holds_the_mean() -> None:
    held = boards((1,))
    assert pytest.approx(382.2) == SWING_J
    assert held.large.peak_w == pytest.approx(MEAN_W, rel=0.02)
    assert held.large.lowered == pytest.approx(1.0 - MEAN_W / HIGH_W, abs=0.01)
    assert held.swing.peak_w > 1.1 * MEAN_W


def test_a_fault_is_one_event_of_the_length_asked_for() -> None:
    fault = Fault(
        "loss", "A loss", "loss", {"kind": "cdu_loss", "target": "cdu-2"}, "lasts_s", FOR_GOOD_S,
        (5.0, 10.0), (5.0,), "note",
    )  # fmt: skip
    (event,) = fault.events(10.0)
    assert event == {"at_s": EVENT_S, "kind": "cdu_loss", "target": "cdu-2", "lasts_s": 10.0}


def test_every_fault_has_an_experiment() -> None:
    assert {"pump_trip", "cdu_loss", "feed_loss"} <= set(find_experiments())


@pytest.mark.parametrize("name", sorted(find_experiments()))
def test_a_setting_that_an_experiment_does_not_take_is_refused_in_a_line(name: str) -> None:
    """One takes prices and one takes jobs, and never both."""
    other = Path("other.csv")
    foreign = "jobs" if name == "price_shift" else "price"
    setting = Setting(jobs=other) if foreign == "jobs" else Setting(price=other)
    with pytest.raises(InputError, match=f"^{name}: --{foreign}: expected none"):
        find_experiments()[name].run(setting)
    Setting(site="edge").only("any", "site", "jobs")


def test_a_stride_in_seconds_is_the_twins_own_step() -> None:
    plant = small_plant()
    start, inputs = small_state(plant), idle_inputs(plant, 25.0, 18.0)
    ours, own = stride(plant, start, inputs, 7.0, 7), step(plant, start, inputs, 7.0)
    assert ours.time_s == own.time_s
    assert ours.ledger == own.ledger
    np.testing.assert_array_equal(ours.gpu_temp_c, own.gpu_temp_c)


def test_policies_of_experiments_see_the_plant_as_it_is() -> None:
    plant = small_plant()
    rig = working(plant, small_state(plant), Work(plant, []), (30.0, 20.0))
    rig.read()
    view = view_of(rig, 1.0)
    assert view.state is rig.state
    assert view.time_s == rig.state.time_s
    assert (view.jobs, view.target, view.outlook) == ((), None, None)
    assert not view.gpu_age_s.any()
    np.testing.assert_array_equal(rig.state.gpu_power_w, plant.arrays.gpus.idle_power_w)
