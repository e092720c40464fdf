"""Correction of what is believed by measured temperatures.

A steady Kalman gain for each group of GPUs, from the chain that the step itself uses. The die
is seen; body, memory and coolant are moved along by what their physics say of a die that is
off. What stays off for long is put down to the air or liquid that the node takes in: a slowly
wandering rise, shared by the GPUs of a node, that the next step is taken with.

A correction is no heat: it changes what is believed, not what happened, so it belongs to no
step's ledger.
"""

import functools
import math
from dataclasses import replace

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant, freeze
from twin.physics.thermal_chain import BODY, COOLANT, DIE, MEMORY, chain_rates, transition
from twin.state import State

INLET = 4
"""Place of the wandering inlet in a gain, behind the chain's four temperatures."""
SENSOR_STD_K = 0.5
"""Whole degrees, and a sensor that is not all of the die."""
CORRELATION_S = 2.0
"""Readings closer than this are not independent evidence."""
WANDER_K_PER_ROOT_S = (0.05, 0.1, 0.05, 0.01, 0.03)
"""What the model misses in a second: die, body, memory, coolant, inlet."""
CHAIN = (
    "memory_share",
    "die_capacity_j_per_k",
    "body_capacity_j_per_k",
    "memory_capacity_j_per_k",
    "coolant_capacity_j_per_k",
    "die_resistance_k_per_w",
    "body_resistance_k_per_w",
    "memory_resistance_k_per_w",
    "flow_reference_kg_per_s",
    "coolant_cp_j_per_kg_k",
)
"""What a gain depends on, of a group."""
MOST_OFF_K = 25.0
"""A reading further off than this corrects no more than one that is off by so much."""
MOST_RISE_K = 20.0
"""No wandering inlet is further off: beyond it something else is wrong."""
PACE = 1.1
"""Lengths of step within this ratio share their gains: live frames jitter."""
MOST_PASSES = 20_000
"""Of the Riccati recursion; at ten readings a second it settles within a few thousand."""


class Estimator:
    """Gains of one plant, kept for each length of step.

    Pure in its results: the same readings, state and rise give the same corrections,
    whatever went before, so a resumed run repeats the uninterrupted one.
    """

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._gains = functools.lru_cache(maxsize=32)(functools.partial(steady_gains, plant))

    def corrected(
        self,
        state: State,
        rise_k: Floats,
        measured_c: Floats,
        dt_s: float,
        direct: Flags | None = None,
    ) -> tuple[State, Floats]:
        """Return state and inlet rise after readings of GPU temperature, NaN where none.

        `rise_k` is the believed rise of each node's inlet over the plant's, shape (nodes,),
        zeros at first; `dt_s` is the time since the readings before. `direct` says which
        nodes have an inlet that is measured itself: their GPUs tell nothing of it.
        """
        off_k = measured_c - state.gpu_temp_c
        seen = ~np.isnan(off_k)
        if not seen.any():
            return state, rise_k
        gpus = self._plant.arrays.gpus
        pace = PACE ** round(math.log(max(dt_s, 1e-3)) / math.log(PACE))
        gain = self._gains(pace)[gpus.group]
        off_k = np.clip(np.where(seen, off_k, 0.0), -MOST_OFF_K, MOST_OFF_K)
        told = np.bincount(gpus.node, gain[:, INLET] * off_k, len(rise_k))
        tellers = np.bincount(gpus.node, seen, len(rise_k))
        after = state._replace(
            gpu_temp_c=state.gpu_temp_c + gain[:, DIE] * off_k,
            gpu_body_c=state.gpu_body_c + gain[:, BODY] * off_k,
            memory_temp_c=state.memory_temp_c + gain[:, MEMORY] * off_k,
            gpu_coolant_c=state.gpu_coolant_c + gain[:, COOLANT] * off_k,
        )
        move_k = told / np.maximum(tellers, 1.0)
        if direct is not None:
            move_k = np.where(direct, 0.0, move_k)
        return after, np.clip(rise_k + move_k, -MOST_RISE_K, MOST_RISE_K)


def risen(plant: Plant, rise_k: Floats) -> Plant:
    """Return the plant whose nodes take in coolant warmer by a rise, shape (nodes,).

    Liquid where plates cool the GPUs, air elsewhere.
    """
    nodes = plant.arrays.nodes
    wet = nodes.liquid_circuit >= 0
    nodes = freeze(
        nodes._replace(
            inlet_rise_k=nodes.inlet_rise_k + np.where(wet, 0.0, rise_k),
            coolant_rise_k=nodes.coolant_rise_k + np.where(wet, rise_k, 0.0),
        )
    )
    return replace(plant, arrays=plant.arrays._replace(nodes=nodes))


def steady_gains(plant: Plant, dt_s: float) -> Floats:
    """Return what an innovation of the die moves in each group. Shape (groups, 5)

    At the group's reference flow, readings every `dt_s` seconds. Checked against scipy's
    solution of the algebraic Riccati equation in ``tests/twin/estimation/test_estimator.py``.
    """
    first, like = alike(plant)
    step = np.stack([chain_and_inlet(plant, int(q), dt_s) for q in first])
    wander = np.diag(np.square(WANDER_K_PER_ROOT_S)) * dt_s
    noise = SENSOR_STD_K**2 * max(CORRELATION_S / dt_s, 1.0)
    spread = np.broadcast_to(np.eye(5), step.shape)
    gain = np.zeros((len(step), 5))
    for _ in range(MOST_PASSES):
        ahead = step @ spread @ step.transpose(0, 2, 1) + wander
        gain = ahead[:, :, DIE] / (ahead[:, DIE, DIE, None] + noise)
        after = ahead - gain[:, :, None] * ahead[:, DIE, None, :]
        settled = np.allclose(after, spread, rtol=1e-5, atol=1e-12)
        spread = after
        if settled:
            break
    return gain[like]


def alike(plant: Plant) -> tuple[Ints, Ints]:
    """Return the first group of each kind of chain, and each group's kind.

    A site has a group for each rack, but few kinds of chain.
    """
    groups = plant.arrays.groups._asdict()
    chain = np.column_stack([groups[name] for name in CHAIN])
    _, first, like = np.unique(chain, axis=0, return_index=True, return_inverse=True)
    return first, like.ravel()


def chain_and_inlet(plant: Plant, q: int, dt_s: float) -> Floats:
    """Return how a group's four temperatures and a steady inlet move in a step. (5, 5)"""
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
    stream = 2.0 * groups.flow_reference_kg_per_s[q] * groups.coolant_cp_j_per_kg_k[q]
    rates = chain_rates(
        capacities,
        (1.0 - share) / groups.die_resistance_k_per_w[q],
        1.0 / groups.body_resistance_k_per_w[q],
        1.0 / groups.memory_resistance_k_per_w[q],
        stream,
    )
    propagator, integral = transition(rates, dt_s)
    step = np.eye(5)
    step[:4, :4] = propagator[:4, :4]
    step[:4, INLET] = integral[:4, COOLANT] * stream / capacities[COOLANT]
    return step
