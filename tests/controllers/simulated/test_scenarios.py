"""The ready scenarios: what an engineer expects of each, and what is refused of others.

The devices' own control is played: past its limit a GPU lowers its clock, and it turns itself
off at its shutdown temperature.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controllers.scenario import load_scenario, ready_scenarios
from controllers.simulated.tally import Tally
from controllers.snapshot import Snapshot
from controllers.wish import SCENARIO, Wish
from controllers.worlds import World, open_world
from dashboards.cli import main
from dashboards.verbs.check import schemas
from site_models.arrays import Floats
from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.frame import Frame
from twin.physics.clocks import SW_THERMAL
from twin.state import State

ONSET_S = 60
AGAIN = 120
"""Steps that are run a second time: the event and what follows it at once."""


@dataclass(frozen=True, slots=True)
class Past:
    """A scenario that has been run."""

    plant: Plant
    truth: list[State]
    """After each second; index ONSET_S - 1 is the last before the first event."""
    frames: list[Frame]
    shots: list[Snapshot]
    events: list[dict[str, Any]]
    kpi: dict[str, Any]

    @property
    def before(self) -> State:
        """The state in which the first event found the plant."""
        return self.truth[ONSET_S - 1]

    def gpus(self, pattern: str) -> Any:
        """Return which GPUs stand in racks that begin like this."""
        return np.array([name.startswith(pattern) for name in self.plant.gpu_names])


def opened(name: str, **wish: Any) -> World:
    """Return a ready scenario as a world."""
    return open_world(Wish("pilot", spec=f"{SCENARIO}{name}", **wish))


@cache
def past(name: str) -> Past:
    """Return a ready scenario after its run; run once for all tests."""
    world = opened(name)
    assert world.what_if is not None
    tally, truth, shots = Tally(world.what_if, world.plant), [], []
    for shot in world.snapshots():
        tally.look(shot.dt_s)
        truth.append(world.what_if.rig.state)
        shots.append(shot)
    frames = [shot.frame for shot in shots]
    events: list[Any] = tally.events()
    return Past(world.plant, truth, frames, shots, events, tally.kpi())


def mean_c(run: Past, state: State, circuit: int) -> float:
    """Return the temperature of a circuit weighted by its heat capacities, pipes included."""
    c, k = run.plant.arrays.circuits, circuit
    cold, warm = c.supply_capacity_j_per_k[k], c.return_capacity_j_per_k[k]
    held = cold * state.circuit_supply_c[k] + warm * state.circuit_return_c[k]
    by_volume = c.density_kg_per_m3[k] * c.cp_j_per_kg_k[k]
    held += by_volume * state.supply_pipe_m3[k] @ state.supply_pipe_c[k]
    held += by_volume * state.return_pipe_m3[k] @ state.return_pipe_c[k]
    return float(held / held_j_per_k(run.plant, k))


def held_j_per_k(plant: Plant, k: int) -> float:
    """Return the heat capacity of all fluid of a circuit [J/K]."""
    c = plant.arrays.circuits
    pipes_m3 = c.supply_pipe_m3[k] + c.return_pipe_m3[k]
    masses = c.supply_capacity_j_per_k[k] + c.return_capacity_j_per_k[k]
    return float(masses + pipes_m3 * c.density_kg_per_m3[k] * c.cp_j_per_kg_k[k])


@pytest.mark.slow
@pytest.mark.parametrize("name", ready_scenarios())
def test_it_runs_conserves_energy_and_starts_at_rest(name: str) -> None:
    run = past(name)
    assert len(run.truth) == load_scenario(ready_scenarios()[name]).duration_s
    assert run.kpi["balance_error"] <= 1e-9
    assert 1.0 < run.kpi["pue"] < 1.5
    assert np.abs(run.before.gpu_temp_c - run.truth[0].gpu_temp_c).max() < 0.01
    for part in run.truth[-1][1:-1]:
        assert np.isfinite(part[~np.isnan(part)]).all()
    assert {shot.mode for shot in run.shots} == {"WHAT-IF"}


@pytest.mark.parametrize("name", ready_scenarios())
def test_it_gives_the_same_digest_again(name: str) -> None:
    shots = opened(name).snapshots()
    again = [next(shots).digest for _ in range(AGAIN)]
    assert again[-1] == past(name).shots[AGAIN - 1].digest


@pytest.mark.parametrize("name", sorted(set(ready_scenarios()) - {"sensor_bias"}))
def test_the_twin_believes_what_is_true_unless_its_power_sensors_lie(name: str) -> None:
    """Sensors tell the mean power of a second; how leakage moved within it they do not."""
    run = past(name)
    believed, true = run.shots[-1].state, run.truth[-1]
    np.testing.assert_allclose(believed.gpu_temp_c, true.gpu_temp_c, atol=0.05)
    np.testing.assert_allclose(believed.circuit_supply_c, true.circuit_supply_c, atol=1e-3)


def test_pump_trip_its_racks_pass_the_limit_in_seconds_and_the_standby_saves_them() -> None:
    run = past("pump_trip")
    first = run.events[0]["first_limit"]
    assert first["limit"] == "gpu_temp_c"
    assert first["id"].startswith(("a1-", "a2-", "a3-", "a4-"))
    assert 5.0 < first["after_s"] < 13.0
    assert run.kpi["gpus_shut_down"] == 0
    assert run.truth[-1].gpu_temp_c[0] == pytest.approx(run.before.gpu_temp_c[0], abs=0.5)
    others = ~run.gpus("a1") & ~run.gpus("a2") & ~run.gpus("a3") & ~run.gpus("a4")
    apart_k = run.truth[ONSET_S + 10].gpu_temp_c - run.before.gpu_temp_c
    assert np.abs(apart_k[others]).max() < 0.1


def test_cdu_loss_takes_its_half_of_the_racks_and_no_other() -> None:
    run = past("cdu_loss")
    assert run.events[0]["first_limit"]["after_s"] <= 8.0
    assert 10.0 < run.events[0]["first_shutdown"]["after_s"] <= 16.0
    throttled = run.truth[ONSET_S + 9]
    lost = run.gpus("a5") | run.gpus("a6") | run.gpus("a7") | run.gpus("a8")
    assert throttled.gpu_clock_ratio[lost].max() < 0.6
    assert (throttled.gpu_event_reasons[lost] & SW_THERMAL).all()
    assert throttled.gpu_clock_ratio[~lost & run.gpus("a")].min() > 0.99
    off = run.truth[-1].gpu_power_w == 0.0
    lost = run.gpus("a5") | run.gpus("a6") | run.gpus("a7") | run.gpus("a8")
    np.testing.assert_array_equal(off, lost)
    assert run.truth[-1].gpu_temp_c[~lost].max() < 71.0


def test_feed_loss_leaves_its_racks_dark_and_cooling() -> None:
    run = past("feed_loss")
    feed = run.plant.feed_names.index("busway-1")
    assert run.before.feed_power_w[feed] > 4e5
    assert run.truth[-1].feed_power_w[feed] == 0.0
    np.testing.assert_array_equal(run.truth[-1].rack_power_w[:4], 0.0)
    assert run.events[0]["gpus_dark"] == 288
    assert (run.truth[-1].gpu_temp_c[:288] < run.before.gpu_temp_c[:288] - 5.0).all()
    assert run.truth[-1].rack_power_w[4] == pytest.approx(run.before.rack_power_w[4], rel=1e-3)


def test_utility_loss_the_ups_carries_the_racks_and_the_generator_the_cooling() -> None:
    run = past("utility_loss")
    names = run.plant.feed_names
    ups, mechanical = names.index("ups"), names.index("mechanical")
    fws, chw, hall = (run.plant.circuit_names.index(name) for name in ("fws", "chw", "hall"))
    after = run.truth[ONSET_S:]
    dark = [state.feed_live[mechanical] == 0.0 for state in after]
    battery = [state.feed_on_battery[ups] > 0.0 for state in after]
    assert 10 <= sum(dark) <= 13
    assert 10 <= sum(battery) <= 20
    assert battery[: sum(battery)] == [True] * sum(battery)
    full_j = run.plant.arrays.feeds.battery_j[ups]
    used = 1.0 - min(state.feed_battery_j[ups] for state in after) / full_j
    assert 15.0 / 300.0 * 0.6 < used < 20.0 / 300.0
    assert run.truth[-1].feed_battery_j[ups] == pytest.approx(full_j)
    assert all((state.rack_powered == 1.0).all() for state in after)
    cooling = [float(state.chiller_power_w.sum()) > 0.0 for state in after]
    assert cooling.index(True) == pytest.approx(sum(dark) + 120, abs=2)
    supply_c = np.array([state.circuit_supply_c for state in run.truth])

    def over_s(circuit: int, rise_k: float) -> int:
        return int(np.argmax(supply_c[:, circuit] > run.before.circuit_supply_c[circuit] + rise_k))

    assert ONSET_S < over_s(hall, 2.0) <= ONSET_S + 5  # no chilled water: its air at once
    assert over_s(hall, 2.0) < over_s(chw, 2.0) < ONSET_S + 60
    assert supply_c[:, fws].max() < run.plant.arrays.circuits.supply_limit_c[fws]
    assert max(state.gpu_temp_c.max() for state in after) < run.before.gpu_temp_c.max() + 5.0
    assert run.kpi["gpus_shut_down"] == run.events[0]["gpus_dark"] == 0


def test_a_ups_on_battery_drops_everything_when_it_is_empty_and_not_before() -> None:
    run = past("ups_on_battery")
    ups = run.plant.feed_names.index("ups")
    alive = [state.feed_live[ups] > 0.0 for state in run.truth[ONSET_S:]]
    feeds = run.plant.arrays.feeds
    held_j = feeds.battery_j[ups] * feeds.battery_efficiency[ups]
    assert sum(alive) == pytest.approx(held_j / run.before.feed_power_w[ups], rel=0.02)
    assert 300 < sum(alive) < 600  # five minutes at the rating, longer at part load
    assert run.events[0]["gpus_dark"] == 832
    np.testing.assert_array_equal(run.truth[-1].rack_power_w, 0.0)
    mechanical = run.plant.feed_names.index("mechanical")
    assert run.truth[-1].feed_live[mechanical] == 1.0
    np.testing.assert_array_equal(run.truth[-1].rack_flow_kg_per_s[:8], 0.0)


def test_chiller_loss_warms_its_water_first_and_the_hall_after_it() -> None:
    run = past("chiller_loss")
    hall, chw = (run.plant.circuit_names.index(name) for name in ("hall", "chw"))
    supply_c = np.array([state.circuit_supply_c for state in run.truth])
    assert run.events[0]["first_limit"]["id"] == "chw"
    assert run.events[0]["first_limit"]["after_s"] < 90.0

    def over(k: int) -> int:
        return int(np.argmax(supply_c[:, k] > supply_c[0, k] + 3.0))

    assert ONSET_S < over(chw) < over(hall)
    assert supply_c[-1, hall] > run.plant.arrays.circuits.supply_limit_c[hall]
    assert supply_c[-1, 3] == pytest.approx(40.0, abs=0.1)


def test_losing_facility_water_warms_the_loop_as_its_volume_says() -> None:
    run = past("facility_water_loss")
    loop = run.plant.circuit_names.index("cdu-1-tcs")
    heat_w = float(run.before.rack_liquid_heat_w[:4].sum() + run.before.circuit_mover_power_w[loop])
    held = held_j_per_k(run.plant, loop)
    seconds = 20
    rise_k = mean_c(run, run.truth[ONSET_S + seconds - 1], loop) - mean_c(run, run.before, loop)
    assert rise_k / seconds == pytest.approx(heat_w / held, rel=0.2)
    first = run.events[0]["first_limit"]
    assert (first["limit"], first["id"][:4]) == ("supply_c", "cdu-")
    assert run.events[0]["first_shutdown"]["after_s"] > 60.0
    assert (run.truth[-1].gpu_temp_c[576:] < 70.0).all()


def test_a_clogged_plate_heats_its_tray_alone() -> None:
    run = past("clogged_plate")
    warmer_k = run.truth[-1].gpu_temp_c - run.before.gpu_temp_c
    tray = run.gpus("a3-tray5-")
    assert tray.sum() == 4
    assert (warmer_k[tray] > 8.0).all()
    assert np.abs(warmer_k[~tray]).max() < 0.1
    assert run.truth[-1].rack_liquid_heat_w.sum() == pytest.approx(
        run.before.rack_liquid_heat_w.sum(), rel=1e-3
    )


def test_a_stuck_valve_warms_its_loop_and_then_the_racks_behind_it() -> None:
    run = past("stuck_valve")
    assert run.events[0]["first_limit"]["id"] == "cdu-1-tcs"
    valve = run.plant.exchanger_names.index("cdu-1")
    held = [state.exchanger_opening[valve] for state in run.truth[ONSET_S:]]
    assert set(held) == {0.1}
    assert run.truth[-1].gpu_temp_c[0] > run.before.gpu_temp_c[0] + 10.0
    assert run.truth[-1].circuit_supply_c[4] == pytest.approx(40.0, abs=0.1)


def test_a_leak_is_seen_at_once_and_its_rack_isolated_after_ten_seconds() -> None:
    run = past("leak")
    assert "rack_leak" not in run.frames[ONSET_S - 2].values
    np.testing.assert_array_equal(run.frames[ONSET_S].values["rack_leak"][:3], [0.0, 1.0, 0.0])
    power_w = np.array([state.rack_power_w[1] for state in run.truth])
    assert power_w[ONSET_S + 9] > 1e5
    assert (power_w[ONSET_S + 11 :] == 0.0).all()
    assert run.truth[-1].rack_flow_kg_per_s[1] < 1e-6
    assert run.events[0]["gpus_dark"] == 72


def test_failing_fans_heat_their_node_and_a_lost_room_unit_is_made_up_for() -> None:
    run = past("fan_failure")
    first, second = run.events
    assert first["first_limit"]["id"].startswith("b3-node1-")
    assert first["first_limit"]["after_s"] > 20.0
    warmer_k = run.truth[ONSET_S + 300].gpu_temp_c - run.before.gpu_temp_c
    node = run.gpus("b3-node1-")
    assert warmer_k[node].min() > 10.0
    assert warmer_k[~node].max() < 3.0
    assert second["first_limit"] is None
    units = run.truth[-1].exchanger_heat_w[4:]
    assert units[0] == 0.0
    assert units[1:] == pytest.approx(np.full(3, units[1]))
    assert run.truth[-1].circuit_supply_c[0] < 25.0


def test_biased_power_sensors_make_the_twin_believe_a_cooler_rack() -> None:
    run = past("sensor_bias")
    low = run.gpus("a2-")
    read_w = run.frames[-1].values["gpu_power_w"]
    np.testing.assert_allclose(read_w[low], run.truth[-1].gpu_power_w[low] - 150.0)
    np.testing.assert_array_equal(read_w[~low], run.truth[-1].gpu_power_w[~low])
    gap_k = run.truth[-1].gpu_temp_c - run.shots[-1].state.gpu_temp_c
    assert (gap_k[low] > 2.0).all()
    assert np.abs(gap_k[~low]).max() < 1.0
    np.testing.assert_allclose(run.truth[-1].gpu_temp_c, run.before.gpu_temp_c, atol=0.1)


def test_a_stuck_sensor_hides_the_loss_of_water() -> None:
    run = past("sensor_stuck")
    seen_c = np.array([frame.values["cdu_tcs_supply_c"] for frame in run.frames])
    loop = run.plant.circuit_names.index("cdu-1-tcs")
    assert seen_c[-1, 0] == seen_c[ONSET_S - 2, 0]
    assert run.truth[-1].circuit_supply_c[loop] > seen_c[-1, 0] + 20.0
    assert run.events[1]["first_limit"]["id"] == "cdu-1-tcs"


def test_an_open_breaker_darkens_one_rack_until_it_is_closed() -> None:
    run = past("breaker_trip")
    power_w = np.array([state.rack_power_w for state in run.truth])
    assert (power_w[ONSET_S : ONSET_S + 180, 3] == 0.0).all()
    assert (power_w[:, 2] > 1e5).all()
    assert power_w[-1, 3] == pytest.approx(power_w[0, 3], rel=1e-3)
    assert run.truth[ONSET_S + 179].gpu_temp_c[216] < run.before.gpu_temp_c[216] - 5.0


def test_a_hot_day_costs_water_and_power_but_no_limit() -> None:
    run = past("hot_day")
    assert run.events[0]["first_limit"] is None
    first, last = run.truth[ONSET_S - 1].ledger, run.truth[-1].ledger
    assert last.water_kg > first.water_kg
    assert last.energy_in_j > 1.01 * first.energy_in_j
    air_c: Floats = np.array([frame.values["dry_bulb_c"][0] for frame in run.frames])
    assert air_c[-1] - air_c[ONSET_S - 1] == pytest.approx(10.0, abs=1.0)


# A policy on the rig, and what is refused


def test_an_armed_policy_acts_on_the_rig() -> None:
    loose = past("facility_water_loss")
    world = opened("facility_water_loss", policies=("thermal_guard=armed",))
    shots = world.snapshots()
    for _ in range(ONSET_S + 120):
        shot = next(shots)
    assert shot.state.gpu_power_w.sum() < 0.95 * loose.truth[ONSET_S + 119].gpu_power_w.sum()


GOOD = """site: pilot
start: 2024-07-12T19:00:00Z
duration_s: 20
jobs: [{name: train, racks: [a1], share: 0.5}]
events:
  - {at_s: 5, kind: pump_trip, target: cdu-1}
"""


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("cdu-1", "cdu-9", ("events.0.target", "'cdu-9'", "cdu-1, cdu-2")),
        ("at_s: 5", "at_s: -5", ("events.0.at_s",)),
        ("at_s: 5", "at_s: 20", ("events.0.at_s", "before the end at 20 s")),
        ("at_s: 5", "at_s: .nan", ("events.0.at_s",)),
        ("kind: pump_trip, ", "", ("events.0", "kind missing, expected one of: breaker_trip")),
        ("duration_s: 20", "duration_s: 0.5", ("events.0.at_s",)),
        ("site: pilot", "site: nowhere", ("site", "no such site")),
        ("pump_trip", "pump_trap", ("events.0", "'pump_trip'")),
        ("target: cdu-1", "target: cdu-1, share: 1.5", ("events.0.share",)),
        ("target: cdu-1", "target: cdu-1, colour: red", ("events.0.colour", "unknown key")),
        (", target: cdu-1", "", ("events.0.target", "missing")),
        ("duration_s: 20", "duration_s: 0", ("duration_s",)),
        ("2024-07-12T19:00:00Z", "soon", ("start",)),
        ("[a1]", "[z1]", ("jobs.0.racks", "'z1'")),
        ("share: 0.5", "power_w: 5000", ("jobs.0.power_w", "at most 1200")),
        ("share: 0.5", "share: 0.5, power_w: 9", ("jobs.0", "one of power_w, share, profile")),
        ("site: pilot", "site: edge", ("site", "'edge'", "'pilot'")),
        (
            "share: 0.5}",
            "share: 0.5}, {name: two, gpus: [a1-tray0-gpu0], share: 1}",
            ("jobs.1", "'train'"),
        ),
        (
            "kind: pump_trip, target: cdu-1",
            "kind: sensor_bias, target: a1, signal: mood, offset: 1",
            ("events.0.signal", "'mood'"),
        ),
        (
            "kind: pump_trip, target: cdu-1",
            "kind: weather, dry_bulb_c: 10, wet_bulb_c: 20",
            ("events.0.wet_bulb_c",),
        ),
    ],
)
def test_a_scenario_that_cannot_be_is_one_line_naming_file_and_key(
    tmp_path: Path, old: str, new: str, named: tuple[str, ...]
) -> None:
    path = tmp_path / "mine.yaml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(InputError) as refused:
        opened(str(path))
    said = str(refused.value)
    assert "\n" not in said
    for word in (str(path), *named):
        assert word in said


@pytest.fixture
def whatif(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return the verb, run in this process."""

    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["whatif", *map(str, words)])
        return code, *capsys.readouterr()

    return run


def test_the_verb_reports_events_figures_and_digest(
    tmp_path: Path, whatif: Callable[..., tuple[int, str, str]]
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    code, out, _ = whatif(path, "--site", "pilot", "--out", tmp_path / "run", "--json")
    told = json.loads(out)
    assert code == 0
    assert told.keys() >= {"events", "kpi", "account", "digest"}
    assert told["events"][0]["time"] == "2024-07-12T19:00:05+00:00"
    assert told == json.loads((tmp_path / "run" / "whatif.json").read_text())
    figures = {"energy_j", "it_energy_j", "pue", "gpu_temp_max_c", "seconds_over", "water_kg"}
    assert figures <= told["kpi"].keys()


def test_the_verb_refuses_in_one_line_and_writes_nothing(
    tmp_path: Path, whatif: Callable[..., tuple[int, str, str]]
) -> None:
    for words in (("no_such",), ("pump_trip", "--dt", "999"), ("pump_trip", "--site", "edge")):
        code, out, err = whatif(*words, "--out", tmp_path / "other")
        assert (code, out, err.count("\n")) == (2, "", 1)
    assert not (tmp_path / "other").exists()


def test_a_whole_site_may_lose_its_power(
    tmp_path: Path, whatif: Callable[..., tuple[int, str, str]]
) -> None:
    path = tmp_path / "dark.yaml"
    path.write_text(GOOD.replace("pump_trip, target: cdu-1", "feed_loss, target: '*'"))
    code, out, _ = whatif(path, "--out", tmp_path / "run", "--json")
    assert code == 0
    assert json.loads(out)["events"][0]["gpus_dark"] == 832


def test_the_schema_of_scenarios_is_published() -> None:
    published = schemas()["scenario"]
    assert isinstance(published, dict)
    assert {"PumpTrip", "Weather"} <= published["$defs"].keys()


def test_a_scenario_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be resumed"):
        opened("pump_trip", resume=tmp_path / "state.npz")
