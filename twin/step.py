"""The step: from one believed state to the next."""

import math

import numpy as np

from site_models.plant import Arrays, Plant
from twin.coolant import advance_circuits, set_circuit_flows
from twin.gpu_loads import loads_of
from twin.gpus import advance_loaded
from twin.loop_pressures import set_rack_flows
from twin.nodes import advance_nodes, gather_racks, set_fans
from twin.physics.law import compiled
from twin.power import load_feeds
from twin.power_live import set_power
from twin.refrigeration import chill
from twin.rejection import exchange, move_valves
from twin.state import Inputs, Ledger, State
from twin.stored import stored_energy_j

COUPLING_S = 1.0
"""Longest substep over which the heats between blocks are held."""


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
    ledger = advance(plant.arrays, new, plain(inputs), dt_s, substeps)
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


@compiled
def advance(
    arrays: Arrays, state: State, inputs: Inputs, dt_s: float, substeps: int
) -> tuple[float, float, float, float, float, float, float, float]:
    """Advance the state in place; return the ledger's amounts but the last, in its order."""
    h_s = dt_s / substeps
    stored_before_j = stored_energy_j(arrays, state)
    to_coolant_w = np.zeros(arrays.nodes.rack.size)
    loads = loads_of(arrays, inputs)
    energy_in_j, heat_out_j, it_energy_j, generator_j = 0.0, 0.0, 0.0, 0.0
    water_kg, evaporated_kg, drift_kg = 0.0, 0.0, 0.0
    for _ in range(substeps):
        set_power(arrays, state, h_s)
        set_fans(arrays, state, h_s)
        set_rack_flows(arrays, state, inputs.circuit_flow_share, h_s)
        advance_loaded(arrays, state, inputs, loads, h_s, to_coolant_w)
        advance_nodes(arrays, state, inputs, to_coolant_w)
        gather_racks(arrays, state, inputs)
        set_circuit_flows(arrays, state)
        drift_kg += exchange(arrays, state, inputs) * h_s
        chill(arrays, state, inputs, h_s)
        heat_in_w = np.zeros(arrays.circuits.kind.size)
        metered_w, generated_w, stage_loss_w = load_feeds(arrays, state, heat_in_w, h_s)
        rejected_w = advance_circuits(arrays, state, heat_in_w, h_s)
        move_valves(arrays, state, inputs, h_s)
        energy_in_j += (metered_w + generated_w) * h_s
        generator_j += generated_w * h_s
        heat_out_j += (stage_loss_w + rejected_w) * h_s
        for r in range(arrays.racks.row.size):
            it_energy_j += state.rack_power_w[r] * h_s
        for x in range(arrays.exchangers.hot_circuit.size):
            water_kg += state.exchanger_make_up_kg_per_s[x] * h_s
            evaporated_kg += state.exchanger_evaporated_kg_per_s[x] * h_s
    stored_j = stored_energy_j(arrays, state) - stored_before_j
    return (
        energy_in_j,
        heat_out_j,
        stored_j,
        it_energy_j,
        water_kg,
        evaporated_kg,
        drift_kg,
        generator_j,
    )
