"""What the controller tests share: views, belief straight from frames, and a rig to run."""

import math
from collections.abc import Mapping

import numpy as np

from controllers.actuators.nobody import Nobody
from controllers.loop import Loop, begun
from controllers.policy import Mode, Policy, View
from controllers.simulated.rig import Rig
from controllers.simulated.rig_readings import Sensors
from controllers.supervision.supervisor import Supervisor
from site_models.arrays import Floats
from site_models.plant import Plant
from telemetry.frame import Frame
from tests.fakes.small_plant import START_S, small_inputs, small_state
from twin.state import MEASURED, Inputs, State


def view_of(plant: Plant, state: State, dt_s: float = 1.0) -> View:
    """Return a fresh view on a state."""
    inputs = small_inputs(plant)._replace(gpu_power_w=state.gpu_power_w)
    return View(plant, state, inputs, state.time_s, dt_s, 0.0, np.zeros(len(plant.gpu_names)))


def believe_frame(frame: Frame, before: Inputs, state: State) -> Inputs:
    """Return inputs as the frame says, the former ones where it is silent."""
    power_w = frame.values.get("gpu_power_w", before.gpu_power_w)
    dry_bulb = frame.values.get("dry_bulb_c", np.array([np.nan]))
    return before._replace(
        gpu_power_w=np.where(np.isnan(power_w), before.gpu_power_w, power_w),
        gpu_power_basis=np.full(len(power_w), MEASURED, dtype=np.int64),
        dry_bulb_c=before.dry_bulb_c if math.isnan(dry_bulb[0]) else float(dry_bulb[0]),
    )


def full_load(plant: Plant, share: float = 1.0) -> Floats:
    """Return the power of every GPU at a share of its limit."""
    return share * plant.arrays.gpus.power_max_w


def rig_of(
    plant: Plant,
    demand_w: Floats,
    seconds: float,
    dry_bulb_c: float = 25.0,
    sensors: Sensors | None = None,
    state: State | None = None,
) -> Rig:
    """Return a rig that plays one constant demand from rest, whatever that heats up to."""
    return Rig(
        plant=plant,
        state=small_state(plant) if state is None else state,
        inputs=small_inputs(plant),
        demand=lambda time_s: demand_w,
        weather=lambda time_s: (dry_bulb_c, 18.0),
        end_s=START_S + seconds,
        sensors=sensors,
        thermal_control=False,
    )


def loop_of(plant: Plant, rig: Rig, policies: Mapping[str, Policy], mode: Mode = "armed") -> Loop:
    """Return a what-if loop over a rig with every policy in the mode."""
    actuator = rig if mode == "armed" else Nobody(plant)
    modes: dict[str, Mode] = dict.fromkeys(policies, mode)
    supervisor = Supervisor(plant, policies, actuator, modes)
    start = begun(plant, rig.state, small_inputs(plant))
    return Loop(plant, rig, believe_frame, supervisor, start, mode="WHAT-IF")
