"""What jobs get of their pace where they stand, and which places are none to move to."""

from collections.abc import Iterable

import numpy as np

from controllers.gather import sum_by
from controllers.placement.index import place_index
from controllers.placement.wish import worked_on
from controllers.policy import JobOn, View
from controllers.power.shortage import loops_of
from controllers.power.worth import full_power_w, pace_at
from site_models.arrays import Flags, Floats

WHOLE_LOOP = 0.5
"""A loop of whose GPUs at work so many are held down is ill as a whole, its idle ones too."""


def alive(view: View) -> Flags:
    """Return the GPUs that are in service, on and powered. Shape (GPUs,)"""
    arrays, state = view.plant.arrays, view.state
    powered = state.rack_powered[arrays.nodes.rack[arrays.gpus.node]] > 0.0
    return np.asarray(arrays.gpus.in_service & powered & ~state.gpu_off)


def clocks(view: View) -> Floats:
    """Return the clock that devices leave to each GPU, 0 for dead ones. 0..1, shape (GPUs,)"""
    return np.where(alive(view), view.state.gpu_clock_ratio, 0.0)


def pace_of(job: JobOn, clock: Floats) -> float:
    """Return a job's throughput over that of full clock: its slowest GPU's, or the mean. 0..1"""
    mine = clock[job.gpus]
    share = np.full(len(mine), job.compute_share)
    each = np.where(mine > 0.0, pace_at(np.maximum(mine, 1e-3), share), 0.0)
    return float(each.min() if job.together else each.mean())


def ill_gpus(view: View, held: Flags) -> Flags:
    """Return the GPUs of nodes with one that is dead or held down, and of loops that are ill.

    `held` are the GPUs of jobs that are held down. Shape (GPUs,)
    """
    plant, node = view.plant, view.plant.arrays.gpus.node
    ill = held | ~alive(view)
    ill_node = sum_by(node, ill, len(plant.node_names)) > 0.0
    loops, count = loops_of(plant), len(plant.circuit_names)
    works = np.zeros(len(node), dtype=np.bool_)
    for job in view.jobs:
        works[job.gpus] = not job.paused
    on = loops >= 0
    busy = sum_by(loops[on], works[on], count)
    hurt = sum_by(loops[on], (held & works)[on], count)
    ill_loop = (hurt > 0.0) & (hurt >= WHOLE_LOOP * busy)
    return np.asarray(ill_node[node] | (on & ill_loop[np.maximum(loops, 0)]))


def to_be_worked_on(view: View, ahead_s: float) -> tuple[Flags, Floats]:
    """Return the GPUs under maintenance that begins in time, and how long it takes each [s].

    Infinite until further notice. Shapes (GPUs,)
    """
    node = view.plant.arrays.gpus.node
    lasts_s, now_s = np.zeros(len(node)), view.time_s
    for work in view.plant.placing.maintenance:
        if work.meets(now_s, now_s + ahead_s):
            begins_s = now_s if work.start is None else max(work.start.timestamp(), now_s)
            ends_s = np.inf if work.end is None else work.end.timestamp()
            targets = tuple(sorted(work.targets))
            mine = worked_on(place_index(view.plant), targets)[node]
            lasts_s = np.where(mine, np.maximum(lasts_s, ends_s - begins_s), lasts_s)
    return lasts_s > 0.0, lasts_s


def wanted_w(view: View, job: JobOn) -> float:
    """Return what the hungriest GPU of a job would draw at full clock [W]; its limit if dead."""
    most_w = view.plant.arrays.gpus.power_max_w[job.gpus]
    full_w, _ = full_power_w(view.plant, view.state)
    each_w = np.where(alive(view)[job.gpus], full_w[job.gpus], most_w)
    return float(np.minimum(each_w, most_w).max())


def capped_pace(view: View, gpus: Iterable[int], want_w: float) -> float:
    """Return what the caps in force leave of a load's pace on some GPUs, at the least. 0..1

    Power falls faster than the clock, so its share above idle is a lower bound.
    """
    mine = list(gpus)
    idle_w = view.plant.arrays.gpus.idle_power_w[mine]
    above_w = np.maximum(want_w - idle_w, 1.0)
    return float(np.clip((view.inputs.gpu_cap_w[mine] - idle_w) / above_w, 0.0, 1.0).min())
