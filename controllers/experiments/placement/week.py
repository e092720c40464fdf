"""What a span under one way to place jobs came to."""

from dataclasses import dataclass

import numpy as np

from controllers.experiments.placement.choosers import Chooser
from controllers.experiments.placement.played import STEP_S, Played
from controllers.experiments.placement.stream import Asked
from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from twin.inputs import Outdoors
from twin.physics.clocks import HW_SLOWDOWN, HW_THERMAL, SW_THERMAL

HEAT = SW_THERMAL | HW_THERMAL | HW_SLOWDOWN
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class Week:
    """What came of it."""

    gpu_temp_max_c: float
    throttled_gpu_h: float
    """GPU-hours of busy GPUs that their own temperature slowed down."""
    row_peak_w: float
    """Most that any row of racks drew in a minute."""
    branch_peak_w: float
    """Most that any stage of the power chain gave that racks hang on: a busway, a PDU."""
    stranded_w: float
    """Mean of what racks with GPUs had left of their rating, but no free GPU that could draw it."""
    mean_slowdown: float
    """Mean over finished jobs of (wait + run) over the time at full speed. >= 1"""
    mean_stretch: float
    """The same of the run alone: heat and network."""
    mean_wait_s: float
    energy_per_job_j: float
    """Site energy of a mean job of the stream, by its share of the work done."""
    energy_per_gpu_h_j: float
    """Site energy of a GPU-hour of work at full pace."""
    finished: int
    running: int
    waiting: int
    slowdown: Floats
    """By job of the stream; NaN for those that have not finished."""
    hourly_c: Floats
    """Hottest GPU of each hour."""
    hourly_branch_w: Floats
    """Most that any branch gave in each hour."""
    hourly_throttled: Floats
    """Mean number of throttled GPUs of each hour."""


def run_week(
    plant: Plant,
    jobs: tuple[Asked, ...],
    choose: Chooser,
    outdoors: Outdoors,
    start_s: float,
    span_s: float,
) -> Week:
    """Play a stream under one chooser; everything but the chooser's own draws is determined."""
    played = Played(plant, jobs, choose, outdoors, start_s)
    notes = _Notes(plant)
    while played.at_s < span_s - 1e-6:
        played.place()
        played.advance()
        notes.take(played)
    return notes.week(played, jobs)


class _Notes:
    """What was noted so far, by minute."""

    def __init__(self, plant: Plant) -> None:
        self._branches: Ints = np.unique(plant.arrays.rack_feeds.feed)
        self._hottest_c: list[float] = []
        self._row_w: list[float] = []
        self._branch_w: list[float] = []
        self._stranded_w: list[float] = []
        self._throttled: list[float] = []
        self._energy_j = 0.0

    def take(self, played: Played) -> None:
        """Note the minute that has just gone by."""
        plant, state = played.plant, played.state
        slowed = played.busy & ((state.gpu_event_reasons & HEAT) != 0)
        self._throttled.append(float(slowed.sum()))
        self._energy_j += state.ledger.energy_in_j
        self._hottest_c.append(float(state.gpu_temp_c.max()))
        rows_w = np.bincount(plant.arrays.racks.row, state.rack_power_w)
        self._row_w.append(float(rows_w.max()))
        self._branch_w.append(float(state.feed_output_w[self._branches].max()))
        self._stranded_w.append(stranded_w(played))

    def week(self, played: Played, jobs: tuple[Asked, ...]) -> Week:
        """Return what came of it so far."""
        stretch, waits = [], []
        slowdown = np.full(len(jobs), np.nan)
        number = {asked.name: n for n, asked in enumerate(jobs)}
        for asked, start_s, end_s in played.done:
            slowdown[number[asked.name]] = (end_s - asked.submit_s) / asked.length_s
            stretch.append((end_s - start_s) / asked.length_s)
            waits.append(start_s - asked.submit_s)
        per_gpu_h_j = HOUR_S * self._energy_j / max(played.work_s, 1e-9)
        mean_gpu_h = _mean([asked.gpus * asked.length_s / HOUR_S for asked in jobs])
        count = len(played.done)
        return Week(
            gpu_temp_max_c=max(self._hottest_c),
            throttled_gpu_h=float(np.sum(self._throttled)) * STEP_S / HOUR_S,
            row_peak_w=max(self._row_w),
            branch_peak_w=max(self._branch_w),
            stranded_w=float(np.mean(self._stranded_w)),
            mean_slowdown=float(np.nanmean(slowdown)) if count else float("nan"),
            mean_stretch=_mean(stretch),
            mean_wait_s=_mean(waits),
            energy_per_job_j=per_gpu_h_j * mean_gpu_h,
            energy_per_gpu_h_j=per_gpu_h_j,
            finished=count,
            running=len(played.running),
            waiting=len(played.waiting),
            slowdown=slowdown,
            hourly_c=_hourly(self._hottest_c).max(axis=1),
            hourly_branch_w=_hourly(self._branch_w).max(axis=1),
            hourly_throttled=_hourly(self._throttled).mean(axis=1),
        )


def stranded_w(played: Played) -> float:
    """Return what racks with GPUs have left of their rating that no free GPU could draw [W]."""
    plant = played.plant
    gpus, racks, nodes = plant.arrays.gpus, plant.arrays.racks, plant.arrays.nodes
    rack = nodes.rack[gpus.node]
    more_w = (gpus.power_max_w - gpus.idle_power_w) * (1.0 + nodes.load_power_per_gpu_w[gpus.node])
    count = len(racks.row)
    could_w = np.bincount(rack, np.where(played.busy, 0.0, more_w), count)
    left_w = np.maximum(racks.rating_w - played.state.rack_power_w, 0.0)
    with_gpus = np.bincount(rack, minlength=count) > 0
    return float(np.maximum(left_w - could_w, 0.0)[with_gpus].sum())


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _hourly(values: list[float]) -> Floats:
    per = round(HOUR_S / STEP_S)
    whole = len(values) // per * per
    return np.array(values[:whole]).reshape(-1, per)
