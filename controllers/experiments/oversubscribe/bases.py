"""Other bases that a feed may be laid out for, and measured runs instead of requests."""

import numpy as np

from controllers.experiments.oversubscribe.scan import ALLOWED, Wall, clock_at
from controllers.experiments.oversubscribe.servers import Kind, Requested, Servers
from site_models.arrays import Floats
from telemetry.recording import Recording
from telemetry.samples import H200_WALL

NAMEPLATE_W = 10_200.0
"""Of an 8-GPU Hopper server [ENGINEERING 2]."""
LEAST_SHIFT_S = 600


def free_w(arrivals: Requested, kind: Kind, wall: Wall) -> Floats:
    """Return power at the wall of every server, uncapped. Shape (seconds, servers)"""
    servers = Servers(arrivals, kind)
    drawn = []
    for second in range(arrivals.context.shape[0]):
        drawn.append(wall.at(servers.ask(second)))
        servers.serve(np.ones(arrivals.context.shape[1]))
    return np.array(drawn)


def fit_without_brake(power_w: Floats, limit_w: float) -> int:
    """Return how many of the servers there are before seconds over the limit pass 1 %."""
    over = (np.cumsum(power_w, axis=1) > limit_w).mean(axis=0)
    passed = np.flatnonzero(over > ALLOWED)
    return int(passed[0]) if len(passed) else power_w.shape[1]


def throttled_by_equal_caps(arrivals: Requested, kind: Kind, wall: Wall, limit_w: float) -> float:
    """Return the share of seconds in which a server wants more than its equal part of the feed.

    The simple rule: every server capped for good, so that the feed holds whatever they do.
    """
    servers, count = Servers(arrivals, kind), arrivals.context.shape[1]
    cap_w = float(np.interp(limit_w / count, wall.wall_w, wall.gpu_w))
    seconds, throttled = arrivals.context.shape[0], 0
    for second in range(seconds):
        asked_w = servers.ask(second)
        servers.serve(clock_at(wall, kind, asked_w, np.minimum(asked_w, cap_w)))
        throttled += int((asked_w > cap_w + 1.0).any())
    return float(throttled / seconds)


def measured_runs_w(servers: int, seed: int) -> Floats:
    """Return measured wall power of servers, shape (seconds, servers).

    All runs of the shipped MLPerf recording one after the other, idle heads and tails
    included; each server a copy shifted in a circle by at least ten minutes.
    """
    runs = Recording(H200_WALL)
    trace = np.concatenate([runs.series("node_power_w", name)[1] for name in runs.ids("node")])
    trace = trace[np.isfinite(trace)]
    random = np.random.default_rng((seed, 77))
    shifts = random.integers(LEAST_SHIFT_S, len(trace) - LEAST_SHIFT_S, servers)
    place = (np.arange(len(trace))[:, None] - shifts[None, :]) % len(trace)
    return np.asarray(trace[place], dtype=np.float64)
