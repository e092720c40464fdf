"""GPUs during one substep: their power, their thermal chains, the heat given to coolant."""

from site_models.arrays import Floats
from site_models.plant import Arrays, Gpus, Nodes
from twin.physics.clocks import IDLE
from twin.physics.law import borrowing, compiled
from twin.servers.gpu_chains import NOWHERE, Chains, advance_chain, follow, standing
from twin.servers.gpu_loads import alike, load_at, loads_of
from twin.servers.gpu_moves import Moves, group_moves
from twin.servers.gpu_play import play_gpu
from twin.servers.gpu_rates import lanes
from twin.state import MODELLED, Inputs, State


@compiled
def advance_gpus(
    arrays: Arrays, state: State, inputs: Inputs, h_s: float, to_coolant_w: Floats
) -> None:
    """Advance every GPU's chain by h; sum its mean heat to its node's coolant."""
    advance_loaded(arrays, state, inputs, loads_of(arrays, inputs), h_s, to_coolant_w)


@compiled
def advance_loaded(
    arrays: Arrays, state: State, inputs: Inputs, loads: Floats, h_s: float, to_coolant_w: Floats
) -> None:
    """Do what `advance_gpus` does with the inputs' `loads_of`, which hold over a whole step."""
    whole, part, coolant_w_per_k = group_moves(arrays, state, h_s)
    pass_nodes(
        arrays.gpus, arrays.nodes, state, inputs, loads, whole, part, coolant_w_per_k, h_s,
        to_coolant_w,
    )  # fmt: skip


@borrowing
def pass_nodes(
    gpus: Gpus,
    nodes: Nodes,
    state: State,
    inputs: Inputs,
    loads: Floats,
    whole: Moves,
    part: Moves,
    coolant_w_per_k: Floats,
    h_s: float,
    to_coolant_w: Floats,
) -> None:
    """Advance the GPUs of node after node.

    Power that was measured is taken as it is and the chain is then exact at any h. Modelled
    power follows leakage and control: `twin/servers/gpu_power.py`.

    In air the GPUs behind others breathe air that those have warmed, so each node is passed
    twice; in liquid all cold plates of a node are in parallel and the second pass is empty.

    The GPUs of a job often stand alike to the last bit: one after another like it is not played
    again, but follows it. Checked to be the same bytes in ``tests/twin/servers/test_servers.py``.
    """
    group, idle_power_w = gpus.group, gpus.idle_power_w
    chains = Chains(
        state.gpu_temp_c, state.gpu_body_c, state.memory_temp_c, state.gpu_coolant_c,
        gpus.rise_factor,
    )  # fmt: skip
    told, last, before = (0.0, 0.0, 0.0, 0, False), -1, NOWHERE
    for n in range(nodes.rack.size):
        first, count = nodes.first_gpu[n], nodes.gpu_count[n]
        to_coolant_w[n] = 0.0
        if count == 0:
            continue
        liquid = nodes.liquid_circuit[n] >= 0
        powered = state.rack_powered[nodes.rack[n]]
        inlet_c = state.node_inlet_c[n]
        if liquid:
            inlet_c = state.circuit_delivered_c[nodes.liquid_circuit[n]] + nodes.coolant_rise_k[n]
        for turn in range(1 if liquid else 2):
            if turn == 1:
                air_w_per_k = coolant_w_per_k[group[first]]
                air_w_per_k *= lanes(gpus.upstream, first, count)
                inlet_c += to_coolant_w[n] / max(air_w_per_k, 1e-9)
            for g in range(first, first + count):
                if not liquid and gpus.upstream[g] != (turn == 0):
                    continue
                q, power_w, clock, reasons = group[g], inputs.gpu_power_w[g] * powered, 1.0, 0
                played = inputs.gpu_power_basis[g] == MODELLED
                if not played:
                    state.gpu_off[g] = False
                if played and power_w > 0.0 and not state.gpu_off[g]:
                    now = standing(chains, g, state.gpu_power_w[g], inlet_c)
                    if now == before and alike(gpus, loads, last, g):
                        follow(chains, last, g)
                    else:
                        load = load_at(loads, g)
                        told = play_gpu(load, now[0], chains, whole, part, g, q, inlet_c)
                    given_j, power_w, clock, reasons, state.gpu_off[g] = told
                    last, before = g, now
                else:
                    if state.gpu_off[g]:
                        power_w, clock = 0.0, 0.0
                    if 0.0 < power_w <= idle_power_w[g]:
                        reasons = IDLE
                    given_j = advance_chain(chains, whole, g, q, power_w, 0.0, inlet_c)
                state.gpu_power_w[g] = power_w
                state.gpu_clock_ratio[g] = clock
                state.gpu_event_reasons[g] = reasons
                to_coolant_w[n] += given_j / h_s
