"""What a power chain is short of, and how near to its limit each loop's hottest GPU is."""

from collections.abc import Iterable, Mapping

import numpy as np

from controllers.policy import JobOn, View
from controllers.power.pour import vessel_of
from controllers.power.power_tree import power_tree
from controllers.power.stage_room import room_of
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant


class Shortage:
    """A power chain at one instant, for any set of jobs that stand."""

    def __init__(
        self, view: View, full_w: Floats, jobs: Mapping[str, JobOn], share: float, meters_w: float
    ) -> None:
        """Take what GPUs would draw at full clock, and the share of the limits to use.

        `jobs` are those that may be paused; others that stand already idle.
        """
        gpus, self._jobs = view.plant.arrays.gpus, jobs
        room = room_of(power_tree(view.plant), view.state, share, share * meters_w)
        self._vessel = vessel_of(view.plant, view.state, room, 1.0)
        self._want_w, self._idle_w = np.minimum(full_w, gpus.power_max_w), gpus.idle_power_w
        for job in view.jobs:
            if job.paused and job.name not in jobs:
                self._want_w[job.gpus] = self._idle_w[job.gpus]

    def to_pause(self, stands: Iterable[str]) -> set[str]:
        """Return the further jobs that bring all within its limit, or all that help.

        The lowest priority first, of one priority the largest draw. A job that helps none of
        the stages that are short goes on.
        """
        already = set(stands)
        paused, over_w = set(already), self._over_w(already)
        ranked = sorted(
            self._jobs.keys() - paused,
            key=lambda name: (self._jobs[name].priority, -self._drawn_w(name), name),
        )
        for name in ranked:
            if not over_w.any():
                break
            less_w = self._over_w(paused | {name})
            if less_w.sum() < over_w.sum():
                paused.add(name)
                over_w = less_w
        return paused - already

    def fits(self, stands: Iterable[str], share: float) -> bool:
        """Say whether every stage would keep within a share of its limit."""
        return not self._over_w(stands, share).any()

    def over(self, stands: Iterable[str]) -> Ints:
        """Return the stages that would be over; their count stands for the meters."""
        return np.flatnonzero(self._over_w(stands))

    def _drawn_w(self, name: str) -> float:
        return float(self._want_w[self._jobs[name].gpus].sum())

    def _over_w(self, stands: Iterable[str], share: float = 1.0) -> Floats:
        """Return what stages and the meters would give above a share of their limits [W]."""
        vessel, gpu_w = self._vessel, self._want_w.copy()
        for name in stands:
            mine = self._jobs[name].gpus
            gpu_w[mine] = self._idle_w[mine]
        rack_w = vessel.rack_power_w(gpu_w)
        out_w, in_w = vessel.tree.feed_powers_w(rack_w, vessel.fixed_w)
        metered_w = float(in_w[vessel.meters].sum())
        limits_w = np.append(vessel.room.out_w, vessel.room.meters_w)
        return np.maximum(np.append(out_w, metered_w) - share * limits_w, 0.0)


def beside_racks_w(view: View) -> float:
    """Return what passes the utility's meters of stages that carry no rack [W]."""
    plant = view.plant
    roots = plant.arrays.feeds.parent < 0
    tree = power_tree(plant)
    tops = tree.ancestors[0] if tree.ancestors else np.zeros(0, dtype=np.int64)
    carries = np.isin(np.arange(len(roots)), tops)
    return float(view.state.feed_power_w[roots & ~carries].sum())


def loops_of(plant: Plant) -> Ints:
    """Return the circuit that takes most of each GPU's heat: its rack's coolant, else its air."""
    racks, rack = plant.arrays.racks, plant.arrays.nodes.rack[plant.arrays.gpus.node]
    return np.where(racks.liquid_circuit >= 0, racks.liquid_circuit, racks.air_circuit)[rack]


def margins_k(view: View) -> Floats:
    """Return how far the hottest GPU or memory of each circuit is below its limit [K].

    Infinite for a circuit without GPUs. Shape (circuits,)
    """
    gpus, state = view.plant.arrays.gpus, view.state
    each_k = np.minimum(
        gpus.temp_limit_c - state.gpu_temp_c, gpus.memory_limit_c - state.memory_temp_c
    )
    counts: Flags = gpus.in_service & ~state.gpu_off
    least_k = np.full(len(view.plant.circuit_names), np.inf)
    np.minimum.at(least_k, loops_of(view.plant)[counts], each_k[counts])
    return least_k


def hottest_job(
    view: View, hot: Flags, jobs: Mapping[str, JobOn], stands: Iterable[str]
) -> set[str]:
    """Return the job of the lowest priority on circuits that are hot; the largest of those."""
    on = hot[loops_of(view.plant)]
    most = {name: int(on[job.gpus].sum()) for name, job in jobs.items() if name not in stands}
    there = [name for name, count in most.items() if count]
    ranked = sorted(there, key=lambda name: (jobs[name].priority, -most[name], name))
    return set(ranked[:1])
