"""What the twin says of the next half hour under a plan for the cooling and the caps."""

from typing import NamedTuple

import numpy as np

from controllers.policy import Facility, Outlook, View
from site_models.arrays import Floats
from twin.state import Inputs, State
from twin.step import advance, copied, plain

SUBSTEP_S = 5.0
"""Heats between blocks are held for so long in a rollout; the step itself holds them for 1 s."""


class Stage(NamedTuple):
    """What is asked of the site for a while."""

    facility: Facility
    gpu_cap_w: Floats


class Seen(NamedTuple):
    """What a rollout showed."""

    cost_j: float
    """Energy at the meters, what the work lost counts for, and what the end will go on to draw."""
    closest_k: float
    """Least distance of any GPU or its memory to its limit, at the ends of stages."""


class Worth(NamedTuple):
    """What counts beside energy at the meters."""

    work: float
    """Joules that a joule of work held back counts for."""
    water_j_per_kg: float
    tail_s: float
    """So long the power at the end goes on: what was only put off is not saved."""


def rolled(view: View, stages: list[Stage], stage_s: float, worth: Worth) -> Seen:
    """Return what stages of equal length come to, from the view's state with loads as they are.

    The weather is the outlook's where there is one. Pure; the twin is advanced as in
    `twin.step.step`, in longer substeps. Energy stored in water and steel at the end is neither
    spent nor saved: the tail stands for it.
    """
    plant, state = view.plant, copied(view.state)
    gpus, roots = plant.arrays.gpus, plant.arrays.feeds.parent < 0
    cost_j, closest_k, lost_w = 0.0, np.inf, 0.0
    substeps = max(int(np.ceil(stage_s / SUBSTEP_S)), 1)
    for n, stage in enumerate(stages):
        inputs = _driven(view, stage, view.time_s + stage_s * n)
        ledger = advance(plant.arrays, state, plain(inputs), stage_s, substeps)
        lost_w = float(np.maximum(inputs.gpu_power_w - state.gpu_power_w, 0.0).sum())
        cost_j += ledger[0] + worth.water_j_per_kg * ledger[4]
        cost_j += worth.work * lost_w * stage_s
        if len(gpus.node):
            closest_k = min(closest_k, _closest_k(view, state))
    end_w = float(state.feed_power_w[roots].sum())
    end_w += worth.water_j_per_kg * float(state.exchanger_make_up_kg_per_s.sum())
    end_w += worth.work * lost_w
    return Seen(cost_j + end_w * worth.tail_s, closest_k)


def _closest_k(view: View, state: State) -> float:
    gpus = view.plant.arrays.gpus
    die_k = float((gpus.temp_limit_c - state.gpu_temp_c).min())
    return min(die_k, float((gpus.memory_limit_c - state.memory_temp_c).min()))


def _driven(view: View, stage: Stage, time_s: float) -> Inputs:
    """Return what drives the plant during a stage."""
    inputs = view.inputs._replace(
        exchanger_setpoint_c=stage.facility.exchanger_setpoint_c,
        circuit_flow_share=stage.facility.circuit_flow_share,
        gpu_cap_w=stage.gpu_cap_w,
    )
    ahead: Outlook | None = view.outlook
    if ahead is None or not len(ahead.time_s):
        return inputs
    return inputs._replace(
        dry_bulb_c=float(np.interp(time_s, ahead.time_s, ahead.dry_bulb_c)),
        wet_bulb_c=float(np.interp(time_s, ahead.time_s, ahead.wet_bulb_c)),
    )
