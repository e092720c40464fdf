"""Racks at steps of milliseconds: boards, nodes, capacitors of the shelf, shelf losses.

What moves in seconds or slower, fans and everything thermal, is held at what a state says.
"""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.plant import Arrays
from twin.electrical.swings import Edges
from twin.physics.converters import converter_input_w
from twin.physics.law import compiled
from twin.physics.movers import cube_law_power_w
from twin.physics.storage import smooth


class Held(NamedTuple):
    """What does not change meanwhile, and how the boards are limited."""

    gpu_power_w: Floats
    """Of GPUs without a job, and of all before their job begins."""
    gpu_job: Ints
    """-1: none."""
    fan_speed: Floats
    rack_powered: Floats
    floor: float
    ramp_up_w_per_s: float
    ramp_down_w_per_s: float


@compiled
def add_board(
    arrays: Arrays, held: Held, edges: Edges, g: int, dt_s: float, board_w: Floats, above_w: Floats
) -> None:
    """Add the power of one board, and what of it is above idle, to the steps of its node.

    Each step holds the power of its middle. A ramp takes as long as the phase says, longer
    where the board's own limit is lower; the next edge starts from wherever it got to.
    """
    steps = board_w.size
    idle_w, most_w, now_w = arrays.gpus.idle_power_w[g], arrays.gpus.power_max_w[g], 0.0
    now_w = held.gpu_power_w[g]
    job, done = held.gpu_job[g], 0
    if job >= 0:
        floor_w = held.floor * most_w
        last = edges.first[job + 1]
        begin_s = 0.0
        for e in range(edges.first[job], last):
            if e == edges.first[job]:
                begin_s = edges.at_s[e] + edges.spread_s[e] * uniform(g, e)
            fill(board_w, above_w, done, index_of(begin_s, dt_s, steps), now_w, idle_w)
            done = index_of(begin_s, dt_s, steps)
            end_s = dt_s * (steps + 1.0)
            if e + 1 < last:
                end_s = edges.at_s[e + 1] + edges.spread_s[e + 1] * uniform(g, e + 1)
            target_w = idle_w if edges.power[e] < 0.0 else max(edges.power[e] * most_w, floor_w)
            rate = held.ramp_up_w_per_s if target_w > now_w else held.ramp_down_w_per_s
            ramp_s = max(edges.ramp_s[e], abs(target_w - now_w) / rate)
            ramp_end = index_of(min(begin_s + ramp_s, end_s), dt_s, steps)
            for i in range(done, ramp_end):
                way = ((i + 0.5) * dt_s - begin_s) / ramp_s
                power_w = now_w + (target_w - now_w) * way
                board_w[i] += power_w
                above_w[i] += max(power_w - idle_w, 0.0)
            done = max(ramp_end, done)
            if end_s < begin_s + ramp_s:
                now_w += (target_w - now_w) * (end_s - begin_s) / ramp_s
            else:
                now_w = target_w
            fill(board_w, above_w, done, index_of(end_s, dt_s, steps), now_w, idle_w)
            done = max(index_of(end_s, dt_s, steps), done)
            begin_s = end_s
    fill(board_w, above_w, done, steps, now_w, idle_w)


@compiled
def fill(
    board_w: Floats, above_w: Floats, first: int, end: int, power_w: float, idle_w: float
) -> None:
    """Add a constant power to some steps."""
    over_w = max(power_w - idle_w, 0.0)
    for i in range(first, end):
        board_w[i] += power_w
        above_w[i] += over_w


@compiled
def index_of(time_s: float, dt_s: float, steps: int) -> int:
    """Return the first step whose middle is not before an instant; at most `steps`."""
    place = int(np.ceil(min(max(time_s / dt_s - 0.5, 0.0), float(steps)) - 1e-9))
    return min(max(place, 0), steps)


@compiled
def uniform(g: int, e: int) -> float:
    """Return a number 0..1 that belongs to a GPU and an edge (splitmix64's mixing)."""
    z = np.uint64(g) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(e) * np.uint64(0xD1B54A32D192ED03)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * 2.0**-53


@compiled
def rack_load(
    arrays: Arrays, held: Held, edges: Edges, nodes: Ints, dt_s: float, out_w: Floats
) -> None:
    """Add what the given nodes draw at each step to `out_w`: server inlets or bus bar [W]."""
    board_w, above_w = np.zeros(out_w.size), np.zeros(out_w.size)
    n_ = arrays.nodes
    for n in nodes:
        powered = held.rack_powered[n_.rack[n]]
        board_w[:] = 0.0
        above_w[:] = 0.0
        for g in range(n_.first_gpu[n], n_.first_gpu[n] + n_.gpu_count[n]):
            add_board(arrays, held, edges, g, dt_s, board_w, above_w)
        still_w = n_.base_power_w[n]
        still_w += cube_law_power_w(held.fan_speed[n], n_.fan_power_max_w[n])
        for i in range(out_w.size):
            dc_w = (board_w[i] + still_w + n_.load_power_per_gpu_w[n] * above_w[i]) * powered
            out_w[i] += converter_input_w(
                dc_w,
                n_.supply_rating_w[n] * powered,
                n_.supply_loss_fixed[n],
                n_.supply_loss_linear[n],
                n_.supply_loss_square[n],
            )


@compiled
def shelf_draw(
    arrays: Arrays,
    r: int,
    load_w: Floats,
    capacity_j: float,
    level_w: float,
    tau_s: float,
    dt_s: float,
    draw_w: Floats,
) -> float:
    """Set what a rack draws at each step [W], its shelf's capacitors filling the gaps.

    `level_w` is what they hold at the start, with the bank half full. Returns the energy that
    they hold more at the end than at the start [J].
    """
    racks = arrays.racks
    powered = arrays.racks.in_service[r] and load_w.size > 0
    energy_j = 0.5 * capacity_j
    for i in range(load_w.size):
        shelf_w = load_w[i]
        if capacity_j > 0.0:
            now = smooth(shelf_w, energy_j, level_w, capacity_j, tau_s, dt_s)
            energy_j, level_w, shelf_w = now.energy_j, now.level_w, now.draw_w
        draw_w[i] = converter_input_w(
            shelf_w,
            racks.shelf_rating_w[r] * powered,
            racks.shelf_loss_fixed[r],
            racks.shelf_loss_linear[r],
            racks.shelf_loss_square[r],
        )
    return energy_j - 0.5 * capacity_j
