"""The best allocation of power to jobs: a linear program on their curves of the same minute."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

from controllers.experiments.power_budget.jobs import Placed
from controllers.gather import applied
from controllers.power.pour import Vessel
from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from twin.physics.clocks import switching_share
from twin.servers.gpu_loads import load_at, loads_of
from twin.servers.gpu_power import leaking_w
from twin.state import MODELLED, Inputs, State

CLOCKS = 24
LEAST_CLOCK = 0.15


class Unit(NamedTuple):
    """GPUs whose power is decided together, and what it is worth: a concave curve."""

    job: int
    gpus: Ints
    power_w: Floats
    """Of each GPU, mean over the unit. Rising, shape (CLOCKS,)"""
    pace: Floats
    """Throughput over that of full clock."""


def units_of(plant: Plant, state: State, inputs: Inputs, jobs: Sequence[Placed]) -> list[Unit]:
    """Return the units of jobs: a whole job that waits for its slowest, else its part of a rack.

    Pace by the profiles' own law, power by the devices' own law at the temperatures of the
    state. Each curve is replaced by its upper concave hull.
    """
    rack = plant.arrays.nodes.rack[plant.arrays.gpus.node]
    units = []
    for number, placed in enumerate(jobs):
        power_w, pace = _curve(plant, state, inputs, placed)
        if placed.job.profile.together == "job":
            parts = [placed.job.gpus]
        else:
            parts = [placed.job.gpus[rack[placed.job.gpus] == r] for r in
                     np.unique(rack[placed.job.gpus])]  # fmt: skip
        for gpus in parts:
            mine = np.isin(placed.job.gpus, gpus)
            units.append(Unit(number, gpus, *_hull(power_w[mine].mean(axis=0), pace)))
    return units


def _curve(plant: Plant, state: State, inputs: Inputs, placed: Placed) -> tuple[Floats, Floats]:
    """Return power of each GPU, shape (GPUs, CLOCKS), and the job's pace by clock."""
    gpus, groups = plant.arrays.gpus, plant.arrays.groups
    mine, team = placed.job.gpus, placed.team
    flat, floor = groups.voltage_flat[gpus.group], groups.voltage_floor[gpus.group]
    clocks = np.linspace(LEAST_CLOCK, 1.0, CLOCKS)
    power_w, pace = np.zeros((len(mine), CLOCKS)), np.zeros(CLOCKS)
    for k, clock in enumerate(clocks.tolist()):
        at = team.pace(np.full(len(mine), clock))
        pace[k] = team.units_per_s(at) / placed.full_per_s
        asked_w = inputs.gpu_power_w.copy()
        asked_w[mine] = team.power_w(plant, at, np.ones(len(mine)))
        basis = np.full(len(asked_w), MODELLED, dtype=np.int64)
        loads = loads_of(plant.arrays, inputs._replace(gpu_power_w=asked_w, gpu_power_basis=basis))
        share = applied(switching_share, clock, flat[mine], floor[mine])
        leaks_w = [leaking_w(load_at(loads, g), state.gpu_temp_c[g]) for g in mine.tolist()]
        power_w[:, k] = loads[mine, 0] + np.array(leaks_w) + loads[mine, 1] * share
    return power_w, pace


def _hull(power_w: Floats, pace: Floats) -> tuple[Floats, Floats]:
    """Return the upper concave hull of a curve at its own powers."""
    kept: list[int] = []
    for k in np.argsort(power_w, kind="stable").tolist():
        while len(kept) > 1 and _bent_up(power_w, pace, kept[-2], kept[-1], k):
            kept.pop()
        kept.append(k)
    return power_w, np.asarray(np.interp(power_w, power_w[kept], pace[kept]))


def _bent_up(x: Floats, y: Floats, a: int, b: int, c: int) -> bool:
    return bool((y[b] - y[a]) * (x[c] - x[a]) <= (y[c] - y[a]) * (x[b] - x[a]))


class Program(NamedTuple):
    """Units under the limits of a chain, linear around an operating point."""

    units: list[Unit]
    gain: Floats
    """Watts of each limit by a watt on each GPU of a unit. Shape (limits, units)"""
    least_w: Floats
    """Of each limit with every unit at its least. Shape (limits,)"""
    limit_w: Floats

    def best(self, priority: Sequence[int]) -> Floats:
        """Return the pace of each unit in the best allocation, higher priorities first.

        Within a class the sum over GPUs of throughput over that at full clock is greatest.
        Raises RuntimeError where the program has no solution.
        """
        sizes = np.array([len(unit.gpus) for unit in self.units], dtype=np.float64)
        rises_w = np.array([np.diff(unit.power_w) for unit in self.units])
        gains = np.array([np.diff(unit.pace) for unit in self.units])
        rows = (self.gain[:, :, None] * rises_w[None, :, :]).reshape(len(self.limit_w), -1)
        room_w = self.limit_w - self.least_w
        worth = (sizes[:, None] * gains).ravel()
        ranks = np.repeat(np.array([priority[unit.job] for unit in self.units]), CLOCKS - 1)
        more_rows: list[Floats] = []
        more_room: list[float] = []
        solved = np.zeros(len(worth))
        for rank in sorted(set(ranks.tolist()), reverse=True):
            aim = np.where(ranks == rank, worth, 0.0)
            scale = np.abs(room_w)[:, None]
            a = np.vstack([rows / scale, *[row[None, :] for row in more_rows]])
            b = np.r_[np.sign(room_w), more_room]
            found = linprog(-aim, A_ub=a, b_ub=b, bounds=(0.0, 1.0), method="highs")
            if found.x is None:
                raise RuntimeError(f"no allocation found: {found.message}")
            solved = np.asarray(found.x)
            more_rows.append(-aim / max(float(aim.sum()), 1.0))
            more_room.append(-float(aim @ solved) / max(float(aim.sum()), 1.0) * (1.0 - 1e-7))
        start = np.array([unit.pace[0] for unit in self.units])
        return np.asarray(start + (gains * solved.reshape(gains.shape)).sum(axis=1))

    def uniform(self) -> Floats:
        """Return the pace of each unit under the highest equal cap of all GPUs that fits."""
        low_w, high_w = 0.0, max(float(unit.power_w[-1]) for unit in self.units)
        for _ in range(50):
            cap_w = 0.5 * (low_w + high_w)
            rise_w = np.array(
                [max(min(cap_w, u.power_w[-1]) - u.power_w[0], 0.0) for u in self.units]
            )
            fits = bool((self.least_w + self.gain @ rise_w <= self.limit_w).all())
            low_w, high_w = (cap_w, high_w) if fits else (low_w, cap_w)
        paces = [np.interp(min(low_w, u.power_w[-1]), u.power_w, u.pace) for u in self.units]
        return np.array(paces, dtype=np.float64)


def program_of(vessel: Vessel, units: list[Unit]) -> Program:
    """Return the program of units on a chain; all other GPUs go on as they are.

    The chain's losses are convex in power; they are replaced by their tangents where the
    site is now, which lie below: the program may use a little more than the chain has.
    """
    state, tree = vessel.state, vessel.tree
    feeds = tree.plant.arrays.feeds

    def limits_w(gpu_w: Floats) -> Floats:
        rack_w = vessel.rack_power_w(gpu_w)
        out_w, in_w = tree.feed_powers_w(rack_w, vessel.fixed_w)
        return np.concatenate([out_w, [float(in_w[vessel.meters].sum())], rack_w])

    now_w = limits_w(state.gpu_power_w)
    gain = np.zeros((len(now_w), len(units)))
    least_w = now_w.copy()
    for u, unit in enumerate(units):
        moved_w = state.gpu_power_w.copy()
        moved_w[unit.gpus] += 1.0
        gain[:, u] = limits_w(moved_w) - now_w
        mean_w = float(state.gpu_power_w[unit.gpus].mean())
        least_w += gain[:, u] * (unit.power_w[0] - mean_w)
    limit_w = np.r_[feeds.rating_w, vessel.room.meters_w, vessel.rack_limit_w]
    held = gain.max(axis=1) > 0.0
    return Program(units, gain[held], least_w[held], limit_w[held])
