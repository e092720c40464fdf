"""The example under a policy: second by second on the simulated plant, judged by the minute."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from controllers.experiments.power_budget.best import program_of, units_of
from controllers.experiments.power_budget.jobs import MINUTE_S, START_S, Placed
from controllers.jobs.work import Work
from controllers.policy import Decision, Policy
from controllers.power.pour import vessel_of
from controllers.power.stage_room import Room
from controllers.simulated.rig import Rig
from controllers.surroundings import Around
from controllers.trials.plain_sight import view_of, working
from site_models.arrays import Floats
from site_models.plant import Plant
from twin.start import idle_inputs
from twin.state import State
from twin.steady import steady

UTILITY_W = 750_000.0
AIR = (25.0, 18.0)
ROUNDING = 1e-9


class Minute(NamedTuple):
    """GPUs' worth of full throughput in one minute: reached, best, and by one equal cap."""

    reached: float
    best: float
    uniform: float


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What a policy made of a load."""

    minutes: tuple[Minute, ...]
    by_class: tuple[tuple[int, float, float], ...]
    """Priority, reached and best over all minutes."""
    seconds_over: int
    """Seconds with any stage over its rating or the meter over the utility limit."""
    worst: float
    """Highest load of any stage or the meter over its limit."""
    trips: int
    energy_j: float
    """Into the racks."""
    meter_w: Floats
    """Every second."""
    pdu_w: Floats
    """Fullest distribution unit, every second."""

    @property
    def reached(self) -> float:
        """Return the mean throughput, GPUs at full clock."""
        return float(np.mean([minute.reached for minute in self.minutes]))

    @property
    def of_best(self) -> float:
        """Return throughput over that of the linear programs of the same minutes."""
        whole = sum(minute.best for minute in self.minutes)
        return sum(minute.reached for minute in self.minutes) / whole

    @property
    def worst_minute(self) -> float:
        """Return the lowest minute's throughput over its linear program's."""
        return min(minute.reached / minute.best for minute in self.minutes)

    @property
    def uniform_of_best(self) -> float:
        """Return what the best equal cap of each minute would have reached, of the best."""
        whole = sum(minute.best for minute in self.minutes)
        return sum(minute.uniform for minute in self.minutes) / whole


def rest(plant: Plant) -> State:
    """Return the idle site at rest."""
    return steady(plant, idle_inputs(plant, *AIR), START_S)


def play(
    plant: Plant, start: State, jobs: Sequence[Placed], policy: Policy, minutes: int,
    judged: bool = True,
) -> Played:  # fmt: skip
    """Return how a policy does; it decides every second and its caps hold from the next.

    It sees the plant's own state, clocks included, and the jobs in force.
    """
    work = Work(plant, [placed.job for placed in jobs])
    rig = working(plant, start, work, AIR)
    watch, scores = _Watch(plant), _Scores(plant, jobs, work)
    memory = policy.start(plant)
    for second in range(1, int(minutes * MINUTE_S) + 1):
        rig.read()
        watch.note(rig.state)
        known = tuple(p.known for p in jobs if p.job.start_s <= rig.state.time_s)
        view = view_of(rig, float(second > 1), Around(known))
        decision, memory = policy.decide(view, memory)
        order = rig.order._replace(gpu_cap_w=_kept(plant, decision))
        rig.apply(order, rig.state.time_s)
        if second % int(MINUTE_S) == 0:
            scores.close(rig, judged)
    return Played(
        tuple(scores.minutes), scores.classes(), watch.seconds_over, watch.worst,
        int(rig.state.feed_open.sum()), watch.energy_j,
        np.array(watch.meter_w), np.array(watch.pdu_w),
    )  # fmt: skip


def _kept(plant: Plant, decision: Decision) -> Floats:
    gpus = plant.arrays.gpus
    return np.clip(decision.gpu_cap_w, gpus.power_min_w, gpus.power_max_w)


class _Watch:
    """Looks at every second's limits."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        names = plant.feed_names
        self._pdus = np.array([f for f, name in enumerate(names) if name.startswith("pdu")])
        self._meter = names.index("utility")
        self.seconds_over, self.worst, self.energy_j = 0, 0.0, 0.0
        self.meter_w: list[float] = []
        self.pdu_w: list[float] = []

    def note(self, state: State) -> None:
        feeds = self._plant.arrays.feeds
        load = state.feed_output_w / feeds.rating_w
        meter_w = float(state.feed_power_w[self._meter])
        worst = max(float(load.max()), meter_w / UTILITY_W)
        self.worst = max(self.worst, worst)
        self.seconds_over += worst > 1.0 + ROUNDING
        self.energy_j += float(state.rack_power_w.sum())
        self.meter_w.append(meter_w)
        self.pdu_w.append(float(state.feed_output_w[self._pdus].max()))


class _Scores:
    """Throughput of each minute, and what a linear program would have made of it."""

    def __init__(self, plant: Plant, jobs: Sequence[Placed], work: Work) -> None:
        self._plant, self._jobs, self._work = plant, jobs, work
        self._made = {placed.job.name: 0.0 for placed in jobs}
        self.minutes: list[Minute] = []
        self._classes: dict[int, list[float]] = {}

    def close(self, rig: Rig, judged: bool) -> None:
        """Close the minute; the first, in which the site starts, counts for limits only."""
        records = {record.job: record.units for record in self._work.records}
        begun = [p for p in self._jobs if p.job.start_s < rig.state.time_s - MINUTE_S + 0.5]
        reached = {}
        for placed in begun:
            name = placed.job.name
            made = records.get(name, 0.0) - self._made[name]
            reached[name] = len(placed.job.gpus) * made / (placed.full_per_s * MINUTE_S)
        self._made |= records
        if not begun:
            return
        best, equal = np.ones(len(begun)), np.ones(len(begun))
        if judged:
            best, equal = self._programs(rig, begun)
        got = sum(reached.values())
        self.minutes.append(Minute(got, float(best.sum()), float(equal.sum())))
        for placed, of_best in zip(begun, best.tolist(), strict=True):
            both = self._classes.setdefault(placed.known.priority, [0.0, 0.0])
            both[0] += reached[placed.job.name]
            both[1] += of_best

    def classes(self) -> tuple[tuple[int, float, float], ...]:
        found = sorted(self._classes.items(), reverse=True)
        return tuple((rank, got, best) for rank, (got, best) in found)

    def _programs(self, rig: Rig, begun: Sequence[Placed]) -> tuple[Floats, Floats]:
        """Return GPUs' worth of throughput of each job: the best, and with one equal cap."""
        plant = self._plant
        room = Room(plant.arrays.feeds.rating_w, UTILITY_W)
        vessel = vessel_of(plant, rig.state, room, 1.0)
        units = units_of(plant, rig.state, rig.inputs, begun)
        program = program_of(vessel, units)
        ranks = [placed.known.priority for placed in begun]
        sums = []
        for paces in (program.best(ranks), program.uniform()):
            each = np.zeros(len(begun))
            for unit, pace in zip(units, paces.tolist(), strict=True):
                each[unit.job] += len(unit.gpus) * pace
            sums.append(each)
        return sums[0], sums[1]
