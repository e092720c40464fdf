"""A site that runs a stream of jobs for days, a minute at a time."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from controllers.allocations import Allocation, Allocations
from controllers.experiments.placement.choosers import Chooser
from controllers.experiments.placement.stream import Asked
from controllers.team import Team, team_of
from site_models.arrays import Floats, Ints
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
    energy_j: float = 0.0


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
    gpus = plant.arrays.gpus
    rack = plant.arrays.nodes.rack
    row = plant.arrays.racks.row
    held, waiting = Allocations(plant), deque[Asked]()
    running: list[_Runs] = []
    inputs = idle_inputs(plant, *outdoors(start_s))
    state = steady(plant, inputs, start_s)
    coming, at = deque(jobs), 0.0
    hottest, row_peak, throttled_h, stranded, energy_j = [], [], 0.0, [], 0.0
    slowdowns, waits, work_h = [], [], 0.0
    while at < span_s - 1e-6:
        while coming and coming[0].submit_s <= at:
            waiting.append(coming.popleft())
        for asked in list(waiting)[:LOOKED_AT]:
            now_s = state.time_s
            free = held.free_share(now_s) >= 1.0
            places = choose(asked, free, state, inputs, held)
            team = None if places is None else team_of(workload(asked.profile), plant, places)
            if places is None or team is None:
                continue
            waiting.remove(asked)
            waits.append(at - asked.submit_s)
            held.put(Allocation(asked.name, places, now_s, None, asked.profile), now_s)
            ideal = _best_rate(plant, asked, places)
            running.append(_Runs(asked, team, ideal, asked.length_s, at))
        asked_w = gpus.idle_power_w.copy()
        for run in running:
            full = np.ones(len(run.team.gpus))
            asked_w[run.team.gpus] = run.team.power_w(plant, run.team.pace(full), full)
        air = outdoors(state.time_s)
        inputs = inputs._replace(
            gpu_power_w=asked_w, gpu_power_basis=np.full(len(asked_w), MODELLED, np.int64),
            gpu_cap_w=gpus.power_max_w, dry_bulb_c=air[0], wet_bulb_c=air[1],
        )  # fmt: skip
        state = step(plant, state, inputs, STEP_S)
        at += STEP_S
        energy_j += state.ledger.energy_in_j
        busy = np.zeros(len(asked_w), np.bool_)
        for run in list(running):
            mine = run.team.gpus
            busy[mine] = True
            clock = np.where(state.gpu_off[mine], 0.0, state.gpu_clock_ratio[mine])
            rate = run.team.units_per_s(run.team.pace(clock)) / run.ideal_per_s
            run.left_s -= STEP_S * min(rate, 1.0)
            if run.left_s <= 0.0:
                running.remove(run)
                held.release(run.asked.name)
                slowdowns.append((at - run.start_s) / run.asked.length_s - 1.0)
                work_h += run.asked.gpus * run.asked.length_s / 3600.0
        slowed = busy & ((state.gpu_event_reasons & HEAT) != 0)
        throttled_h += float(slowed.sum()) * STEP_S / 3600.0
        hottest.append(float(state.gpu_temp_c.max()))
        row_peak.append(float(np.bincount(row, state.rack_power_w).max()))
        stranded.append(_stranded_w(plant, state.rack_power_w, busy, rack))
    return Week(
        gpu_temp_max_c=max(hottest),
        throttled_gpu_h=throttled_h,
        row_peak_w=max(row_peak),
        stranded_w=float(np.mean(stranded)),
        mean_slowdown=float(np.mean(slowdowns)) if slowdowns else float("nan"),
        mean_wait_s=float(np.mean(waits)) if waits else float("nan"),
        energy_per_gpu_h_j=energy_j / max(work_h, 1e-9),
        finished=len(slowdowns),
        hourly_c=_hourly(hottest),
        hourly_row_w=_hourly(row_peak),
    )


def _best_rate(plant: Plant, asked: Asked, places: Ints) -> float:
    """Return the rate of the same number of GPUs side by side, at full clock."""
    model = np.array(plant.gpu_model)
    first = np.flatnonzero(model == asked.model)[: len(places)].astype(np.int64)
    team = team_of(workload(asked.profile), plant, first)
    assert team is not None
    return team.units_per_s(team.pace(np.ones(len(team.gpus))))


def _stranded_w(plant: Plant, rack_power_w: Floats, busy: np.ndarray, rack: Ints) -> float:
    """Return the power that idle GPUs could take but for the rating of their rack."""
    gpus, racks = plant.arrays.gpus, plant.arrays.racks
    of = rack[gpus.node]
    could_w = np.bincount(of, (~busy) * (gpus.power_max_w - gpus.idle_power_w), len(racks.row))
    room_w = np.maximum(racks.rating_w - rack_power_w, 0.0)
    return float(np.maximum(could_w - room_w, 0.0).sum())


def _hourly(values: list[float]) -> Floats:
    per = round(3600.0 / STEP_S)
    return np.array([max(values[k : k + per]) for k in range(0, len(values), per)])
