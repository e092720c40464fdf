"""Experiments without sensors: jobs on a simulated plant, and policies that see it as it is."""

import numpy as np

from controllers.jobs.work import Work
from controllers.policy import View
from controllers.simulated.rig import Rig
from controllers.simulated.what_if import WhatIf
from controllers.surroundings import Around
from site_models.arrays import Floats
from site_models.plant import Plant
from twin.start import idle_inputs
from twin.state import State

ALONE = Around()
"""Nothing is told beside the plant."""


def working(
    plant: Plant,
    state: State,
    work: Work,
    air: tuple[float, float],
    clock: Floats | None = None,
) -> Rig:
    """Return a rig that plays jobs under air that stands still, at locked clocks if told.

    `air`: dry and wet bulb [C]. Other GPUs idle; nothing is paused, and no order slows a job
    but by its caps.
    """
    count = len(plant.gpu_names)
    idle_w, free = plant.arrays.gpus.idle_power_w, np.zeros(count, dtype=np.bool_)
    held = np.ones(count) if clock is None else clock
    return Rig(
        plant,
        state,
        idle_inputs(plant, *air),
        lambda time_s: work.demand(time_s, idle_w, held, free),
        lambda time_s: air,
        told=work.told,
    )


def view_of(rig: Rig, dt_s: float, around: Around = ALONE) -> View:
    """Return the plant in force, its state without error and without age, and what is around."""
    fresh_s = np.zeros(len(rig.plant.gpu_names))
    return View(
        rig.plant, rig.state, rig.inputs, rig.state.time_s, dt_s, 0.0, fresh_s, **around._asdict()
    )


def seen(stage: WhatIf, dt_s: float) -> View:
    """Return the view of a scenario: jobs, targets and hours ahead are around."""
    return view_of(stage.rig, dt_s, stage.around.at(stage.rig.state.time_s))
