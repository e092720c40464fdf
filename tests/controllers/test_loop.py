"""The loop: time, gaps, digests, and going on from a stored run bit for bit."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from controllers.actuators.nobody import Nobody
from controllers.checkpoint import resume, store
from controllers.learner import Learner
from controllers.loop import Loop, begun
from controllers.policies.power_budget import PowerBudget
from controllers.policies.thermal_guard import ThermalGuard
from controllers.policy import Decision, Policy, View
from controllers.snapshot import LONGEST_STEP_S, Snapshot
from controllers.supervision.supervisor import Supervisor
from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.frame import Frame
from tests.fakes.small_plant import START_S, small_inputs, small_plant, small_state
from tests.fakes.small_run import believe_frame, full_load, rig_of

PLANT = small_plant()
POLICIES: dict[str, Policy] = {
    "thermal_guard": ThermalGuard(limit_c=60.0),
    "power_budget": PowerBudget(site_limit_w=60e3),
}


class Played:
    """A source of given frames."""

    def __init__(self, frames: Iterable[Frame]) -> None:
        self._frames = iter(frames)

    @property
    def axes(self) -> Mapping[str, Sequence[str]]:
        return {"gpu": PLANT.gpu_names}

    def read(self) -> Frame | None:
        return next(self._frames, None)


def frames(count: int = 40) -> list[Frame]:
    rng = np.random.default_rng(3)
    made = []
    for i in range(1, count + 1):
        power_w = full_load(PLANT) * rng.uniform(0.2, 1.0, 48)
        power_w[rng.integers(48)] = np.nan
        made.append(Frame(START_S + i, {"gpu_power_w": power_w}))
    return made


def looped(played: Iterable[Frame], supervisor: Supervisor | None = None) -> Loop:
    if supervisor is None:
        supervisor = Supervisor(PLANT, POLICIES, Nobody(PLANT))
    start = begun(PLANT, small_state(PLANT), small_inputs(PLANT))
    return Loop(PLANT, Played(played), believe_frame, supervisor, start)


def at(*seconds: float) -> list[Frame]:
    return [Frame(START_S + s, {"gpu_power_w": full_load(PLANT, 0.5)}) for s in seconds]


def test_one_snapshot_a_frame_with_the_time_between() -> None:
    seen = list(looped(at(1.0, 2.0, 5.0)))
    assert [s.tick for s in seen] == [1, 2, 3]
    assert [s.dt_s for s in seen] == [1.0, 1.0, 3.0]
    assert [s.state.time_s for s in seen] == [s.frame.time_s for s in seen]
    assert all(s.health == () for s in seen)


def test_a_first_frame_at_the_states_own_time_is_taken_without_a_step() -> None:
    seen = list(looped(at(0.0, 1.0)))
    assert [s.dt_s for s in seen] == [0.0, 1.0]
    np.testing.assert_array_equal(seen[0].state.gpu_temp_c, small_state(PLANT).gpu_temp_c)


def test_time_that_does_not_advance_is_left_out_and_counted() -> None:
    seen = list(looped(at(1.0, 1.0, 0.5, 2.0)))
    assert [s.frame.time_s - START_S for s in seen] == [1.0, 2.0]
    assert seen[-1].health == ("2 frames left out: time did not advance",)


def test_a_gap_is_stepped_and_said() -> None:
    seen = list(looped(at(1.0, 301.0, 302.0)))
    assert "gap of 300 s" in seen[1].health[0]
    assert seen[2].health == ()
    rest = list(looped(at(1.0, 10 * LONGEST_STEP_S)))[-1]
    assert "1800 s of it stepped" in rest.health[0]
    assert rest.state.time_s == START_S + 10 * LONGEST_STEP_S


def test_the_same_frames_and_policies_decide_the_same_bit_for_bit() -> None:
    one, other = list(looped(frames())), list(looped(frames()))
    assert one[-1].digest == other[-1].digest
    for a, b in zip(one, other, strict=True):
        assert a.decision.gpu_cap_w.tobytes() == b.decision.gpu_cap_w.tobytes()
        assert a.decision.reason == b.decision.reason


@pytest.mark.parametrize("change", ["frame", "policy", "start"])
def test_any_difference_changes_the_digest(change: str) -> None:
    first = list(looped(frames()))[-1].digest
    played, supervisor = frames(), Supervisor(PLANT, POLICIES, Nobody(PLANT))
    if change == "frame":
        played[3].values["gpu_power_w"][0] += 1e-9
    if change == "policy":
        supervisor.set_mode("thermal_guard", "off", START_S, "test")
    loop = looped(played, supervisor)
    if change == "start":
        warmer = small_state(PLANT)._replace(circuit_supply_c=np.array([23.0, 40.5, 34.0, 15.0]))
        loop.progress = loop.progress._replace(state=warmer)
    assert list(loop)[-1].digest != first


@pytest.mark.parametrize("stop", [1, 17, 39])
def test_a_run_interrupted_and_resumed_ends_in_the_same_digest(stop: int, tmp_path: Path) -> None:
    whole = list(looped(frames()))[-1]
    first = looped(frames()[:stop])
    list(first)
    store(tmp_path / "run.npz", first)
    supervisor = Supervisor(PLANT, POLICIES, Nobody(PLANT))
    second = looped(frames()[stop:], supervisor)
    second.progress = resume(tmp_path / "run.npz", PLANT, supervisor)
    last = list(second)[-1]
    assert last.digest == whole.digest
    assert last.tick == whole.tick
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_a_rig_resumed_from_its_state_goes_on_the_same(tmp_path: Path) -> None:
    def run(state_s: float, rig_state: Snapshot | None, seconds: float) -> list[Snapshot]:
        state = None if rig_state is None else rig_state.state
        rig = rig_of(PLANT, full_load(PLANT), seconds, state=state)
        return list(Loop(PLANT, rig, believe_frame, Supervisor(PLANT, {}, rig),
                         begun(PLANT, rig.state, small_inputs(PLANT))))  # fmt: skip

    whole = run(0.0, None, 40.0)
    half = run(0.0, None, 20.0)
    rest = run(20.0, half[-1], 40.0)
    assert rest[-1].state.gpu_temp_c.tobytes() == whole[-1].state.gpu_temp_c.tobytes()


def test_a_stored_run_of_another_site_or_policy_is_refused(tmp_path: Path) -> None:
    path, loop = tmp_path / "run.npz", looped(frames(3))
    list(loop)
    store(path, loop)
    other = Supervisor(PLANT, {"thermal_guard": ThermalGuard(limit_c=70.0)}, Nobody(PLANT))
    with pytest.raises(InputError, match="policies is"):
        resume(path, PLANT, other)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InputError, match="expected a stored run"):
        resume(path, PLANT, Supervisor(PLANT, POLICIES, Nobody(PLANT)))
    with pytest.raises(InputError, match="expected a stored run"):
        resume(tmp_path / "none.npz", PLANT, Supervisor(PLANT, POLICIES, Nobody(PLANT)))


def test_a_file_arms_nothing(tmp_path: Path) -> None:
    armed = Supervisor(PLANT, POLICIES, Nobody(PLANT), {"thermal_guard": "armed"})
    loop = looped(frames(3), armed)
    list(loop)
    store(tmp_path / "run.npz", loop)
    plain = Supervisor(PLANT, POLICIES, Nobody(PLANT))
    resume(tmp_path / "run.npz", PLANT, plain)
    assert [s.mode for s in plain.standings()] == ["advise", "shadow"]


class Watcher:
    """A policy that notes what it saw."""

    def __init__(self) -> None:
        self.views: list[View] = []

    def start(self, plant: Plant) -> tuple[()]:
        return ()

    def decide(self, view: View, memory: tuple[()]) -> tuple[Decision, tuple[()]]:
        self.views.append(view)
        return Decision(view.plant.arrays.gpus.power_max_w.copy(), ""), ()


def test_a_policy_sees_no_nan_and_knows_how_old_each_reading_is() -> None:
    quiet = at(1.0, 2.0, 3.0, 4.0)
    for frame in quiet[1:]:
        frame.values["gpu_power_w"][7] = np.nan
    watcher = Watcher()
    list(looped(quiet, Supervisor(PLANT, {"w": watcher}, Nobody(PLANT))))
    for view in watcher.views:
        for values in (*view.inputs[:2], view.state.gpu_temp_c, view.state.gpu_power_w):
            assert np.isfinite(values).all()
    ages = [view.gpu_age_s[7] for view in watcher.views]
    assert ages == [0.0, 1.0, 2.0, 3.0]
    assert watcher.views[-1].gpu_age_s[6] == 0.0


def test_a_meter_speaks_for_gpus_that_never_spoke_and_not_for_silent_ones() -> None:
    first_w, meter_w = full_load(PLANT), np.full(10, 3000.0)
    first_w[32:] = np.nan
    told = [
        Frame(START_S + 1.0, {"gpu_power_w": first_w, "node_power_w": meter_w}),
        Frame(START_S + 2.0, {"gpu_power_w": np.full(48, np.nan), "node_power_w": meter_w}),
    ]
    watcher = Watcher()
    list(looped(told, Supervisor(PLANT, {"w": watcher}, Nobody(PLANT))))
    assert (watcher.views[1].gpu_age_s[:32] == 1.0).all()
    assert (watcher.views[1].gpu_age_s[32:] == 0.0).all()


def warm_frames(count: int = 40) -> list[Frame]:
    """Frames with temperatures that are off by some kelvin, and a few without any."""
    told = frames(count)
    for k, frame in enumerate(told):
        if k % 7:
            temp_c = 60.0 + 5.0 * np.sin(0.3 * k + np.arange(48.0))
            frame.values["gpu_temp_c"] = np.where(np.arange(48) == k, np.nan, temp_c)  # type: ignore[index]
    return told


def learning(played: Iterable[Frame], supervisor: Supervisor | None = None) -> Loop:
    if supervisor is None:
        supervisor = Supervisor(PLANT, POLICIES, Nobody(PLANT))
    start = begun(PLANT, small_state(PLANT), small_inputs(PLANT))
    learner = Learner(PLANT)
    return Loop(PLANT, Played(played), believe_frame, supervisor, start, learner=learner)


def test_a_learning_run_resumed_ends_in_the_digest_of_the_whole(tmp_path: Path) -> None:
    whole = learning(warm_frames())
    last = list(whole)[-1]
    assert whole.progress.learned.rise_k.any()
    first = learning(warm_frames()[:23])
    list(first)
    store(tmp_path / "run.npz", first)
    supervisor = Supervisor(PLANT, POLICIES, Nobody(PLANT))
    second = learning(warm_frames()[23:], supervisor)
    second.progress = resume(tmp_path / "run.npz", PLANT, supervisor)
    assert list(second)[-1].digest == last.digest
    for a, b in zip(second.progress.learned.watch, whole.progress.learned.watch, strict=True):
        assert a.tobytes() == b.tobytes()


def test_readings_draw_the_belief_and_stand_in_no_ledger() -> None:
    plain, drawn = list(looped(warm_frames())), list(learning(warm_frames()))
    for shot in drawn:
        assert shot.state.ledger.balance_error < 1e-9
    told_c = warm_frames()[-1].values["gpu_temp_c"]
    off_k = [np.nanmean(np.abs(run[-1].state.gpu_temp_c - told_c)) for run in (plain, drawn)]
    assert off_k[1] < 0.6 * off_k[0]


def test_without_temperatures_a_learner_changes_nothing() -> None:
    loop = learning(frames())
    assert list(loop)[-1].digest == list(looped(frames()))[-1].digest
    assert not loop.progress.learned.rise_k.any()


def test_a_reading_colder_than_the_coolant_corrects_nothing() -> None:
    told = frames(5)
    for frame in told:
        frame.values["gpu_temp_c"] = np.zeros(48)  # type: ignore[index]
    assert list(learning(told))[-1].state.gpu_temp_c.min() > 20.0
