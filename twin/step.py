"""The step: from one believed state to the next."""

import math
from typing import Any

import numpy as np

from site_models.plant import Arrays, Plant
from twin.cooling.coolant import advance_circuits, set_circuit_flows
from twin.cooling.loop_pressures import set_rack_flows
from twin.cooling.refrigeration import chill
from twin.cooling.rejection import exchange, move_valves
from twin.electrical.chain import load_feeds
from twin.electrical.live import set_power
from twin.held_arrays import held_arrays
from twin.physics.law import borrowing, compiled
from twin.scratch import Scratch, clear, scratch_for
from twin.servers.gpu_loads import loads_of
from twin.servers.gpus import advance_loaded
from twin.servers.nodes import advance_nodes, gather_racks, set_fans
from twin.state import Inputs, Ledger, State
from twin.stored import stored_energy_j

COUPLING_S = 1.0
"""Longest substep over which the heats between blocks are held."""

ENERGY_IN, HEAT_OUT, IT_ENERGY, GENERATOR, WATER, EVAPORATED, DRIFT = range(7)
"""Places in `Scratch.sums`."""


def step(plant: Plant, state: State, inputs: Inputs, dt_s: float) -> State:
    """Return the state `dt_s` seconds later, with the inputs held over the step.

    Inside each substep of at most one second the linear blocks (GPU chains, circuits) are
    advanced exactly and exchange held heats, so any step is stable. Energy is accounted in
    `State.ledger`: what came through the meters, less what left, against the rise of the
    temperatures themselves.

    Raises ValueError for a step that is not a positive number. Pure: the given state stays
    as it was. Checked for closure, halving and against solve_ivp in ``tests/twin``.
    """
    if not 0.0 < dt_s < math.inf:
        raise ValueError(f"dt_s: expected a positive number of seconds, got {dt_s}")
    new = copied(state)
    substeps = math.ceil(dt_s / COUPLING_S - 1e-9)
    ledger = advance(plant, new, plain(inputs), dt_s, substeps)
    battery_j = float(np.sum(new.feed_battery_j - state.feed_battery_j))
    return new._replace(time_s=state.time_s + dt_s, ledger=Ledger(*ledger, battery_j))


def copied(state: State) -> State:
    """Return a state with arrays of its own."""
    return State._make(item.copy() if isinstance(item, np.ndarray) else item for item in state)


def plain(inputs: Inputs) -> Inputs:
    """Return inputs whose arrays are of the one kind that the kernel was compiled for.

    A read-only or strided array is another type to numba: it would compile anew, for a
    minute, in the middle of a run.
    """
    return Inputs._make(
        item.copy()
        if isinstance(item, np.ndarray) and not (item.flags.writeable and item.flags.c_contiguous)
        else item
        for item in inputs
    )


Amounts = tuple[float, float, float, float, float, float, float, float]
"""Those of a ledger but the last, in its order."""


def advance(plant: Plant, state: State, inputs: Inputs, dt_s: float, substeps: int) -> Amounts:
    """Advance the state in place by `plain` inputs; return what it took."""
    amounts: Amounts = _advance(held_arrays(plant), state, inputs, dt_s, substeps)
    return amounts


@compiled
def _advance(held: Any, state: State, inputs: Inputs, dt_s: float, substeps: int) -> Amounts:
    arrays, h_s = held.arrays, dt_s / substeps
    stored_before_j = stored_energy_j(arrays, state)
    scratch, loads = scratch_for(arrays), loads_of(arrays, inputs)
    for _ in range(substeps):
        set_supplies(arrays, state, inputs, scratch, h_s)
        advance_loaded(arrays, state, inputs, loads, h_s, scratch.to_coolant_w)
        carry_heat(arrays, state, inputs, scratch, h_s)
    sums = scratch.sums
    return (
        sums[ENERGY_IN],
        sums[HEAT_OUT],
        stored_energy_j(arrays, state) - stored_before_j,
        sums[IT_ENERGY],
        sums[WATER],
        sums[EVAPORATED],
        sums[DRIFT],
        sums[GENERATOR],
    )


@borrowing
def set_supplies(
    arrays: Arrays, state: State, inputs: Inputs, scratch: Scratch, h_s: float
) -> None:
    """Set what GPUs stand in during a substep: power, air and coolant."""
    set_power(arrays, state, scratch, h_s)
    set_fans(arrays, state, h_s)
    set_rack_flows(arrays, state, scratch, inputs.circuit_flow_share, h_s)


@borrowing
def carry_heat(arrays: Arrays, state: State, inputs: Inputs, scratch: Scratch, h_s: float) -> None:
    """Carry a substep's heat from nodes to the outdoors, add what it took to `scratch.sums`."""
    sums, heat_in_w = scratch.sums, scratch.circuit_heat_in_w
    advance_nodes(arrays, state, inputs, scratch.to_coolant_w)
    gather_racks(arrays, state, scratch, inputs)
    set_circuit_flows(arrays, state, scratch)
    sums[DRIFT] += exchange(arrays, state, scratch, inputs) * h_s
    chill(arrays, state, scratch, inputs, h_s)
    clear(heat_in_w)
    metered_w, generated_w, stage_loss_w = load_feeds(arrays, state, scratch, heat_in_w, h_s)
    rejected_w = advance_circuits(arrays, state, scratch, heat_in_w, h_s)
    move_valves(arrays, state, inputs, h_s)
    sums[ENERGY_IN] += (metered_w + generated_w) * h_s
    sums[GENERATOR] += generated_w * h_s
    sums[HEAT_OUT] += (stage_loss_w + rejected_w) * h_s
    for r in range(arrays.racks.row.size):
        sums[IT_ENERGY] += state.rack_power_w[r] * h_s
    for x in range(arrays.exchangers.hot_circuit.size):
        sums[WATER] += state.exchanger_make_up_kg_per_s[x] * h_s
        sums[EVAPORATED] += state.exchanger_evaporated_kg_per_s[x] * h_s
