"""How many servers a feed carries, by sums over servers: quick, to be confirmed on the plant."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from controllers.experiments.oversubscribe.servers import Kind, Requested, Servers
from controllers.gather import applied
from controllers.policies.brake import Brake
from site_models.arrays import Floats
from site_models.compile import compile_site
from twin.physics.clocks import clock_for_share
from twin.start import rated_inputs
from twin.steady import steady

ALLOWED = 0.01
"""Share of seconds that may be throttled."""


class Wall(NamedTuple):
    """Power of a server at the wall by the power of each of its GPUs, at rest."""

    gpu_w: Floats
    wall_w: Floats
    flat: float
    floor: float
    cap_min_w: float
    cap_max_w: float

    def at(self, gpu_w: Floats) -> Floats:
        """Return power at the wall [W]."""
        return np.asarray(np.interp(gpu_w, self.gpu_w, self.wall_w), dtype=np.float64)


def h200_wall() -> Wall:
    """Return the catalog's server, whose ends are measured (2.36 kW idle, 6.39 kW busy)."""
    plant = compile_site("hgx-h200")
    gpus, groups = plant.arrays.gpus, plant.arrays.groups
    rated = rated_inputs(plant, 25.0, 18.0)
    gpu_w = np.linspace(float(gpus.idle_power_w[0]), float(gpus.power_max_w[0]), 7)
    rows = []
    for power_w in gpu_w.tolist():
        state = steady(plant, rated._replace(gpu_power_w=np.full(8, power_w)))
        rows.append(float(state.node_power_w[0]))
    return Wall(
        gpu_w, np.array(rows), float(groups.voltage_flat[0]), float(groups.voltage_floor[0]),
        float(gpus.power_min_w[0]), float(gpus.power_max_w[0]),
    )  # fmt: skip


class Served(NamedTuple):
    """What a feed and its brake made of the requests."""

    throttled: float
    """Share of the seconds in which a server was held or the feed was over its limit."""
    seconds_over: int
    worst: float
    """Highest load of the feed over its limit."""
    waited_s: float
    """Mean wait of work in the queues."""
    utilisation: float


def served(arrivals: Requested, kind: Kind, wall: Wall, limit_w: float, brake: Brake) -> Served:
    """Return how servers on one feed fare; `Brake`'s rule on sums in place of a tree."""
    servers = Servers(arrivals, kind)
    seconds, count = arrivals.context.shape
    cap_w = np.full(count, wall.cap_max_w)
    left_s, throttled, over, worst = 0.0, 0, 0, 0.0
    for second in range(seconds):
        asked_w = servers.ask(second)
        drawn_w = np.minimum(asked_w, cap_w)
        servers.serve(clock_at(wall, kind, asked_w, drawn_w))
        load_w = float(wall.at(drawn_w).sum())
        held = bool((asked_w > cap_w + 1.0).any())
        over += load_w > limit_w
        worst = max(worst, load_w / limit_w)
        throttled += held or load_w > limit_w
        want_w = np.clip(asked_w, wall.cap_min_w, wall.cap_max_w)
        wanted_w = float(wall.at(asked_w).sum())
        braked = max(load_w, wanted_w) > brake.engage * limit_w
        left_s = brake.hold_s if braked else max(left_s - 1.0, 0.0)
        cap_w = np.full(count, wall.cap_max_w)
        if braked or left_s > 0.0:
            cap_w = _caps_w(wall, want_w, brake.hold * limit_w)
    work_s = servers.served_s
    return Served(
        throttled / seconds, over, worst, servers.waited_s / max(work_s, 1e-9),
        work_s / (seconds * count),
    )  # fmt: skip


def clock_at(wall: Wall, kind: Kind, asked_w: Floats, drawn_w: Floats) -> Floats:
    """Return the clock of each server's GPUs when they draw less than they ask for."""
    span_w = np.maximum(asked_w - kind.idle_w, 1e-9)
    share = np.clip((drawn_w - kind.idle_w) / span_w, 0.0, 1.0)
    return applied(clock_for_share, share, wall.flat, wall.floor)


def _caps_w(wall: Wall, want_w: Floats, room_w: float) -> Floats:
    cap_w = np.full(len(want_w), wall.cap_min_w)
    for high_w in (want_w, np.full(len(want_w), wall.cap_max_w)):
        low_sum_w, high_sum_w = float(wall.at(cap_w).sum()), float(wall.at(high_w).sum())
        if high_sum_w > low_sum_w:
            level = (room_w - low_sum_w) / (high_sum_w - low_sum_w)
            cap_w = cap_w + min(max(level, 0.0), 1.0) * (high_w - cap_w)
    return cap_w


def most_servers(arrivals: Requested, throttled: Callable[[Requested], float], fewest: int) -> int:
    """Return how many of the servers there are before throttled seconds pass what is allowed."""
    low, high = fewest, arrivals.context.shape[1] + 1
    while high - low > 1:
        middle = (low + high) // 2
        fits = throttled(first_of(arrivals, middle)) <= ALLOWED
        low, high = (middle, high) if fits else (low, middle)
    return low


def first_of(arrivals: Requested, count: int) -> Requested:
    """Return the requests of the first servers."""
    return Requested(arrivals.context[:, :count], arrivals.generated[:, :count])
