"""Correction of the believed state by measured temperatures.

A steady Kalman gain for each group of GPUs, from the chain that the step itself uses: the die
is seen, body, memory and coolant are moved along by what their physics say of a die that is
off. A correction is no heat: it changes what is believed, not what happened, so it belongs to
no step's ledger.
"""

import functools

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Plant
from twin.physics.thermal_chain import BODY, COOLANT, DIE, MEMORY, chain_rates, transition
from twin.state import State

SENSOR_STD_K = 0.5
"""Whole degrees, and a sensor that is not all of the die."""
DRIFT_K_PER_ROOT_S = (0.05, 0.1, 0.05, 0.01)
"""What the model misses in a second: die, body, memory, coolant. The body carries most: its
fans, its neighbours and the room are known least."""
MOST_PASSES = 20_000
"""Of the Riccati recursion; at ten readings a second it settles within a few thousand."""


class Estimator:
    """Gains of one plant, kept for each length of step.

    Pure in its results: the same readings and states give the same corrections, whatever
    went before, so a resumed run repeats the uninterrupted one.
    """

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._gains = functools.lru_cache(maxsize=8)(functools.partial(steady_gains, plant))

    def corrected(self, state: State, measured_c: Floats, dt_s: float) -> State:
        """Return the state after readings of GPU temperature at its instant, NaN where none.

        `dt_s` is the time since the readings before.
        """
        off_k = measured_c - state.gpu_temp_c
        seen = ~np.isnan(off_k)
        if not seen.any():
            return state
        gain = self._gains(float(f"{max(dt_s, 1e-3):.2g}"))[self._plant.arrays.gpus.group]
        off_k = np.where(seen, off_k, 0.0)
        return state._replace(
            gpu_temp_c=state.gpu_temp_c + gain[:, DIE] * off_k,
            gpu_body_c=state.gpu_body_c + gain[:, BODY] * off_k,
            memory_temp_c=state.memory_temp_c + gain[:, MEMORY] * off_k,
            gpu_coolant_c=state.gpu_coolant_c + gain[:, COOLANT] * off_k,
        )


def steady_gains(plant: Plant, dt_s: float) -> Floats:
    """Return the gain of each group's four temperatures on a die's innovation. (groups, 4)

    At the group's reference flow, readings every `dt_s` seconds. Checked against scipy's
    solution of the algebraic Riccati equation in ``tests/twin/test_estimator.py``.
    """
    groups = plant.arrays.groups
    step = np.stack([_transition(plant, q, dt_s) for q in range(len(groups.node))])
    drift = np.diag(np.square(DRIFT_K_PER_ROOT_S)) * dt_s
    spread = np.broadcast_to(np.eye(4), step.shape)
    gain = np.zeros((len(step), 4))
    for _ in range(MOST_PASSES):
        ahead = step @ spread @ step.transpose(0, 2, 1) + drift
        gain = ahead[:, :, DIE] / (ahead[:, DIE, DIE, None] + SENSOR_STD_K**2)
        after = ahead - gain[:, :, None] * ahead[:, DIE, None, :]
        settled = np.allclose(after, spread, rtol=1e-5, atol=1e-12)
        spread = after
        if settled:
            break
    return gain


def _transition(plant: Plant, q: int, dt_s: float) -> Floats:
    groups = plant.arrays.groups
    share = groups.memory_share[q]
    capacities = np.array(
        [
            groups.die_capacity_j_per_k[q],
            groups.body_capacity_j_per_k[q],
            groups.memory_capacity_j_per_k[q],
            groups.coolant_capacity_j_per_k[q],
        ]
    )
    rates = chain_rates(
        capacities,
        (1.0 - share) / groups.die_resistance_k_per_w[q],
        1.0 / groups.body_resistance_k_per_w[q],
        1.0 / groups.memory_resistance_k_per_w[q],
        2.0 * groups.flow_reference_kg_per_s[q] * groups.coolant_cp_j_per_kg_k[q],
    )
    return transition(rates, dt_s)[0][:4, :4]
