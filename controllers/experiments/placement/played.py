"""Jobs on a simulated site: who waits, who runs, how fast, and for what power."""

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from controllers.experiments.placement.choosers import Chooser
from controllers.experiments.placement.stream import Asked
from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.jobs.team import Team, first_team
from controllers.trials.stride import stride
from site_models.arrays import Flags, Floats, Ints
from site_models.kinds.workload import Workload
from site_models.plant import Plant
from twin.fabric.contention import Contention
from twin.fabric.span import trunk_rates
from twin.inputs import Outdoors
from twin.start import idle_inputs
from twin.state import MODELLED, Inputs, State
from twin.steady import steady
from twin.workload import workload

STEP_S = 60.0
SUBSTEPS = 4
"""Fifteen seconds each, the twin's own are of one: a week of minutes in half a minute. How far
that is from the twin's own is in ``tests/controllers/experiments/test_placement_week.py``."""
LOOKED_AT = 20
"""Jobs of the queue that are tried when the first has to wait: simple backfill."""
AGAIN_S = 600.0
"""A size that found no place is tried again when a job of its model ends, or after this."""
FULL = 1.0 - 1e-6


@dataclass(slots=True, eq=False)
class Run:
    """A job that runs."""

    asked: Asked
    team: Team
    ideal_per_s: float
    """Units a second side by side on an empty site."""
    left_s: float
    """Of its length, at that pace."""
    start_s: float
    pace: float = 1.0
    """At full clock with its share of the network, of the ideal. 0..1"""


class Done(NamedTuple):
    """A job that has ended. Seconds since the start."""

    asked: Asked
    start_s: float
    end_s: float


class Played:
    """A site, its queue and the jobs on it; moves a minute at a time.

    GPUs work at the pace of the slowest of their job, which clock and network set; their own
    thermal control acts in the step. A job keeps its place to its end. All but the chooser's
    draws is determined. Checked in ``tests/controllers/experiments/test_placement_week.py``.
    """

    def __init__(
        self,
        plant: Plant,
        jobs: tuple[Asked, ...],
        choose: Chooser,
        outdoors: Outdoors,
        start_s: float,
    ) -> None:
        self.at_s = 0.0
        self.plant = plant
        self.held = Allocations(plant)
        self.waiting = deque[Asked]()
        self.running: dict[str, Run] = {}
        self.done: list[Done] = []
        self.work_s = 0.0
        """GPU-seconds of work done so far, at full pace."""
        self.inputs = idle_inputs(plant, *outdoors(start_s))
        self.state = steady(plant, self.inputs, start_s)
        self.busy: Flags = np.zeros(len(plant.gpu_names), np.bool_)
        self._choose, self._outdoors = choose, outdoors
        self._coming = deque(jobs)
        self._asked_w = plant.arrays.gpus.idle_power_w.copy()
        self._contention = Contention(trunk_rates(plant))
        self._no_room: dict[str, tuple[int, float]] = {}

    def place(self) -> None:
        """Let jobs come, and start those of the queue that find a place."""
        while self._coming and self._coming[0].submit_s <= self.at_s:
            self.waiting.append(self._coming.popleft())
        for asked in list(self.waiting)[:LOOKED_AT]:
            least, since_s = self._no_room.get(asked.model, (asked.gpus + 1, self.at_s))
            if asked.gpus >= least and self.at_s < since_s + AGAIN_S:
                continue
            now_s = self.state.time_s
            free = self.held.free_share(now_s) >= 1.0
            places = self._choose(asked, free, self.state, self.inputs, self.held)
            if places is None:
                self._no_room[asked.model] = (asked.gpus, self.at_s)
                continue
            self.waiting.remove(asked)
            self._begin(asked, places, now_s)
        self._share_network()

    def advance(self) -> None:
        """Go on by a minute: power, heat, and the progress of every job."""
        plant = self.plant
        air = self._outdoors(self.state.time_s)
        self.inputs = self.inputs._replace(
            gpu_power_w=self._asked_w.copy(),
            gpu_power_basis=np.full(len(self._asked_w), MODELLED, np.int64),
            gpu_cap_w=plant.arrays.gpus.power_max_w, dry_bulb_c=air[0], wet_bulb_c=air[1],
        )  # fmt: skip
        self.state = stepped(plant, self.state, self.inputs)
        clock = np.where(self.state.gpu_off, 0.0, self.state.gpu_clock_ratio)
        for run in list(self.running.values()):
            self._progress(run, clock[run.team.gpus])
        self.at_s += STEP_S

    def _begin(self, asked: Asked, places: Ints, now_s: float) -> None:
        profile = _profile(asked.profile)
        team = first_team(profile, self.plant, places)
        run = Run(asked, team, _ideal_per_s(self.plant, asked), asked.length_s, self.at_s)
        power_w = self._full_pace(run)
        mean_w = float(power_w.mean())
        self.held.put(
            Allocation(asked.name, places, now_s, None, asked.profile, 1.0, mean_w), now_s
        )
        self.running[asked.name] = run
        self.busy[places] = True
        if team.use is not None:
            self._contention.start(asked.name, team.use)

    def _full_pace(self, run: Run) -> Floats:
        """Note what a job asks for at full clock and how fast it then is; return its powers."""
        full = np.ones(len(run.team.gpus))
        at = run.team.pace(full)
        run.pace = min(run.team.units_per_s(at) / run.ideal_per_s, 1.0)
        power_w = run.team.power_w(self.plant, at, full)
        self._asked_w[run.team.gpus] = power_w
        return power_w

    def _share_network(self) -> None:
        for run in self.running.values():
            if run.team.use is not None:
                team = run.team.at_rate(self.plant, self._contention.rate(run.asked.name))
                if team is not run.team:
                    run.team = team
                    self._full_pace(run)

    def _progress(self, run: Run, clock: Floats) -> None:
        pace = run.pace
        if clock.min() < FULL:
            pace = min(run.team.units_per_s(run.team.pace(clock)) / run.ideal_per_s, 1.0)
        done_s = min(STEP_S * pace, run.left_s)
        run.left_s -= done_s
        self.work_s += done_s * run.asked.gpus
        if run.left_s > 0.0:
            return
        asked, mine = run.asked, run.team.gpus
        del self.running[asked.name]
        self.held.release(asked.name)
        self.busy[mine] = False
        self._asked_w[mine] = self.plant.arrays.gpus.idle_power_w[mine]
        self._no_room.pop(asked.model, None)
        if run.team.use is not None:
            self._contention.end(asked.name)
        self.done.append(Done(asked, run.start_s, self.at_s + done_s / pace))


def stepped(plant: Plant, state: State, inputs: Inputs, substeps: int = SUBSTEPS) -> State:
    """Return the state a minute later, in fewer substeps than the twin's own step takes."""
    return stride(plant, state, inputs, STEP_S, substeps)


@lru_cache(maxsize=16)
def _profile(name: str) -> Workload:
    return workload(name)


@lru_cache(maxsize=256)
def _ideal(plant: Plant, profile: str, model: str, gpus: int) -> float:
    first = np.flatnonzero(np.array(plant.gpu_model) == model)[:gpus].astype(np.int64)
    team = first_team(_profile(profile), plant, first)
    return team.units_per_s(team.pace(np.ones(gpus)))


def _ideal_per_s(plant: Plant, asked: Asked) -> float:
    """Return the rate of the same number of GPUs side by side, at full clock."""
    return _ideal(plant, asked.profile, asked.model, asked.gpus)
