"""The next minutes with held inputs, and how sure of them one can be."""

from dataclasses import dataclass

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Plant
from twin.estimation.estimator import SENSOR_STD_K, WANDER_K_PER_ROOT_S, alike, chain_and_inlet
from twin.physics.thermal_chain import DIE
from twin.state import Inputs, State
from twin.step import step

POWER_SPREAD = 0.05
"""How far the mean power of a GPU over minutes strays from what it draws now, as a share."""
BAND = 1.645
"""Standard deviations between the middle and the edge of a band that holds 90 %."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """GPU temperatures from now on; bands hold nine cases of ten."""

    time_s: Floats
    """Shape (k,)"""
    gpu_temp_c: Floats
    """Shape (k, GPUs)"""
    gpu_temp_low_c: Floats
    gpu_temp_high_c: Floats
    facility_power_w: Floats
    """At the utility meters. Shape (k,)"""


def forecast(
    plant: Plant, state: State, inputs: Inputs, minutes: float, every_s: float = 10.0
) -> Forecast:
    """Return the look-ahead from a believed state with held inputs.

    Two runs of the step: as things are, and with every GPU drawing a spread more. Their
    difference is what unknown power does; to it comes what the chain itself wanders, as the
    estimator has it. Raises ValueError for a span or a step that is not positive. Checked:
    bands start at the sensor's width and hold the truth, ``tests/twin/test_forecast.py``.
    """
    if not (minutes > 0.0 and every_s > 0.0):
        raise ValueError(f"expected a positive span and step, got {minutes} min, {every_s} s")
    count = max(int(np.ceil(minutes * 60.0 / every_s)), 1)
    more = inputs._replace(gpu_power_w=inputs.gpu_power_w * (1.0 + POWER_SPREAD))
    middle, raised = state, state
    temps_c, spread_k, power_w = [], [], []
    wandered = wander_std_k(plant, count, every_s)
    roots = plant.arrays.feeds.parent < 0
    for k in range(count):
        middle = step(plant, middle, inputs, every_s)
        raised = step(plant, raised, more, every_s)
        temps_c.append(middle.gpu_temp_c)
        spread_k.append(np.hypot(raised.gpu_temp_c - middle.gpu_temp_c, wandered[k]))
        power_w.append(middle.feed_power_w[roots].sum())
    centre_c, half_k = np.array(temps_c), BAND * np.array(spread_k)
    return Forecast(
        time_s=state.time_s + every_s * np.arange(1.0, count + 1.0),
        gpu_temp_c=centre_c,
        gpu_temp_low_c=centre_c - half_k,
        gpu_temp_high_c=centre_c + half_k,
        facility_power_w=np.array(power_w),
    )


def wander_std_k(plant: Plant, count: int, every_s: float) -> Floats:
    """Return how far each GPU's die strays from its prediction, shape (count, GPUs)."""
    first, like = alike(plant)
    if not len(first):
        return np.empty((count, 0))
    moves = np.stack([chain_and_inlet(plant, int(q), every_s) for q in first])
    wander = np.diag(np.square(WANDER_K_PER_ROOT_S)) * every_s
    spread = np.broadcast_to(np.eye(5) * SENSOR_STD_K**2, moves.shape)
    stray_k = np.empty((count, len(first)))
    for k in range(count):
        spread = moves @ spread @ moves.transpose(0, 2, 1) + wander
        stray_k[k] = np.sqrt(spread[:, DIE, DIE])
    return stray_k[:, like[plant.arrays.gpus.group]]
