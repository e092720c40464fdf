"""What running jobs lose when another comes: pace, and with it power while they wait."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from controllers.jobs.allocation import Allocation
from controllers.jobs.collective_told import AS_TOLD
from controllers.jobs.team import Team, team_of
from controllers.placement.draw import draw_of
from controllers.placement.index import PlaceIndex
from controllers.placement.nearest import times_s
from controllers.placement.traffic import Runner, Share
from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from twin.fabric.parallel import exchange_of
from twin.fabric.span import span_of
from twin.workload import pace

WORST = 3
"""Neighbours with the largest loss of rate whose steps are worked out."""


class Ease(NamedTuple):
    """Neighbours that wait longer once a job runs, and so draw less."""

    rack: Ints
    fall_w: Floats
    """Of their GPUs in each rack, together."""


CALM = Ease(np.zeros(0, dtype=np.int64), np.zeros(0))
"""No neighbour notices."""


class Losing(NamedTuple):
    """The neighbour that loses most of its step, and what all that lose draw less."""

    share: float
    job: str
    ease: Ease


def losing_of(index: PlaceIndex, share: Share) -> Losing:
    """Return the largest part of its step that a neighbour loses, its name, and how much less
    those that lose most draw.

    Of a neighbour that told nothing of its step the loss of its network rate: more than that's.
    """
    if not share.losers:
        return Losing(0.0, "", CALM)
    by_loss = sorted(share.losers, key=lambda one: one.after_bytes_per_s / one.before_bytes_per_s)
    worst, name, racks, falls_w = 0.0, "", [], []
    for loser in by_loss[:WORST]:
        runner = loser.runner
        before_s = _step_s(index.plant, runner, loser.before_bytes_per_s)
        after_s = _step_s(index.plant, runner, loser.after_bytes_per_s)
        lost = 1.0 - before_s / after_s
        if lost > worst:
            worst, name = lost, runner.held.job
        if lost > 0.0 and runner.held.profile is not None:
            racks.append(index.plant.arrays.nodes.rack[index.walk.node[runner.held.gpus]])
            falls_w.append(_fall_w(index, runner.held, before_s, after_s))
    if not racks:
        return Losing(worst, name, CALM)
    rack, place = np.unique(np.concatenate(racks), return_inverse=True)
    return Losing(worst, name, Ease(rack, sum_by(place, np.concatenate(falls_w), len(rack))))


def _fall_w(index: PlaceIndex, held: Allocation, before_s: float, after_s: float) -> Floats:
    """Return how much less each GPU of a job draws whose step has become longer [W]."""
    draw = draw_of(index, str(held.profile), len(held.gpus), held.collective)
    return draw.work_j[index.model[held.gpus]] * (1.0 / before_s - 1.0 / after_s)


@lru_cache(maxsize=512)
def _step_s(plant: Plant, runner: Runner, rate_bytes_per_s: float) -> float:
    """Return the step of a running job at a rate of its network [s]; infinite without any.

    Of one that told nothing the time of a byte, 1 s of one that exchanges nothing.
    """
    if rate_bytes_per_s <= 0.0:
        return float("inf")
    told, gpus = runner.held.collective, runner.held.gpus
    if told is not None:
        op = AS_TOLD.get(told.op, told.op)
        span = span_of(plant, gpus, op, rate_bytes_per_s)
        return told.per_step_s + float(times_s(plant, op, told.bytes, span)[0])
    if runner.profile is None:
        return 1.0 / rate_bytes_per_s
    team = _team(plant, runner)
    if team is None:
        return 1.0
    exchange = exchange_of(runner.profile, plant, team.gpus, rate_bytes_per_s)
    clock = np.ones(len(team.gpus))
    at = pace(team.pattern, clock, team.member, exchange.time_s, exchange.hidden, team.bubble)
    return float(at.step_s.max())


@lru_cache(maxsize=512)
def _team(plant: Plant, runner: Runner) -> Team | None:
    if runner.profile is None:
        return None
    return team_of(runner.profile, plant, np.sort(runner.held.gpus))
