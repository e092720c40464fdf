"""Power of any racks at steps of milliseconds, from GPU boards up to the utility's meter.

Training swings are far faster than anything thermal: temperatures, fans, pumps and chillers stay
as a state says while boards, nodes, shelves and the stages of the power chain follow at once.
Peaks below a step's length and the short stores of power supplies (20 ms) are left out.
"""

import math
from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from site_models.plant import Plant
from twin.electrical.fast_racks import Held, rack_load, shelf_draw
from twin.electrical.feed_users import other_w
from twin.electrical.swings import Swing, edges_of
from twin.physics.converters import converter_input_w
from twin.physics.switching import shares_now
from twin.state import State

STEP_S = 0.01


class Smoothing(NamedTuple):
    """What is done about a swing; as given: the capacitors of the shelves that have some."""

    floor: float = 0.0
    """Boards with a job draw at least this part of their limit, working or not. 0..1"""
    ramp_up_w_per_s: float = math.inf
    """Of one board."""
    ramp_down_w_per_s: float = math.inf
    storage: bool = True
    tau_s: float = 5.0
    """Time constant with which a shelf's draw follows its load; inf: it is held."""
    level: float = math.nan
    """What a shelf draws at first, between the lowest load (0) and the highest (1) of the
    course; NaN: the mean load."""


AS_BUILT = Smoothing()
"""Nothing but what the shelves hold."""


class Course(NamedTuple):
    """Powers at every step; each entry is the mean over its step."""

    time_s: Floats
    """Middle of each step. Shape (steps,)"""
    racks: Ints
    """The racks followed."""
    load_w: Floats
    """Behind their shelves' capacitors. Shape (racks, steps)"""
    rack_power_w: Floats
    """Into them. Shape (racks, steps)"""
    feed_power_w: Floats
    """Drawn by each stage from the one in front. Shape (stages, steps)"""
    utility_w: Floats
    """Through the site's meters. Shape (steps,)"""
    stored_j: Floats
    """Rise of what the capacitors of each rack hold, over the course."""


def fast_power(
    plant: Plant,
    state: State,
    swings: tuple[Swing, ...],
    seconds: float = 60.0,
    dt_s: float = STEP_S,
    smoothing: Smoothing = AS_BUILT,
    racks: Ints | None = None,
    seed: int = 0,
) -> Course:
    """Return the course of power while jobs swing.

    Parameters
    ----------
    state
        Everything slow, and what GPUs without a job draw: `steady(...)` or a believed state.
    swings
        Jobs; no GPU in two.
    racks
        To follow; those of the jobs' GPUs if not given. Others draw what `state` says.

    Raises InputError for a job, a duration or a smoothing that cannot be. Deterministic by
    `seed`. Checked in ``tests/twin/electrical/test_fast_power.py``: a job of one phase draws what
    the step's own chain draws, and energy closes over the capacitors; against published swings in
    ``benchmarks/validation/power_swing.py``.
    """
    steps = _steps(seconds, dt_s, smoothing)
    edges, job = edges_of(swings, seconds, seed), np.full(len(plant.gpu_names), -1, dtype=np.int64)
    for number, swing in enumerate(swings):
        job[swing.gpus] = number
    arrays = plant.arrays
    if racks is None:
        racks = np.unique(arrays.nodes.rack[arrays.gpus.node[job >= 0]]).astype(np.int64)
    served = arrays.gpus.in_service & (state.rack_powered[arrays.nodes.rack[arrays.gpus.node]] > 0)
    job[~served] = -1
    held = Held(
        state.gpu_power_w, job, state.fan_speed, state.rack_powered, float(smoothing.floor),
        float(smoothing.ramp_up_w_per_s), float(smoothing.ramp_down_w_per_s),
    )  # fmt: skip
    load_w, power_w = np.zeros((len(racks), steps)), np.zeros((len(racks), steps))
    stored_j = np.zeros(len(racks))
    by_rack = np.argsort(arrays.nodes.rack, kind="stable")
    bounds = np.searchsorted(arrays.nodes.rack[by_rack], np.arange(len(plant.rack_names) + 1))
    for k, rack in enumerate(racks.tolist()):
        if arrays.racks.lumped[rack] or state.rack_powered[rack] == 0.0:
            load_w[k] = power_w[k] = state.rack_power_w[rack]
            continue
        nodes = by_rack[bounds[rack] : bounds[rack + 1]].astype(np.int64)
        rack_load(arrays, held, edges, nodes, dt_s, load_w[k])
        bank_j = float(arrays.racks.storage_j[rack]) if smoothing.storage else 0.0
        level_w, tau_s = _level_w(load_w[k], smoothing.level), float(smoothing.tau_s)
        stored_j[k] = shelf_draw(arrays, rack, load_w[k], bank_j, level_w, tau_s, dt_s, power_w[k])
    feed_w, utility_w = up_the_tree(plant, state, racks, power_w)
    time_s = np.asarray((np.arange(steps) + 0.5) * dt_s, dtype=np.float64)
    return Course(time_s, racks, load_w, power_w, feed_w, utility_w, stored_j)


def up_the_tree(
    plant: Plant, state: State, racks: Ints, rack_power_w: Floats
) -> tuple[Floats, Floats]:
    """Return what each stage draws and what passes the utility's meters [W].

    As the step's own chain, `twin/electrical/chain.py`, with the same sources: what hangs on a dead
    connection goes to the rack's living ones, a battery that carries its stage carries the
    swing too, one that charges charges on. `rack_power_w` is of shape (racks, steps).
    """
    feeds, links = plant.arrays.feeds, plant.arrays.rack_feeds
    out_w = np.repeat(other_w(plant, state)[:, None], rack_power_w.shape[1], axis=1)
    share = shares_now(links.rack, links.share, state.feed_live[links.feed] > 0.0)
    place = np.full(len(plant.rack_names), -1, dtype=np.int64)
    place[racks] = np.arange(len(racks))
    for i, (rack, feed) in enumerate(zip(links.rack, links.feed, strict=True)):
        if place[rack] >= 0:
            out_w[feed] += share[i] * rack_power_w[place[rack]]
        else:
            out_w[feed] += share[i] * state.rack_power_w[rack]
    drawn_w, utility_w = np.zeros_like(out_w), np.zeros(out_w.shape[1])
    for f in range(len(feeds.parent) - 1, -1, -1):
        if state.feed_live[f] == 0.0 or state.feed_on_battery[f] > 0.0:
            continue
        losses = (feeds.loss_fixed[f], feeds.loss_linear[f], feeds.loss_square[f])
        in_w = converter_input_w(out_w[f], feeds.rating_w[f], *losses)
        drawn_w[f] = in_w - state.feed_battery_w[f]
        if state.transfer_alternate[f] > 0.0:
            continue
        if feeds.parent[f] >= 0:
            out_w[feeds.parent[f]] += drawn_w[f]
        else:
            utility_w += drawn_w[f]
    return drawn_w, utility_w


def _level_w(load_w: Floats, level: float) -> float:
    """Return what a shelf draws at first [W]."""
    if math.isnan(level):
        return float(load_w.mean())
    return float(load_w.min() + level * np.ptp(load_w))


def _steps(seconds: float, dt_s: float, smoothing: Smoothing) -> int:
    """Return the number of steps; InputError for a course that cannot be."""
    if not 0.0 < dt_s <= 1.0:
        raise InputError(f"dt_s: {dt_s:g}, expected above 0 and at most 1 s")
    if not dt_s <= seconds < math.inf:
        raise InputError(f"seconds: {seconds:g}, expected at least one step of {dt_s:g} s")
    if not 0.0 <= smoothing.floor <= 1.0:
        raise InputError(f"smoothing.floor: {smoothing.floor:g}, expected a share 0..1")
    for name in ("ramp_up_w_per_s", "ramp_down_w_per_s", "tau_s"):
        if not getattr(smoothing, name) > 0.0:
            raise InputError(f"smoothing.{name}: expected a number above 0")
    return round(seconds / dt_s)
