"""Look ahead with the twin itself: move temperatures, flows and caps where that is cheaper."""

import time
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from controllers.cooling.plan_step import cheapest_step
from controllers.cooling.reset_by_need import CoolantReset, Reset, reason_of
from controllers.cooling.reset_parameters import ResetParameters
from controllers.cooling.rollout import Seen, Stage, Worth, rolled
from controllers.cooling.water_loops import waters_of
from controllers.parameters import parameter
from controllers.policy import Decision, Facility, View
from site_models.arrays import Floats
from site_models.plant import Plant

LARGEST_K, LARGEST_FLOW, LARGEST_CAP = 6.0, 0.5, 0.5
"""How far a plan may go from what the reset by need asks for."""
RADIUS = (0.25, 2.0)
"""Least and most that a plan moves in one go: kelvins, tenths of flow, twentieths of caps."""
WORTH = 1e-4
"""A plan that does not foresee to save this share of the site's energy is not worth a move."""
PLANNED, NONE_YET, LATE, NO_ANSWER, NOT_PROVED = range(5)
REASONS = (
    "as planned",
    "reset by need, no plan yet",
    "reset by need, planning was late",
    "reset by need, planning did not converge",
    "reset by need, the margin was not proved",
)
"""What is in force, and why."""


class Plan(NamedTuple):
    """What the controller remembers."""

    reset: Reset
    move: Floats
    """Departures from the reset, a row for each block: see `_scales`. Shape (blocks, moves)"""
    radius: float
    waited_s: float
    """Since the last plan; below 0: there was none yet."""
    fallback: int
    """Why the reset alone is in force: a place in REASONS; PLANNED while a plan is."""


@dataclass(frozen=True, slots=True)
class Predictive(ResetParameters):
    """Model-predictive control with the twin as its model, over a reset by need.

    Every `every_s` the twin is run ahead over the horizon, once as planned and once for each
    move of each block: the water of every circuit, the distance of coolant and air above it,
    flows, caps. A linear program takes the cheapest step within a radius that keeps the margin,
    and the twin proves it: a step that does not save is halved, and if that does not either the
    plan stands. It is given up where the reset alone is foreseen to cost no more. Where the twin
    does not prove the margin, where the program finds nothing, or where planning takes more than
    `late_s`, the reset by need is in force alone until the next plan, and the reason says so.
    Rates and bounds are the reset's: plans move its aims.

    Pure but for the clock that tells how late it is. Checked in
    ``tests/controllers/policies/test_predictive.py``.
    """

    horizon_s: float = parameter("How far the twin looks ahead", 3600.0, "s", 600.0, 3600.0)
    every_s: float = parameter("Time between plans", 1800.0, "s", 60.0)
    late_s: float = parameter("Longest planning before the fallback", 60.0, "s", 0.0)
    work_weight: float = parameter("Joules that a joule of work held back counts for", 5.0, "", 0.0)

    def start(self, plant: Plant) -> Plan:
        """Return the plan to do as the reset does."""
        move = np.zeros((2, len(_scales(plant))))
        return Plan(self._rule().start(plant), move, 1.0, -1.0, NONE_YET)

    def decide(self, view: View, memory: Plan) -> tuple[Decision, Plan]:
        """Return what the plan's first block asks for now."""
        reset = self._rule()
        plan = memory._replace(
            reset=reset.aimed(view, memory.reset), waited_s=memory.waited_s + view.dt_s
        )
        if memory.waited_s < 0.0 or plan.waited_s >= self.every_s:
            plan = self._planned(view, plan)._replace(waited_s=0.0)
        move = np.zeros_like(plan.move[0]) if plan.fallback else plan.move[0]
        asked = _asked(view.plant, plan.reset, move)
        after = reset.towards(view, plan.reset, asked.aim_c, asked.more)
        cap_w = _cap_w(view, asked.cap)
        what = reason_of(view.plant, after)
        facility = Facility(after.setpoint_c, after.share)
        return Decision(
            cap_w, f"{what} ({REASONS[int(plan.fallback)]})", facility=facility
        ), plan._replace(reset=after)

    def _rule(self) -> CoolantReset:
        """Return the reset by need with the parameters that both share."""
        shared = {part.name: getattr(self, part.name) for part in fields(ResetParameters)}
        return CoolantReset(**shared)

    def _planned(self, view: View, plan: Plan) -> Plan:
        """Return the next plan, or the reason for none."""
        until_s = time.perf_counter() + self.late_s
        start = plan.move if not plan.fallback else np.zeros_like(plan.move)
        now = self._seen(view, plan.reset, start)
        if start.any():
            alone = self._seen(view, plan.reset, 0.0 * start)
            if alone.cost_j <= (1.0 + WORTH) * now.cost_j:
                start, now = 0.0 * start, alone
        steps = _scales(view.plant)
        slope_j, slope_k = np.zeros(start.shape), np.zeros(start.shape)
        for place in np.ndindex(*start.shape):
            if time.perf_counter() > until_s:
                return plan._replace(move=0.0 * start, fallback=LATE)
            tried = start.copy()
            tried[place] += steps[place[1]]
            seen = self._seen(view, plan.reset, tried)
            slope_j[place], slope_k[place] = seen.cost_j - now.cost_j, _apart(seen, now)
        room_k = now.closest_k - self.margin_k
        step = cheapest_step(slope_j, slope_k, start / steps, room_k, plan.radius)
        if step is None:
            return plan._replace(move=0.0 * start, radius=1.0, fallback=NO_ANSWER)
        return self._proved(view, plan, now, start, step * steps)

    def _proved(self, view: View, plan: Plan, now: Seen, start: Floats, step: Floats) -> Plan:
        """Return the plan after a step, or half of it, that the twin finds better and safe."""
        safe_k = min(self.margin_k, now.closest_k)
        for part, radius in ((1.0, 1.5), (0.5, 0.7)):
            seen = self._seen(view, plan.reset, start + part * step)
            if seen.cost_j < (1.0 - WORTH) * now.cost_j and seen.closest_k >= safe_k:
                wider = min(max(plan.radius * radius, RADIUS[0]), RADIUS[1])
                return plan._replace(move=start + part * step, radius=wider, fallback=PLANNED)
        if not np.isfinite(now.cost_j) or now.closest_k < self.margin_k:
            return plan._replace(move=0.0 * start, fallback=NOT_PROVED)
        return plan._replace(move=start, radius=max(0.5 * plan.radius, RADIUS[0]), fallback=PLANNED)

    def _seen(self, view: View, reset: Reset, move: Floats) -> Seen:
        """Return what the twin shows under moves: a third of the horizon, then the rest.

        Coolers are not evened: how they run now says nothing of the end of the horizon.
        """
        worth = Worth(self.work_weight, self.water_j_per_kg, 2.0 * self.horizon_s)
        rule = replace(self._rule(), led_k=0.0)
        stage_s, stages, led = self.horizon_s / 6.0, [], reset
        minute = replace(view, dt_s=60.0)
        for n in range(6):
            asked = _asked(view.plant, reset, move[0 if n < 2 else 1])
            for _ in range(max(round(stage_s / 60.0), 1)):
                led = rule.towards(minute, led, asked.aim_c, asked.more)
            stages.append(Stage(Facility(led.setpoint_c, led.share), _cap_w(view, asked.cap)))
        return rolled(view, stages, stage_s, worth)


class Asked(NamedTuple):
    """A row of moves as aims."""

    aim_c: Floats
    more: float
    """Flow over what is needed."""
    cap: float
    """Part of the range of every cap that is held back. 0..1"""


def _scales(plant: Plant) -> Floats:
    """Return the size of one step of each move.

    The water of each circuit with its users [K], what users are above it [K], flow over what
    is needed [-], part of the caps' range held back [-].
    """
    return np.array([1.0] * len(waters_of(plant)) + [1.0, 0.1, 0.05])


def _asked(plant: Plant, reset: Reset, move: Floats) -> Asked:
    aim_c = reset.aim_c.copy()
    waters = waters_of(plant)
    held = np.clip(move[: len(waters)], -LARGEST_K, LARGEST_K)
    for water, warmer_k in zip(waters, held, strict=True):
        aim_c[water.holders] += warmer_k
        aim_c[water.users] += warmer_k + float(np.clip(move[-3], -LARGEST_K, LARGEST_K))
    more = 1.0 + float(np.clip(move[-2], -LARGEST_FLOW, LARGEST_FLOW))
    return Asked(aim_c, max(more, 1.0), float(np.clip(move[-1], 0.0, LARGEST_CAP)))


def _cap_w(view: View, cap: float) -> Floats:
    gpus = view.plant.arrays.gpus
    return np.asarray(gpus.power_max_w - cap * (gpus.power_max_w - gpus.power_min_w))


def _apart(seen: Seen, now: Seen) -> float:
    """Return the change of the margin; 0 on a site without GPUs."""
    return seen.closest_k - now.closest_k if np.isfinite(now.closest_k) else 0.0


POLICY = Predictive
