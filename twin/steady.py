"""The steady state: where the step comes to rest with held inputs.

The same equations on a plant with less water and steel: a steady state does not depend on
heat capacities, so the circuits are given just enough to turn over in a few seconds and the
controllers a shorter reset. What is found is then a state of the real plant.
"""

from dataclasses import replace

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Plant, freeze
from twin.start import filled_pipes, first_state
from twin.state import Inputs, State
from twin.step import COUPLING_S, advance, copied, plain, step
from twin.unsolved import NotSettledError

TURNOVER_S = 12.0
"""Fluid of the light plant's circuits passes its supply or return mass in this time."""
RESET_S = 30.0
NEVER_K = 1e6
"""Above any temperature."""
CHUNK_S = 300
LONGEST_S = 120_000
SETTLED = 3e-10
"""Imbalance of the meters over their energy [-], and motion of any temperature [K/s], at rest."""


def steady(plant: Plant, inputs: Inputs, time_s: float = 0.0) -> State:
    """Return the steady state for held inputs.

    Its ledger is that of one second of the real plant. Raises NotSettledError if the site finds
    no rest, which happens when its cooling cannot carry the load.
    Checked: the meters balance to 1e-9 for every shipped site, ``tests/twin/test_steady.py``.
    """
    light = _light(plant)
    state, held = copied(first_state(plant, inputs, time_s)), plain(inputs)
    moving = np.inf
    for _ in range(0, LONGEST_S, CHUNK_S):
        before_c = _temperatures_c(state)
        substeps = int(CHUNK_S / COUPLING_S)
        in_j, out_j, *_ = advance(light, state, held, float(CHUNK_S), substeps)
        moved_k = np.max(np.abs(_temperatures_c(state) - before_c), initial=0.0)
        moving = max(float(moved_k) / CHUNK_S, abs(in_j - out_j) / max(in_j, 1.0))
        if moving < SETTLED:
            pipes = filled_pipes(plant, state.circuit_supply_c, state.circuit_return_c)
            state = state._replace(**pipes)
            rest = step(plant, _warmed(plant, state), inputs, COUPLING_S)
            return rest._replace(time_s=float(time_s))
    raise NotSettledError(f"still moving by {moving:.2g} after {LONGEST_S} s: no steady state")


def rest_or_first(plant: Plant, inputs: Inputs, time_s: float = 0.0) -> State:
    """Return the steady state, or the first state of a site that finds no rest."""
    try:
        return steady(plant, inputs, time_s)
    except NotSettledError:
        return first_state(plant, inputs, time_s)


def _light(plant: Plant) -> Plant:
    """Return the plant with little fluid, none in pipes, quick controllers and no breakers.

    Its GPUs do not shut down: what they pass on the way to rest, they never were in.
    """
    arrays = plant.arrays
    lasting = arrays.gpus._replace(shutdown_c=arrays.gpus.shutdown_c + NEVER_K)
    circuits, exchangers = arrays.circuits, arrays.exchangers
    light_j_per_k = circuits.flow_max_kg_per_s * circuits.cp_j_per_kg_k * TURNOVER_S
    none_m3 = np.zeros(len(light_j_per_k))
    quick = circuits._replace(
        supply_pipe_m3=none_m3,
        return_pipe_m3=none_m3.copy(),
        supply_capacity_j_per_k=np.minimum(circuits.supply_capacity_j_per_k, light_j_per_k),
        return_capacity_j_per_k=np.minimum(circuits.return_capacity_j_per_k, light_j_per_k),
    )
    swift = exchangers._replace(reset_s=np.minimum(exchangers.reset_s, RESET_S))
    held = arrays.feeds._replace(breaker_rating_a=np.zeros_like(arrays.feeds.breaker_rating_a))
    light = arrays._replace(
        circuits=freeze(quick), exchangers=freeze(swift), feeds=freeze(held), gpus=freeze(lasting)
    )
    return replace(plant, arrays=light)


def _warmed(plant: Plant, state: State) -> State:
    """Return the state with breakers as warm as hours at this load leave them.

    The search itself has none: what overloads a breaker for ever has no rest but a dark one.
    Such a one is as warm as its rating makes it, and its time to trip begins.
    """
    feeds = plant.arrays.feeds
    share = state.feed_output_w / feeds.rating_w
    thermal = np.where(feeds.breaker_rating_a > 0.0, np.minimum(share * share, 1.0), 0.0)
    return state._replace(feed_breaker_thermal=thermal)


def _temperatures_c(state: State) -> Floats:
    return np.concatenate(
        (
            state.gpu_temp_c,
            state.gpu_body_c,
            state.circuit_supply_c,
            state.circuit_return_c,
        )
    )
