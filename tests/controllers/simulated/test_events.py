"""Kinds of events: what each changes, and that energy closes whatever happens."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from controllers.event import Event, find_events
from controllers.simulated.course import Course
from controllers.simulated.rig import Rig
from site_models.plant import Plant
from telemetry.frame import Frame
from tests.fakes.small_plant import START_S, small_inputs, small_plant
from twin.inputs import Believer
from twin.state import State
from twin.steady import steady

PLANT = small_plant()
INPUTS = small_inputs(PLANT, 0.6)
REST = steady(PLANT, INPUTS, START_S)
ONE_OF_EACH: tuple[dict[str, Any], ...] = (
    {"kind": "breaker_trip", "target": "r2"},
    {"kind": "breaker_trip", "target": "mech"},
    {"kind": "cdu_loss", "target": "cdu0"},
    {"kind": "chiller_loss", "target": "chiller0"},
    {"kind": "clogged_plate", "target": "node2", "factor": 2.0},
    {"kind": "clogged_plate", "target": "r1", "factor": 1.5, "pressure_factor": 4.0},
    {"kind": "cooler_loss", "target": "drycooler0", "share": 0.5},
    {"kind": "cooler_loss", "target": "drycooler*"},
    {"kind": "facility_water_loss", "target": "fws"},
    {"kind": "facility_water_loss", "target": "crah0"},
    {"kind": "fan_failure", "target": "node8", "share": 0.5},
    {"kind": "fan_failure", "target": "node?"},
    {"kind": "fan_failure", "target": "crah0"},
    {"kind": "feed_loss", "target": "pdu-b"},
    {"kind": "feed_loss", "target": "utility"},
    {"kind": "gpu_excluded", "target": "gpu3"},
    {"kind": "leak", "target": "r1"},
    {"kind": "link_degraded", "target": "leaf0:spine1", "share": 0.75},
    {"kind": "link_down", "target": "gpu3:leaf0"},
    {"kind": "pump_trip", "target": "cdu0", "coast_s": 1.5, "floor": 0.03},
    {"kind": "pump_trip", "target": "cdu0", "standby": True},
    {"kind": "pump_trip", "target": "cdu0", "share": 0.5, "standby_after_s": 5.0},
    {"kind": "pump_trip", "target": "fws", "share": 0.5},
    {"kind": "sensor_bias", "target": "gpu3", "signal": "gpu_power_w", "offset": 100.0},
    {"kind": "sensor_dropout", "target": "*", "signal": "gpu_power_w"},
    {"kind": "sensor_stuck", "target": "gpu4", "signal": "gpu_temp_c"},
    {"kind": "sensor_swap", "target": "gpu4", "other": "gpu40", "signal": "gpu_temp_c"},
    {"kind": "slow_gpu", "target": "gpu3", "clock": 0.5},
    {"kind": "ups_on_battery", "target": "ups"},
    {"kind": "utility_loss", "target": "utility"},
    {"kind": "valve_stuck", "target": "cdu0"},
    {"kind": "valve_stuck", "target": "r0", "opening": 0.1},
    {"kind": "weather", "dry_bulb_offset_k": 15.0, "ramp_s": 10.0},
)


def event(at_s: float = 10.0, **said: Any) -> Event:
    """Return an event of the kind that is said."""
    made: Event = find_events()[said["kind"]](at_s=at_s, **said)
    assert made.complaint(PLANT) is None
    return made


def rig_of(*events: Event, seconds: float = 60.0) -> Rig:
    """Return a rig at rest at 60 % load on which the events happen."""
    return Rig(
        PLANT,
        REST,
        INPUTS,
        lambda time_s: INPUTS.gpu_power_w,
        lambda time_s: (25.0, 18.0),
        end_s=START_S + seconds,
        course=Course(PLANT, events, START_S),
    )


def played(rig: Rig) -> Iterator[tuple[Frame, State, Plant]]:
    """Yield frames with the true state and the plant in force."""
    while (frame := rig.read()) is not None:
        yield frame, rig.state, rig.plant


def last(*events: Event, seconds: float = 60.0) -> tuple[Frame, State, Plant]:
    """Return what a rig ends in."""
    return list(played(rig_of(*events, seconds=seconds)))[-1]


def test_every_file_is_a_kind_named_like_it() -> None:
    kinds = find_events()
    assert {one["kind"] for one in ONE_OF_EACH} == set(kinds)
    for name, kind in kinds.items():
        assert kind.model_fields["kind"].annotation.__args__ == (name,)
        assert kind.__doc__


@pytest.mark.parametrize("said", ONE_OF_EACH, ids=lambda said: f"{said['kind']}")
def test_energy_closes_and_nothing_becomes_infinite(said: dict[str, Any]) -> None:
    repaired = event(**{**said, "lasts_s": 40.0})
    rig = rig_of(repaired, seconds=90.0)
    for _, state, _ in played(rig):
        ledger = state.ledger
        missing_j = ledger.energy_in_j - ledger.heat_out_j - ledger.stored_j
        assert abs(missing_j) <= 1e-9 * max(ledger.energy_in_j, 1e3)  # dark: rounding is left
        for part in state[1:-1]:
            assert not np.isinf(part).any()
        assert not np.isnan(state.gpu_temp_c).any()
        assert not np.isnan(state.circuit_supply_c).any()
    assert rig.plant is PLANT


@pytest.mark.parametrize("said", ONE_OF_EACH, ids=lambda said: f"{said['kind']}")
def test_a_changed_plant_keeps_types_and_heat_capacities_and_the_built_one(
    said: dict[str, Any],
) -> None:
    before = [array.copy() for part in PLANT.arrays for array in part]
    changed = event(**said).changed(PLANT, REST, 20.0)
    for was, part, now in zip(PLANT.arrays, PLANT.arrays._fields, changed.arrays, strict=True):
        for name in was._fields:
            old, new = getattr(was, name), getattr(now, name)
            assert old.dtype == new.dtype
            assert new.flags.c_contiguous
            assert not new.flags.writeable
            if "capacity_j_per_k" in name and part != "groups":
                np.testing.assert_array_equal(old, new)
    for name in changed.arrays.groups._fields:
        if "capacity_j_per_k" in name:
            old, new = getattr(PLANT.arrays.groups, name), getattr(changed.arrays.groups, name)
            np.testing.assert_array_equal(
                old[PLANT.arrays.gpus.group], new[changed.arrays.gpus.group]
            )
    after = [array for part in PLANT.arrays for array in part]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_coasting_pumps_turn_at_one_over_one_plus_t_over_tau_and_the_flow_follows() -> None:
    """Losses nearly go with the square, so flow goes with speed; valves open against it."""
    trip = event(kind="pump_trip", target="cdu0", coast_s=3.0, floor=0.05)
    states = [state for _, state, _ in played(rig_of(trip))]
    running, speed = REST.circuit_flow_kg_per_s[1], REST.circuit_pump_speed[1]
    assert states[9].circuit_flow_kg_per_s[1] == pytest.approx(running, rel=1e-6)
    for second in (10, 12, 20):  # the interval's middle counts
        left = 1.0 / (1.0 + (second - 10 + 0.5) / 3.0)
        assert states[second].circuit_pump_speed[1] == pytest.approx(speed * left, rel=1e-9)
        assert 0.95 * left < states[second].circuit_flow_kg_per_s[1] / running < 1.9 * left
    assert states[-1].circuit_flow_kg_per_s[1] > 0.04 * running


def test_a_standby_pump_brings_the_flow_back() -> None:
    trip = event(kind="pump_trip", target="cdu0", standby_after_s=5.0, run_up_s=4.0)
    _, state, plant = last(trip, seconds=120.0)
    assert plant is PLANT or plant.arrays.circuits.pump_speed_max[1] == 1.0
    assert state.circuit_flow_kg_per_s[1] == pytest.approx(REST.circuit_flow_kg_per_s[1], rel=0.02)
    assert state.circuit_mover_power_w[1] > 0.0


def test_racks_go_over_to_their_other_feed_and_those_without_are_dark() -> None:
    _, state, plant = last(event(kind="feed_loss", target="pdu-a"))
    assert plant.arrays.racks.in_service.all()
    assert state.feed_power_w[2] == 0.0
    assert state.feed_power_w[3] > state.rack_power_w.sum()
    _, state, _ = last(event(kind="feed_loss", target="pdu-b"))
    assert state.rack_powered.tolist() == [1.0, 1.0, 0.0]
    assert state.rack_power_w[2] == 0.0
    assert (state.gpu_power_w[32:] == 0.0).all()
    assert (state.gpu_temp_c[32:] < REST.gpu_temp_c[32:]).all()


def test_without_the_utility_nothing_draws() -> None:
    _, state, _ = last(event(kind="feed_loss", target="utility"))
    assert state.ledger.energy_in_j == pytest.approx(0.0, abs=1e-3)
    assert state.feed_power_w == pytest.approx(np.zeros(5), abs=1e-3)


def test_half_of_a_cooler_takes_less_and_all_of_it_nothing() -> None:
    def heat_w(share: float) -> float:
        lost = event(kind="cooler_loss", target="drycooler0", share=share)
        return float(last(lost)[1].exchanger_heat_w[2])

    assert heat_w(1.0) < 1.0 < heat_w(0.5)


def test_a_hall_without_moved_air_breathes_its_own_exhaust() -> None:
    _, state, plant = last(event(kind="fan_failure", target="crah0"), seconds=120.0)
    assert plant.arrays.circuits.recirculation[0] > 0.99
    assert state.node_inlet_c.min() > REST.node_inlet_c.max() + 5.0


def test_a_valve_that_stands_still_stands_where_it_stood() -> None:
    _, state, _ = last(event(kind="valve_stuck", target="cdu0"))
    assert state.exchanger_opening[0] == pytest.approx(REST.exchanger_opening[0], abs=1e-6)


def test_silent_power_sensors_are_made_up_for_by_the_meters() -> None:
    frame, state, plant = last(event(kind="sensor_dropout", target="*", signal="gpu_power_w"))
    assert np.isnan(frame.values["gpu_power_w"]).all()
    believed = Believer(plant, lambda time_s: (25.0, 18.0))(frame, INPUTS, state)
    np.testing.assert_allclose(believed.gpu_power_w, INPUTS.gpu_power_w, rtol=1e-3)


def test_a_stuck_sensor_says_what_it_said_last_and_a_biased_one_is_off() -> None:
    stuck = event(kind="sensor_stuck", target="gpu0", signal="gpu_temp_c")
    biased = event(kind="sensor_bias", target="gpu1", signal="gpu_temp_c", offset=7.0)
    trip = event(at_s=15.0, kind="pump_trip", target="cdu0")
    frames = list(played(rig_of(stuck, biased, trip, seconds=25.0)))
    frame, state, _ = frames[-1]
    assert state.gpu_temp_c[0] > REST.gpu_temp_c[0] + 2.0
    assert frame.values["gpu_temp_c"][0] == frames[8][0].values["gpu_temp_c"][0]
    assert frame.values["gpu_temp_c"][1] == state.gpu_temp_c[1] + 7.0
    assert frame.values["gpu_temp_c"][2] == state.gpu_temp_c[2]


def test_gpus_that_reach_their_shutdown_temperature_stay_off() -> None:
    rig = Rig(
        PLANT,
        REST,
        INPUTS,
        lambda time_s: PLANT.arrays.gpus.power_max_w,
        lambda time_s: (25.0, 18.0),
        end_s=START_S + 120.0,
        course=Course(PLANT, [event(kind="cdu_loss", target="cdu0")], START_S),
    )
    _, state, _ = list(played(rig))[-1]
    assert rig.shut_down[:32].all()
    assert not rig.shut_down[32:].any()
    assert (state.gpu_power_w[:32] == 0.0).all()


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"kind": "pump_trip", "target": "pump9"}, "target"),
        ({"kind": "cooler_loss", "target": "cdu0"}, "target"),
        ({"kind": "valve_stuck", "target": "drycooler0"}, "target"),
        ({"kind": "leak", "target": "r2"}, "target"),
        ({"kind": "fan_failure", "target": "crah0", "share": 0.5}, "share"),
        ({"kind": "sensor_stuck", "target": "gpu0", "signal": "mood"}, "signal"),
        ({"kind": "sensor_stuck", "target": "r0", "signal": "gpu_temp_c"}, "target"),
        ({"kind": "weather", "target": "mars"}, "target"),
    ],
)
def test_what_is_not_there_cannot_be_hit(said: dict[str, Any], key: str) -> None:
    complaint = find_events()[said["kind"]](at_s=1.0, **said).complaint(PLANT)
    assert complaint is not None
    assert complaint[0] == key
    assert "expected" in complaint[1]


def test_the_units_own_standby_pump_takes_over_before_a_gpu_warms() -> None:
    """A quarter of a second without drive and four to run up; without, they run hot."""
    warmest_k = []
    for standby in (True, False):
        trip = event(kind="pump_trip", target="cdu0", coast_s=1.5, standby=standby)
        states = [state for _, state, _ in played(rig_of(trip, seconds=40.0))]
        rise_k = [float((state.gpu_temp_c - REST.gpu_temp_c).max()) for state in states]
        warmest_k.append(max(rise_k))
    assert warmest_k[0] < 12.0 < 20.0 < warmest_k[1]


def test_half_of_the_pumps_left_are_sped_up_by_their_control() -> None:
    _, state, _ = last(event(kind="pump_trip", target="cdu0", share=0.5), seconds=120.0)
    assert state.circuit_pump_speed[1] > REST.circuit_pump_speed[1]
    assert state.circuit_dp_pa[1] == pytest.approx(REST.circuit_dp_pa[1], rel=1e-3)


def test_a_rack_valve_stuck_nearly_shut_starves_its_rack_and_helps_the_other() -> None:
    _, state, _ = last(event(kind="valve_stuck", target="r0", opening=0.1))
    assert state.rack_valve[0] == 0.1
    assert state.rack_flow_kg_per_s[0] < 0.5 * REST.rack_flow_kg_per_s[0]
    assert state.gpu_temp_c[0] > REST.gpu_temp_c[0] + 5.0
    assert state.gpu_temp_c[16] == pytest.approx(REST.gpu_temp_c[16], abs=0.5)


def test_a_clogged_tray_passes_less_and_its_neighbours_more_of_the_rack() -> None:
    clogged = event(kind="clogged_plate", target="node2", factor=1.0001, pressure_factor=4.0)
    shares = clogged.changed(PLANT, REST, 0.0).arrays.nodes.liquid_flow_share
    assert shares[:4].sum() == pytest.approx(1.0)
    assert shares[2] == pytest.approx(0.5 * shares[1])
    assert (shares[[0, 1, 3]] > 0.25).all()
    _, state, _ = last(clogged)
    # the rack's valve follows its warmest tray, so the others get more than they need
    assert state.rack_flow_kg_per_s[0] > 1.1 * REST.rack_flow_kg_per_s[0]
    assert (state.gpu_temp_c[:8] < REST.gpu_temp_c[:8] - 0.5).all()
