"""Policies, frames and devices at their worst, and what must hold all the same.

`python -m tests.fakes.under_fire COUNT SEED FOLDER` plays trials against the imitated driver in
FOLDER, through the real binding, and prints what it found as JSON.
"""

import contextlib
import json
import math
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from controllers.actuators.admit import Rules
from controllers.actuators.guard import Guard, Owed
from controllers.actuators.ledger import Ledger
from controllers.actuators.nvml import NvmlActuator
from controllers.actuators.nvml_door import Device, NvmlDoor
from controllers.actuators.watchdog import Served
from controllers.policy import Decision, Facility, JobOn, Mode, View
from controllers.supervision.supervisor import Supervisor
from site_models.arrays import Floats
from site_models.plant import Plant
from tests.fakes.fake_door import Killed
from tests.fakes.nvml.imitation import GONE, Imitation
from tests.fakes.small_plant import small_plant, small_state
from tests.fakes.small_run import view_of

PLANT = small_plant()
GPUS, HERE = len(PLANT.gpu_names), 4
STATE = small_state(PLANT, 0.3)
RULES = Rules(decide_s=0.02, depart_s=4.0)
JOBS = (
    JobOn("rigid", np.arange(4, dtype=np.int64)),
    JobOn("loose", np.arange(4, 12, dtype=np.int64), preemptible=True),
)
KINDS = ("cap", "each", "clock", "both", "zero", "huge", "nan", "inf", "shape", "whole", "raise",
         "exit", "none", "ghost", "rigid", "pause", "facility", "wild", "hang")  # fmt: skip
FAULTS = ("", "lose", "back", "deny", "allow")
ENDS = ("cut", "silence", "close", "watchdog", "expire")


class Tick(NamedTuple):
    """One frame, what each of two policies answers, and what happens to a device before."""

    dt_s: float
    kinds: tuple[str, str]
    number: float
    """0..1: how far a cap or a clock is asked down."""
    age_s: float = 0.0
    broken: bool = False
    """The believed state holds a NaN."""
    silent: int = -1
    """GPU without a fresh reading; -1: none."""
    load: float = 0.3
    fault: str = ""
    gpu: int = 0


class Trial(NamedTuple):
    """A run and how it ends."""

    ticks: tuple[Tick, ...]
    end: str
    at: int
    """Byte of the last message, or call of the driver, at which the killed process stops."""


class Found(NamedTuple):
    """What a trial came to."""

    faults: tuple[str, ...]
    writes: int
    restored_s: float
    """From the end until every GPU was as it came, by the trial's clock."""


@dataclass(frozen=True)
class Fires:
    """A policy that answers what the trial says, tick by tick."""

    which: int
    ticks: tuple[Tick, ...]

    def start(self, plant: Plant) -> int:
        return 0

    def decide(self, view: View, memory: int) -> tuple[Decision, int]:
        tick = self.ticks[round(view.inputs.wet_bulb_c)]
        return _answer(tick.kinds[self.which], tick.number, memory), memory + 1


def _answer(kind: str, number: float, memory: int) -> Any:
    """Return what a kind of policy answers; some do not."""
    most_w = PLANT.arrays.gpus.power_max_w
    caps: Mapping[str, Any] = {
        "cap": most_w * number,
        "each": most_w * np.modf(number * np.arange(1.0, GPUS + 1.0))[0],
        "zero": np.zeros(GPUS),
        "huge": np.full(GPUS, 1e9),
        "nan": np.where(np.arange(GPUS) == 3, np.nan, most_w),
        "inf": np.full(GPUS, np.inf),
        "shape": most_w[:-1],
        "whole": np.zeros(GPUS, dtype=np.int64),
        "both": most_w * number,
    }
    if kind == "raise":
        raise ValueError("a policy")
    if kind == "exit":
        raise SystemExit(7)
    if kind == "hang":
        time.sleep(0.05)
    if kind == "none":
        return None
    clock: Floats | None = np.full(GPUS, number) if kind in ("clock", "both") else None
    pauses = {"ghost": {"nobody"}, "rigid": {"rigid"}, "pause": {"loose"}}
    wish = 20.0 + 40.0 * number if kind == "facility" else 1e12
    facility = Facility(
        np.full(len(PLANT.exchanger_names), wish), np.full(len(PLANT.circuit_names), number + 0.1)
    )
    return Decision(
        caps.get(kind, most_w),
        kind,
        clock,
        facility if kind in ("facility", "wild") else None,
        frozenset(pauses.get(kind, ())),
    )


class Clock:
    """The trial's time, for the guard both wall and steady."""

    def __init__(self) -> None:
        self.s = 1e6

    def __call__(self) -> float:
        return self.s


class Counted(NvmlDoor):
    """The real door, whose process can be killed at any call of the driver."""

    left = math.inf

    def _call(self, what: str, *arguments: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise Killed
        return super()._call(what, *arguments)

    def set_cap(self, uuid: str, cap_w: float) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed
        super().set_cap(uuid, cap_w)


class HereActuator(NvmlActuator):
    """The actuator with its watchdog in the same process, by the same bytes."""

    def __init__(self, folder: Path, clock: Clock, door: Counted) -> None:
        self.door, self.clock, self.folder = door, clock, folder
        self.ledger = Ledger(folder / "ledger")
        self.cut: int | None = None
        super().__init__(PLANT, folder, RULES.deadman_s)

    def _start(self) -> list[Device]:
        self.guard = self.guard_again()
        self.guard.restore()
        self._served = Served(self.guard)
        return list(self.guard.devices.values())

    def guard_again(self) -> Guard:
        """Return a guard as a watchdog that starts now has it."""
        owed = Owed(self.folder / "owed")
        return Guard(
            self.door, self.ledger, owed, RULES.deadman_s, self.clock, self.clock, lanes=False
        )

    def _asked(self, question: dict[str, Any]) -> dict[str, Any]:
        line = json.dumps({**question, "id": 0}).encode() + b"\n"
        if self.cut is not None and question["do"] == "apply":
            self._served.take(line[: self.cut % len(line)])
            raise Killed
        (answer,) = self._served.take(line)
        return answer


class Range:
    """An imitated driver with some boards in the first seats of the plant, ever again as new."""

    def __init__(self, driver: Imitation) -> None:
        self.driver = driver
        for k in range(HERE):
            driver.gpus[k].uuid = PLANT.gpu_names[k].encode()

    def renew(self) -> None:
        """Put everything back to how the boards came."""
        self.driver.state.may_write = 1
        for gpu in self.driver.gpus[:HERE]:
            gpu.lost, gpu.limit_mw, gpu.wave_s = 0, gpu.limit_default_mw, 0.0
            gpu.locked_min_mhz = gpu.locked_max_mhz = 0
        self.driver.log_path.write_text("")

    def caps_w(self) -> list[float]:
        """Return the limits in force."""
        return [gpu.limit_mw / 1e3 for gpu in self.driver.gpus[:HERE]]

    def restored(self) -> bool:
        """Say whether all boards that answer are as they came."""
        return all(
            gpu.limit_mw == gpu.limit_default_mw and not gpu.locked_max_mhz
            for gpu in self.driver.gpus[:HERE]
            if not gpu.lost
        )


def played(ground: Range, trial: Trial, folder: Path) -> Found:
    """Play a trial and return what did not hold of all that must."""
    ground.renew()
    clock, door = Clock(), Counted()
    actuator = HereActuator(folder, clock, door)
    policies = {"a": Fires(0, trial.ticks), "b": Fires(1, trial.ticks)}
    modes: dict[str, Mode] = dict.fromkeys(policies, "armed")
    supervisor = Supervisor(PLANT, policies, actuator, modes, RULES)
    faults: list[str] = []
    seen = 0
    try:
        for number, tick in enumerate(trial.ticks):
            _wait(clock, actuator.guard, tick.dt_s)
            _befall(ground, tick)
            seen = len(ground.driver.writes())
            last = number == len(trial.ticks) - 1
            if last and trial.end == "cut":
                actuator.cut = trial.at
            if last and trial.end == "watchdog":
                door.left = trial.at % 60
            before_w = ground.caps_w()
            supervisor.rule(_view(clock.s, number, tick))
            faults += _wrong(ground, tick, seen, before_w, number)
            for name in policies:  # taken out once, it is put back: the next tick tries again
                supervisor.set_mode(name, "armed", clock.s, "trial")
    except Killed:
        pass
    restored_s = _ended(ground, actuator, supervisor, trial, faults)
    writes = ground.driver.writes()
    faults += _unaudited(actuator, writes, trial)
    faults += [f"outside limits: {one}" for one in writes if _outside(one)]
    return Found(tuple(faults), len(writes), restored_s)


def _view(time_s: float, number: int, tick: Tick) -> View:
    state = small_state(PLANT, tick.load)._replace(time_s=time_s)
    if tick.broken:
        hot_c = state.gpu_temp_c.copy()
        hot_c[number % GPUS] = np.nan
        state = state._replace(gpu_temp_c=hot_c)
    age_s = np.zeros(GPUS)
    if tick.silent >= 0:
        age_s[tick.silent % GPUS] = np.inf
    view = view_of(PLANT, state, tick.dt_s)
    inputs = view.inputs._replace(wet_bulb_c=float(number))
    return replace(view, inputs=inputs, frame_age_s=tick.age_s, gpu_age_s=age_s, jobs=JOBS)


def _wait(clock: Clock, guard: Guard, seconds: float) -> None:
    """Let time pass; the watchdog looks at its order once a second."""
    end_s = clock.s + seconds
    while clock.s < end_s:
        clock.s = min(clock.s + 1.0, end_s)
        guard.look()


def _befall(ground: Range, tick: Tick) -> None:
    gpu = ground.driver.gpus[tick.gpu % HERE]
    if tick.fault == "lose":
        gpu.lost = GONE
    elif tick.fault == "back":
        gpu.lost = 0
    elif tick.fault in ("deny", "allow"):
        ground.driver.state.may_write = int(tick.fault == "allow")


def _wrong(ground: Range, tick: Tick, seen: int, before_w: list[float], number: int) -> list[str]:
    """Return what a tick wrote that it may not."""
    wrong = []
    blind = tick.age_s > RULES.stale_s or tick.broken
    silent = PLANT.gpu_names[tick.silent % GPUS] if tick.silent >= 0 else ""
    for what, uuid, first, second, result in ground.driver.writes()[seen:]:
        k = PLANT.gpu_names.index(uuid)
        default = ground.driver.gpus[k].limit_default_mw
        restoring = what == "reset_clocks" or (what == "power_limit" and first == default)
        if restoring:
            if what == "power_limit" and result == 0:
                before_w[k] = default / 1e3  # rates count from what a device holds by then
            continue
        if blind:
            wrong.append(f"tick {number}: {what} {uuid} {first} {second} on data not to be used")
        if uuid == silent:
            wrong.append(f"tick {number}: {what} {uuid} {first} without a reading of it")
        rise_w = first / 1e3 - before_w[k]
        fast = rise_w > RULES.rise_w_per_s * tick.dt_s + 0.01
        fast |= -rise_w > RULES.fall_w_per_s * tick.dt_s + 0.01
        if what == "power_limit" and result == 0 and fast:
            wrong.append(f"tick {number}: {uuid} moved {rise_w:.1f} W in {tick.dt_s:.2f} s")
    return wrong


def _outside(write: tuple[str, str, int, int, int]) -> bool:
    what, _, first, second, result = write
    if what == "power_limit":
        return result == 2 or second != 0
    return what == "locked_clocks" and not (first == 0 and 1 <= second <= 1980)


def _unaudited(
    actuator: HereActuator, writes: list[tuple[str, str, int, int, int]], trial: Trial
) -> list[str]:
    """Return how what was written differs from what the ledger says."""
    path = actuator.folder / "ledger"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    asked = [line["target"] for line in lines if line["result"] == "asked"]
    made = [uuid for _, uuid, _, _, _ in writes]
    if asked == made:
        return []
    if trial.end == "watchdog":  # the one it was killed in is noted and not made
        missing = len(asked) - len(made)
        if missing == 1 and all(name in asked for name in made):
            return []
    # a lost board's writes do not reach it; they are noted and refused
    refused = [line["target"] for line in lines if line["result"].startswith("refused")]
    return [] if len(asked) - len(made) <= len(refused) else [f"{len(made)} writes, {asked} noted"]


def _ended(
    ground: Range, actuator: HereActuator, supervisor: Supervisor, trial: Trial, faults: list[str]
) -> float:
    """End as the trial says; note and return how long until everything was as it came."""
    clock, guard = actuator.clock, actuator.guard
    actuator.cut, actuator.door.left = None, math.inf
    ground.driver.state.may_write = 1
    began_s = clock.s
    if trial.end in ("cut", "close"):
        guard.restore()  # what a watchdog does when the pipe ends
    elif trial.end == "watchdog":
        guard = actuator.guard_again()
        guard.restore()
    elif trial.end == "expire":
        with contextlib.suppress(OSError):  # a board is lost: the guard goes on trying
            actuator.expire(clock.s)
    while not ground.restored() and clock.s - began_s <= 2.0 * RULES.deadman_s:
        clock.s += 0.5
        guard.look()
    restored_s = clock.s - began_s
    if not ground.restored() or restored_s > RULES.deadman_s:
        faults.append(f"{trial.end}: not as it came after {restored_s:.1f} s")
    for gpu in ground.driver.gpus[:HERE]:
        gpu.lost = 0
    clock.s += RULES.deadman_s
    guard.look()
    if not ground.restored():
        faults.append(f"{trial.end}: a board that came back was not restored")
    return restored_s


def random_trial(chance: np.random.Generator) -> Trial:
    """Return a trial of a few ticks."""
    return Trial(
        tuple(_random_tick(chance) for _ in range(int(chance.integers(1, 7)))),
        str(chance.choice(ENDS)),
        int(chance.integers(0, 4000)),
    )


def _random_tick(chance: np.random.Generator) -> Tick:
    weights = np.array([8.0] * 4 + [1.0] * 14 + [0.05])
    kinds = chance.choice(KINDS, 2, p=weights / weights.sum())
    return Tick(
        dt_s=float(chance.choice([0.1, 1.0, 5.0, 40.0], p=[0.2, 0.6, 0.15, 0.05])),
        kinds=(str(kinds[0]), str(kinds[1])),
        number=float(chance.random()),
        age_s=float(chance.choice([0.0, 11.0, 1e9], p=[0.9, 0.05, 0.05])),
        broken=bool(chance.random() < 0.05),
        silent=int(chance.integers(0, HERE)) if chance.random() < 0.2 else -1,
        load=float(chance.random()),
        fault=str(chance.choice(FAULTS, p=[0.7, 0.1, 0.1, 0.05, 0.05])),
        gpu=int(chance.integers(0, HERE)),
    )


def main(count: int, seed: int, driver_folder: Path) -> None:
    """Play trials and print what they found."""
    ground = Range(Imitation(driver_folder, HERE))
    chance = np.random.default_rng(seed)
    faults: list[str] = []
    writes, longest_s, began_s = 0, 0.0, time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for k in range(count):
            mine = Path(folder) / str(k % 64)
            for old in mine.glob("*"):
                old.unlink()
            mine.mkdir(exist_ok=True)
            trial = random_trial(chance)
            found = played(ground, trial, mine)
            faults += [f"trial {k}: {fault}" for fault in found.faults]
            writes, longest_s = writes + found.writes, max(longest_s, found.restored_s)
    report = {"trials": count, "faults": len(faults), "first": faults[:5], "writes": writes}
    report |= {"restored_s": longest_s, "wall_s": time.perf_counter() - began_s}
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
