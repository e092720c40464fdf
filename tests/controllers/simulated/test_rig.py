"""The rig: what a policy does to a plant, with the step as the plant."""

import numpy as np
import pytest

from controllers.loop import Loop, begun
from controllers.policies.hold import Hold
from controllers.policies.power_budget import PowerBudget
from controllers.policies.thermal_guard import ThermalGuard
from controllers.policy import Policy
from controllers.simulated.rig import Rig, Series
from controllers.simulated.rig_readings import Sensors
from controllers.supervision.supervisor import Supervisor
from site_models.compile import compile_site
from site_models.plant import Plant
from telemetry.signals import SIGNALS
from tests.fakes.small_plant import (
    START_S,
    small_arrays,
    small_inputs,
    small_plant,
    small_state,
)
from tests.fakes.small_run import believe_frame, full_load, loop_of, rig_of
from twin.physics.clocks import IDLE, SW_THERMAL
from twin.start import rated_inputs
from twin.steady import steady


def warm_plant() -> Plant:
    """Return the plant with its CDU and air 12 K warmer: too warm for full load."""
    arrays = small_arrays()
    warmer = arrays.exchangers.setpoint_c + np.array([14.0, 20.0, 12.0, 0.0])
    plate = arrays.groups._replace(
        body_resistance_k_per_w=arrays.groups.body_resistance_k_per_w * 1.3
    )
    racks = arrays.racks._replace(return_setpoint_c=arrays.racks.return_setpoint_c + 12.0)
    return small_plant(
        arrays._replace(
            exchangers=arrays.exchangers._replace(setpoint_c=warmer), groups=plate, racks=racks
        )
    )


@pytest.mark.slow
def test_the_guard_holds_the_limit_where_doing_nothing_breaks_it() -> None:
    plant = warm_plant()
    loose = list(loop_of(plant, rig_of(plant, full_load(plant), 1500.0), {"hold": Hold()}))
    guard = {"thermal_guard": ThermalGuard(limit_c=83.0)}
    held = list(loop_of(plant, rig_of(plant, full_load(plant), 1500.0), guard))
    gpus = plant.arrays.gpus
    assert any((s.state.gpu_temp_c > gpus.shutdown_c).any() for s in loose)
    assert all((s.state.gpu_temp_c < gpus.temp_limit_c).all() for s in held)
    assert held[-1].state.gpu_temp_c.max() == pytest.approx(83.0, abs=0.3)


def test_the_guard_holds_a_shipped_server_where_doing_nothing_breaks_it() -> None:
    plant = compile_site("hgx-h200")
    inputs = rated_inputs(plant, 30.0, 20.0)
    inputs = inputs._replace(exchanger_setpoint_c=inputs.exchanger_setpoint_c + 12.0)
    rest = steady(plant, inputs, START_S)
    limit_c = float(rest.gpu_temp_c.max()) - 4.0

    def hottest_c(policy: Policy) -> float:
        rig = Rig(plant, rest, inputs, lambda t: inputs.gpu_power_w, lambda t: (30.0, 20.0),
                  end_s=START_S + 900.0)  # fmt: skip
        keeper = Supervisor(plant, {"p": policy}, rig, {"p": "armed"})
        loop = Loop(plant, rig, believe_frame, keeper, begun(plant, rest, inputs))
        return float(list(loop)[-1].state.gpu_temp_c.max())

    assert hottest_c(Hold()) > limit_c + 3.9
    assert hottest_c(ThermalGuard(limit_c=limit_c)) == pytest.approx(limit_c, abs=0.1)


def test_a_guard_that_may_not_act_changes_nothing() -> None:
    plant = warm_plant()
    loose = list(loop_of(plant, rig_of(plant, full_load(plant), 300.0), {"hold": Hold()}))
    shadow = loop_of(plant, rig_of(plant, full_load(plant), 300.0), {"g": ThermalGuard()}, "shadow")
    last = list(shadow)[-1]
    np.testing.assert_array_equal(last.state.gpu_temp_c, loose[-1].state.gpu_temp_c)
    assert (last.decision.gpu_cap_w < plant.arrays.gpus.power_max_w).any()


def test_the_budget_keeps_the_site_under_its_limit_after_the_first_seconds() -> None:
    plant, limit_w = small_plant(), 62_000.0
    free = list(loop_of(plant, rig_of(plant, full_load(plant), 400.0), {"hold": Hold()}))
    budget = {"power_budget": PowerBudget(site_limit_w=limit_w)}
    kept = list(loop_of(plant, rig_of(plant, full_load(plant), 400.0), budget))
    assert free[-1].state.feed_power_w[0] > 1.05 * limit_w
    after = [s.state.feed_power_w[0] for s in kept[3:]]
    assert max(after) <= limit_w
    assert after[-1] > 0.97 * limit_w


def test_the_same_rig_gives_the_same_frames_and_decisions() -> None:
    plant = warm_plant()
    noisy = Sensors(seed=7, temperature_step_k=1.0, power_noise=0.02)
    runs = [
        list(
            loop_of(
                plant,
                rig_of(plant, full_load(plant), 60.0, sensors=noisy),
                {"g": ThermalGuard(), "b": PowerBudget()},
            )
        )
        for _ in range(2)
    ]
    assert runs[0][-1].digest == runs[1][-1].digest
    for one, other in zip(*runs, strict=True):
        assert one.decision.gpu_cap_w.tobytes() == other.decision.gpu_cap_w.tobytes()


def test_no_gpu_draws_more_than_its_cap_and_caps_run_out() -> None:
    plant = small_plant()
    rig = rig_of(plant, full_load(plant), 100.0)
    order = rig.order._replace(gpu_cap_w=np.full(48, 300.0), until_s=START_S + 5.0)
    rig.apply(order, START_S)
    draws = []
    while (frame := rig.read()) is not None and frame.time_s <= START_S + 8.0:
        draws.append(frame.values["gpu_power_w"].max())
    assert draws[:5] == [300.0] * 5
    assert draws[5:] == [1200.0] * 3


def test_frames_carry_known_signals_on_their_axes() -> None:
    plant = small_plant()
    rig = rig_of(plant, full_load(plant), 10.0)
    frame = rig.read()
    assert frame is not None
    for name, values in frame.values.items():
        assert len(values) == len(rig.axes[SIGNALS[name].axis])
        finite = values[np.isfinite(values)]
        assert (finite >= SIGNALS[name].low).all(), name
        assert (finite <= SIGNALS[name].high).all(), name
    assert np.isnan(frame.values["rack_return_c"][2])


def test_sensors_round_and_shake_by_their_seed_and_time_alone() -> None:
    plant = small_plant()
    frame = rig_of(plant, full_load(plant), 10.0, sensors=Sensors(temperature_step_k=1.0)).read()
    assert frame is not None
    np.testing.assert_array_equal(frame.values["gpu_temp_c"], np.round(frame.values["gpu_temp_c"]))
    true = {"gpu_power_w": np.full(48, 500.0)}
    shaky = Sensors(seed=1, power_noise=0.05)
    one, same = shaky.seen(true, 5.0), shaky.seen(true, 5.0)
    np.testing.assert_array_equal(one["gpu_power_w"], same["gpu_power_w"])
    assert one["gpu_power_w"].std() == pytest.approx(25.0, rel=0.4)
    assert (one["gpu_power_w"] != shaky.seen(true, 6.0)["gpu_power_w"]).all()


def test_a_series_holds_each_row_until_the_next() -> None:
    series = Series(100.0, 10.0, np.array([[1.0], [2.0], [3.0]]))
    assert [float(series(t)[0]) for t in (0.0, 100.0, 109.9, 110.0, 125.0, 999.0)] == [
        1.0, 1.0, 1.0, 2.0, 3.0, 3.0,
    ]  # fmt: skip


def test_devices_hold_their_own_limits_where_nobody_else_does() -> None:
    """Doing nothing breaks the limit here; each GPU then lowers its own clock and says why."""
    plant = warm_plant()
    rig = Rig(plant, small_state(plant), small_inputs(plant), lambda t: full_load(plant),
              lambda t: (25.0, 18.0), end_s=START_S + 1500.0)  # fmt: skip
    while (frame := rig.read()) is not None:
        last = frame
    gpus, groups = plant.arrays.gpus, plant.arrays.groups
    over = last.values["gpu_margin_k"] < 0.0
    assert over.any()
    assert not rig.shut_down.any()
    assert (last.values["gpu_temp_c"] < gpus.shutdown_c).all()
    np.testing.assert_allclose(
        last.values["gpu_margin_k"], gpus.temp_limit_c - last.values["gpu_temp_c"]
    )
    reasons = last.values["clocks_event_reasons"].astype(np.int64)
    np.testing.assert_array_equal((reasons & SW_THERMAL) != 0, over)
    slow = last.values["sm_clock_hz"] < groups.clock_max_hz[gpus.group]
    np.testing.assert_array_equal(slow, over)
    assert (last.values["gpu_power_w"][over] < gpus.power_max_w[over]).all()


def test_an_idle_gpu_runs_at_its_lowest_clock_and_says_that_it_idles() -> None:
    plant = small_plant()
    frame = rig_of(plant, plant.arrays.gpus.idle_power_w, 10.0).read()
    assert frame is not None
    groups, group = plant.arrays.groups, plant.arrays.gpus.group
    np.testing.assert_array_equal(frame.values["clocks_event_reasons"], IDLE)
    np.testing.assert_allclose(
        frame.values["sm_clock_hz"], (groups.clock_min * groups.clock_max_hz)[group]
    )


def test_a_rig_that_nobody_reads_moves_as_one_that_is_read() -> None:
    plant = small_plant()
    read, unread = (rig_of(plant, full_load(plant), 3.0) for _ in range(2))
    while read.read() is not None:
        assert unread.advance()
        for one, other in zip(read.state, unread.state, strict=True):
            np.testing.assert_array_equal(one, other)
    assert not unread.advance(), "both end at the same time"


def test_perfect_sensors_tell_what_is() -> None:
    told = {"gpu_temp_c": np.array([20.26]), "gpu_power_w": np.array([300.4])}
    assert Sensors().seen(told, START_S) == told
    rounded = Sensors(temperature_step_k=1.0).seen(told, START_S)
    assert rounded["gpu_temp_c"] == 20.0
    assert rounded["gpu_power_w"] == 300.4
