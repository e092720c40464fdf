"""What the site holds: the left side of the energy account."""

from site_models.plant import Arrays
from twin.physics.law import borrowing
from twin.state import State


@borrowing
def stored_energy_j(arrays: Arrays, state: State) -> float:
    """Return the heat held in every thermal mass, counted from 0 C, and in batteries [J]."""
    groups, circuits = arrays.groups, arrays.circuits
    total = 0.0
    for g in range(arrays.gpus.node.size):
        q = arrays.gpus.group[g]
        total += (
            groups.die_capacity_j_per_k[q] * state.gpu_temp_c[g]
            + groups.body_capacity_j_per_k[q] * state.gpu_body_c[g]
            + groups.memory_capacity_j_per_k[q] * state.memory_temp_c[g]
            + groups.coolant_capacity_j_per_k[q] * state.gpu_coolant_c[g]
        ) / arrays.gpus.rise_factor[g]
    for k in range(circuits.kind.size):
        total += circuits.supply_capacity_j_per_k[k] * state.circuit_supply_c[k]
        total += circuits.return_capacity_j_per_k[k] * state.circuit_return_c[k]
        if circuits.supply_pipe_m3[k] > 0.0 or circuits.return_pipe_m3[k] > 0.0:
            held = 0.0
            for i in range(state.supply_pipe_m3.shape[1]):
                held += state.supply_pipe_m3[k, i] * state.supply_pipe_c[k, i]
                held += state.return_pipe_m3[k, i] * state.return_pipe_c[k, i]
            total += circuits.density_kg_per_m3[k] * circuits.cp_j_per_kg_k[k] * held
    for f in range(arrays.feeds.parent.size):
        total += state.feed_battery_j[f]
    return total
