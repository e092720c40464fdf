"""How fast the chains of a group of GPUs move, by the coolant that flows past them."""

from site_models.arrays import Flags, Floats
from site_models.plant import GpuGroups, Nodes
from twin.physics.law import borrowing
from twin.physics.thermal_chain import set_rates

SMALLEST_FLOW_RATIO = 1e-3
"""A body at rest in its coolant still conducts: its resistance is that of this flow."""


@borrowing
def group_rates(
    groups: GpuGroups,
    nodes: Nodes,
    upstream: Flags,
    flows: tuple[Floats, Floats],
    q: int,
    rates: Floats,
) -> float:
    """Write the rates of a group's chain at its flow [1/s]; return one GPU's coolant [W/K]."""
    n = groups.node[q]
    if nodes.liquid_circuit[n] >= 0:
        flow = flows[0][nodes.rack[n]] * nodes.liquid_flow_share[n]
        flow /= nodes.gpu_count[n]
    else:
        ways = lanes(upstream, nodes.first_gpu[n], nodes.gpu_count[n])
        flow = flows[1][n] / ways
    ratio = max(flow / groups.flow_reference_kg_per_s[q], SMALLEST_FLOW_RATIO)
    body_k_per_w = groups.body_resistance_k_per_w[q] * ratio ** groups.flow_exponent[q]
    capacities = (
        groups.die_capacity_j_per_k[q],
        groups.body_capacity_j_per_k[q],
        groups.memory_capacity_j_per_k[q],
        groups.coolant_capacity_j_per_k[q],
    )
    coolant_w_per_k: float = flow * groups.coolant_cp_j_per_kg_k[q]
    set_rates(
        rates,
        capacities,
        (1.0 - groups.memory_share[q]) / groups.die_resistance_k_per_w[q],
        1.0 / body_k_per_w,
        1.0 / groups.memory_resistance_k_per_w[q],
        2.0 * coolant_w_per_k,
    )
    return coolant_w_per_k


@borrowing
def lanes(upstream: Flags, first: int, count: int) -> int:
    """Return how many parallel airflows cross a node's GPUs: those that breathe first."""
    found = 0
    for g in range(first, first + count):
        found += upstream[g]
    return max(found, 1)
