"""A site that runs a stream of jobs for days, a minute at a time."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from controllers.allocations import Allocation, Allocations
from controllers.experiments.placement.choosers import Chooser
from controllers.experiments.placement.stream import Asked
from controllers.team import Team, team_of
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant
from twin.inputs import Outdoors
from twin.physics.clocks import HW_SLOWDOWN, HW_THERMAL, SW_THERMAL
from twin.start import idle_inputs
from twin.state import MODELLED
from twin.steady import steady
from twin.step import step
from twin.workload import workload

STEP_S = 60.0
HEAT = SW_THERMAL | HW_THERMAL | HW_SLOWDOWN
LOOKED_AT = 20
"""Jobs of the queue that are tried when the first has to wait: simple backfill."""


@dataclass(slots=True, eq=False)
class _Runs:
    asked: Asked
    team: Team
    ideal_per_s: float
    left_s: float
    """Of its length, at full speed."""
    start_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Week:
    """What came of it."""

    gpu_temp_max_c: float
    throttled_gpu_h: float
    """GPU-hours of busy GPUs that their own temperature slowed down."""
    row_peak_w: float
    stranded_w: float
    """Mean of the power that free GPUs could draw but for a rack's or row's limit."""
    mean_slowdown: float
    """Mean over finished jobs of the time run over the time at full speed, less 1."""
    mean_wait_s: float
    energy_per_gpu_h_j: float
    """Site energy of a GPU-hour of finished work."""
    finished: int
    hourly_c: Floats
    """Hottest GPU of each hour."""
    hourly_row_w: Floats
    """Most that any row drew in each hour."""


def run_week(
    plant: Plant,
    jobs: tuple[Asked, ...],
    choose: Chooser,
    outdoors: Outdoors,
    start_s: float,
    span_s: float,
) -> Week:
    """Play a stream under one chooser; everything but the chooser's own draws is determined.

    GPUs work at the pace of the slowest of their job, which clock and network set; their own
    thermal control acts in the step. A job whose place is chosen keeps it to its end.
    """
    played = _Played(plant, jobs, choose, outdoors, start_s)
    while played.at_s < span_s - 1e-6:
        played.place()
        played.advance()
    return played.week()


class _Played:
    """The site, its queue and what was noted so far."""

    def __init__(
        self,
        plant: Plant,
        jobs: tuple[Asked, ...],
        choose: Chooser,
        outdoors: Outdoors,
        start_s: float,
    ) -> None:
        self.at_s = 0.0
        self._plant, self._choose, self._outdoors = plant, choose, outdoors
        self._held = Allocations(plant)
        self._coming, self._waiting = deque(jobs), deque[Asked]()
        self._running: list[_Runs] = []
        self._inputs = idle_inputs(plant, *outdoors(start_s))
        self._state = steady(plant, self._inputs, start_s)
        self._hottest: list[float] = []
        self._row_peak: list[float] = []
        self._stranded: list[float] = []
        self._slowdowns: list[float] = []
        self._waits: list[float] = []
        self._throttled_h = self._energy_j = self._work_h = 0.0

    def place(self) -> None:
        """Let jobs come, and start those of the queue that find a place."""
        while self._coming and self._coming[0].submit_s <= self.at_s:
            self._waiting.append(self._coming.popleft())
        for asked in list(self._waiting)[:LOOKED_AT]:
            now_s = self._state.time_s
            free = self._held.free_share(now_s) >= 1.0
            places = self._choose(asked, free, self._state, self._inputs, self._held)
            team = None if places is None else _team(self._plant, asked, places)
            if places is None or team is None:
                continue
            self._waiting.remove(asked)
            self._waits.append(self.at_s - asked.submit_s)
            self._held.put(Allocation(asked.name, places, now_s, None, asked.profile), now_s)
            ideal = _best_rate(self._plant, asked, places)
            self._running.append(_Runs(asked, team, ideal, asked.length_s, self.at_s))

    def advance(self) -> None:
        """Go on by a step: power, heat, and the progress of every job."""
        plant, gpus = self._plant, self._plant.arrays.gpus
        asked_w = gpus.idle_power_w.copy()
        for run in self._running:
            full = np.ones(len(run.team.gpus))
            asked_w[run.team.gpus] = run.team.power_w(plant, run.team.pace(full), full)
        air = self._outdoors(self._state.time_s)
        self._inputs = self._inputs._replace(
            gpu_power_w=asked_w, gpu_power_basis=np.full(len(asked_w), MODELLED, np.int64),
            gpu_cap_w=gpus.power_max_w, dry_bulb_c=air[0], wet_bulb_c=air[1],
        )  # fmt: skip
        self._state = step(plant, self._state, self._inputs, STEP_S)
        self.at_s += STEP_S
        busy = np.zeros(len(asked_w), np.bool_)
        for run in list(self._running):
            busy[run.team.gpus] = True
            self._progress(run)
        self._note(busy)

    def _progress(self, run: _Runs) -> None:
        state, mine, asked = self._state, run.team.gpus, run.asked
        clock = np.where(state.gpu_off[mine], 0.0, state.gpu_clock_ratio[mine])
        rate = run.team.units_per_s(run.team.pace(clock)) / run.ideal_per_s
        run.left_s -= STEP_S * min(rate, 1.0)
        if run.left_s <= 0.0:
            self._running.remove(run)
            self._held.release(asked.name)
            self._slowdowns.append((self.at_s - run.start_s) / asked.length_s - 1.0)
            self._work_h += asked.gpus * asked.length_s / 3600.0

    def _note(self, busy: Flags) -> None:
        plant, state = self._plant, self._state
        slowed = busy & ((state.gpu_event_reasons & HEAT) != 0)
        self._throttled_h += float(slowed.sum()) * STEP_S / 3600.0
        self._energy_j += state.ledger.energy_in_j
        self._hottest.append(float(state.gpu_temp_c.max()))
        rows = np.bincount(plant.arrays.racks.row, state.rack_power_w)
        self._row_peak.append(float(rows.max()))
        self._stranded.append(_stranded_w(plant, state.rack_power_w, busy))

    def week(self) -> Week:
        """Return what came of it so far."""
        return Week(
            gpu_temp_max_c=max(self._hottest),
            throttled_gpu_h=self._throttled_h,
            row_peak_w=max(self._row_peak),
            stranded_w=float(np.mean(self._stranded)),
            mean_slowdown=_mean(self._slowdowns),
            mean_wait_s=_mean(self._waits),
            energy_per_gpu_h_j=self._energy_j / max(self._work_h, 1e-9),
            finished=len(self._slowdowns),
            hourly_c=_hourly(self._hottest),
            hourly_row_w=_hourly(self._row_peak),
        )


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _team(plant: Plant, asked: Asked, places: Ints) -> Team | None:
    return team_of(workload(asked.profile), plant, places)


def _best_rate(plant: Plant, asked: Asked, places: Ints) -> float:
    """Return the rate of the same number of GPUs side by side, at full clock."""
    model = np.array(plant.gpu_model)
    first = np.flatnonzero(model == asked.model)[: len(places)].astype(np.int64)
    team = _team(plant, asked, first)
    assert team is not None
    return team.units_per_s(team.pace(np.ones(len(team.gpus))))


def _stranded_w(plant: Plant, rack_power_w: Floats, busy: Flags) -> float:
    """Return the power that idle GPUs could take but for the rating of their rack."""
    gpus, racks = plant.arrays.gpus, plant.arrays.racks
    of = plant.arrays.nodes.rack[gpus.node]
    could_w = np.bincount(of, (~busy) * (gpus.power_max_w - gpus.idle_power_w), len(racks.row))
    room_w = np.maximum(racks.rating_w - rack_power_w, 0.0)
    return float(np.maximum(could_w - room_w, 0.0).sum())


def _hourly(values: list[float]) -> Floats:
    per = round(3600.0 / STEP_S)
    return np.array([max(values[k : k + per]) for k in range(0, len(values), per)])
