"""Pressures and flows of the loops between CDUs and racks during one substep.

A loop is its unit's pumps, the headers that all racks share, and the racks in parallel, each
behind its control valve. One number settles it: the pressure difference of the headers at the
racks. ``twin/cooling/network_flow.py`` solves any network and is the reference:
``benchmarks/validation/loop_pressures.py``.
"""

import math

from site_models.arrays import Floats
from site_models.plant import GIVEN_FLOW, HOLDS_FLOW, Arrays
from twin.physics.law import borrowing
from twin.physics.parallel_racks import branch_flow, highest_head_pa, opening_for
from twin.physics.plug_flow import leaving_c
from twin.physics.pump_control import ALARM_DELAY_S, low_flow, speed_for_dp, speed_for_flow
from twin.scratch import Scratch, clear
from twin.state import State

VALVE_LAG_S = 10.0
"""Actuator time of a rack's coolant valve."""
LEAST_DRIVE_K = 0.5
"""The rack valve is wide open when supply is this close to the return setpoint."""
SETTLED = 1e-13
"""The pressure difference has settled when a turn moves it by less than this share."""
LEAST_PA = 1e-3
MOST_TURNS = 200
"""Bisection alone would need fewer."""


@borrowing
def set_rack_flows(
    arrays: Arrays, state: State, scratch: Scratch, flow_share: Floats, h_s: float
) -> None:
    """Move valves and pumps by h, then find the flow of every rack and what it is supplied with.

    Controls act on the pressures of the last substep. A rack that shuts its valve leaves more
    pressure, hence flow, to the others until pumps and valves have followed; when the pumps
    stop, all starve. Nothing flows where no unit that cools is in service: pumps are theirs.
    `flow_share`, shape (circuits,), is that of the inputs.
    """
    want_flows(arrays, state, scratch)
    move_rack_valves(arrays, state, scratch.wanted_kg_per_s, h_s)
    drive_pumps(arrays, state, scratch, flow_share, h_s)
    settle_pressures(arrays, state, scratch)
    watch_flows(arrays, state, scratch, flow_share, h_s)
    look_down_pipes(arrays, state, h_s)


@borrowing
def want_flows(arrays: Arrays, state: State, scratch: Scratch) -> None:
    """Set `wanted_kg_per_s` to what each rack's warmest node needs; 0 out of service or in air.

    No node's coolant is to leave warmer than the rack's return setpoint; where all nodes
    carry their part of the load that is the rack's own return temperature. Sized for the
    mixed return instead, a single busy tray would starve beside idle ones.
    """
    nodes, racks, circuits = arrays.nodes, arrays.racks, arrays.circuits
    sized_w, wanted = scratch.sized_w, scratch.wanted_kg_per_s
    clear(sized_w)
    clear(wanted)
    for n in range(nodes.rack.size):
        if nodes.liquid_flow_share[n] > 0.0:
            as_rack_w = state.node_liquid_heat_w[n] / nodes.liquid_flow_share[n]
            sized_w[nodes.rack[n]] = max(sized_w[nodes.rack[n]], as_rack_w)
    for r in range(racks.row.size):
        k = racks.liquid_circuit[r]
        if k < 0 or not racks.in_service[r]:
            continue
        if racks.lumped[r]:
            sized_w[r] = state.rack_liquid_heat_w[r]
        drive_k = max(racks.return_setpoint_c[r] - state.circuit_delivered_c[k], LEAST_DRIVE_K)
        flow = sized_w[r] / (circuits.cp_j_per_kg_k[k] * drive_k)
        wanted[r] = min(max(flow, racks.flow_min_kg_per_s[r]), racks.flow_max_kg_per_s[r])


@borrowing
def move_rack_valves(arrays: Arrays, state: State, wanted: Floats, h_s: float) -> None:
    """Move each rack's valve towards the opening that passes the wanted flow.

    Where the unit holds its flow, the racks' valves stand open and only balance. A rack that
    is out of service is valved off.
    """
    racks, control = arrays.racks, arrays.circuits.pump_control
    reach = -math.expm1(-h_s / VALVE_LAG_S)
    for r in range(racks.row.size):
        k = racks.liquid_circuit[r]
        if k < 0:
            continue
        aim = opening_for(
            wanted[r],
            state.rack_dp_pa[r],
            racks.loss_square_pa_s2_per_kg2[r],
            racks.loss_linear_pa_s_per_kg[r],
            racks.valve_square_pa_s2_per_kg2[r],
        )
        if control[k] == HOLDS_FLOW and wanted[r] > 0.0:
            aim = 1.0
        opening = state.rack_valve[r] + (aim - state.rack_valve[r]) * reach
        opening = max(opening, racks.valve_opening_min[r])
        state.rack_valve[r] = min(opening, racks.valve_opening_max[r])


@borrowing
def drive_pumps(
    arrays: Arrays, state: State, scratch: Scratch, flow_share: Floats, h_s: float
) -> None:
    """Lead each loop's pumps towards what they hold, within the speeds that they can run at.

    A share of the flow is the square of it of the pressure difference: both go with speed.
    """
    circuits, cooled = arrays.circuits, scratch.cooled
    count_units(arrays, cooled)
    for k in range(circuits.kind.size):
        if circuits.pump_control[k] == GIVEN_FLOW:
            continue
        least = circuits.pump_speed_min[k]
        if circuits.pump_control[k] == HOLDS_FLOW:
            speed = speed_for_flow(
                state.circuit_pump_speed[k],
                circuits.pump_setpoint_kg_per_s[k] * flow_share[k],
                state.circuit_flow_kg_per_s[k],
                least,
                h_s,
            )
        else:
            speed = speed_for_dp(
                state.circuit_pump_speed[k],
                circuits.pump_setpoint_pa[k] * flow_share[k] * flow_share[k],
                state.circuit_dp_pa[k],
                least,
                h_s,
            )
        speed = min(max(speed, least), circuits.pump_speed_max[k])
        state.circuit_pump_speed[k] = speed * (cooled[k] > 0.0) * state.circuit_powered[k]


@borrowing
def count_units(arrays: Arrays, cooled: Floats) -> None:
    """Set how many exchangers and chillers cool each circuit now; its pumps are theirs."""
    clear(cooled)
    for x in range(arrays.exchangers.hot_circuit.size):
        cooled[arrays.exchangers.hot_circuit[x]] += arrays.exchangers.in_service[x]
    for c in range(arrays.chillers.circuit.size):
        cooled[arrays.chillers.circuit[c]] += arrays.chillers.in_service[c]


@borrowing
def settle_pressures(arrays: Arrays, state: State, scratch: Scratch) -> None:
    """Find the pressure difference at every loop's racks, and so all flows.

    Head of the pumps less the headers' loss is that difference; the racks' flows rise with it
    and the head left falls with them, so it has one root. Newton from the last one, halved where
    that would leave the interval known to hold it: it ends, and to rounding. Flows add up by
    construction. Checked for its balance, for racks that shut and at rest in
    ``tests/twin/cooling/test_loop_pressures.py``.
    """
    circuits, racks = arrays.circuits, arrays.racks
    count = circuits.kind.size
    dp_pa, low_pa, high_pa = scratch.dp_pa, scratch.low_pa, scratch.high_pa
    total, slope = scratch.total_kg_per_s, scratch.slope_kg_per_s_pa
    for k in range(count):
        dp_pa[k], low_pa[k], high_pa[k] = 0.0, 0.0, 0.0
        if circuits.pump_control[k] != GIVEN_FLOW:
            rest_pa, linear, fall = head_terms(arrays, state, k)
            high_pa[k] = highest_head_pa(rest_pa, linear, fall)
            flow = state.circuit_flow_kg_per_s[k]
            last_pa = state.circuit_dp_pa[k]
            last_pa -= circuits.loss_square_pa_s2_per_kg2[k] * flow * flow
            dp_pa[k] = min(max(last_pa, 0.0), high_pa[k])
    for _ in range(MOST_TURNS):
        sum_flows(arrays, state, dp_pa, total, slope)
        worst = 0.0
        for k in range(count):
            if circuits.pump_control[k] == GIVEN_FLOW:
                continue
            rest_pa, linear, fall = head_terms(arrays, state, k)
            m = total[k]
            missing_pa = rest_pa + m * (linear - fall * m) - dp_pa[k]
            if missing_pa > 0.0:
                low_pa[k] = dp_pa[k]
            else:
                high_pa[k] = dp_pa[k]
            change = (linear - 2.0 * fall * m) * slope[k] - 1.0
            aim_pa = dp_pa[k] - missing_pa / change if change < 0.0 else -1.0
            if not low_pa[k] <= aim_pa <= high_pa[k]:
                aim_pa = 0.5 * (low_pa[k] + high_pa[k])
            worst = max(worst, abs(aim_pa - dp_pa[k]) / max(aim_pa, LEAST_PA))
            dp_pa[k] = aim_pa
        if worst <= SETTLED:
            break
    sum_flows(arrays, state, dp_pa, total, slope)
    for k in range(count):
        if circuits.pump_control[k] != GIVEN_FLOW:
            header_pa = circuits.loss_square_pa_s2_per_kg2[k] * total[k] * total[k]
            state.circuit_dp_pa[k] = dp_pa[k] + header_pa
            state.circuit_flow_kg_per_s[k] = total[k]
    for r in range(racks.row.size):
        if racks.liquid_circuit[r] >= 0:
            state.rack_dp_pa[r] = dp_pa[racks.liquid_circuit[r]]


@borrowing
def head_terms(arrays: Arrays, state: State, k: int) -> tuple[float, float, float]:
    """Return head at rest [Pa], rise and fall with the flow of what the pumps leave the racks.

    `rest + linear m - fall m^2` at the speed of now, the headers' loss taken off.
    """
    circuits, speed = arrays.circuits, state.circuit_pump_speed[k]
    fall = circuits.loss_square_pa_s2_per_kg2[k] - circuits.pump_square_pa_s2_per_kg2[k]
    rest_pa = speed * speed * circuits.pump_rest_pa[k]
    return rest_pa, speed * circuits.pump_linear_pa_s_per_kg[k], fall


@borrowing
def sum_flows(arrays: Arrays, state: State, dp_pa: Floats, total: Floats, slope: Floats) -> None:
    """Set every rack's flow at its loop's pressure difference; sum flows and their slopes."""
    racks = arrays.racks
    clear(total)
    clear(slope)
    for r in range(racks.row.size):
        k = racks.liquid_circuit[r]
        if k < 0:
            continue
        flow, more = branch_flow(
            dp_pa[k],
            racks.loss_square_pa_s2_per_kg2[r],
            racks.loss_linear_pa_s_per_kg[r],
            racks.valve_square_pa_s2_per_kg2[r],
            state.rack_valve[r],
        )
        state.rack_flow_kg_per_s[r] = flow
        total[k] += flow
        slope[k] += more


@borrowing
def watch_flows(
    arrays: Arrays, state: State, scratch: Scratch, flow_share: Floats, h_s: float
) -> None:
    """Count how long each loop has been short of flow: the unit's alarm waits 100 s."""
    circuits, racks, asked = arrays.circuits, arrays.racks, scratch.asked_kg_per_s
    clear(asked)
    for r in range(racks.row.size):
        if racks.liquid_circuit[r] >= 0:
            asked[racks.liquid_circuit[r]] += scratch.wanted_kg_per_s[r]
    for k in range(circuits.kind.size):
        if circuits.pump_control[k] == HOLDS_FLOW:
            asked[k] = circuits.pump_setpoint_kg_per_s[k] * flow_share[k]
        if circuits.pump_control[k] != GIVEN_FLOW:
            state.circuit_low_flow_s[k], _ = low_flow(
                state.circuit_low_flow_s[k],
                state.circuit_flow_kg_per_s[k],
                asked[k],
                ALARM_DELAY_S,
                h_s,
            )


@borrowing
def look_down_pipes(arrays: Arrays, state: State, h_s: float) -> None:
    """Set what arrives at racks and units during the step: what their pipes hold by now."""
    circuits = arrays.circuits
    for k in range(circuits.kind.size):
        state.circuit_delivered_c[k] = state.circuit_supply_c[k]
        state.circuit_arriving_c[k] = state.circuit_return_c[k]
        moved_m3 = state.circuit_flow_kg_per_s[k] * h_s / circuits.density_kg_per_m3[k]
        if circuits.supply_pipe_m3[k] > 0.0:
            state.circuit_delivered_c[k] = leaving_c(
                state.supply_pipe_m3[k], state.supply_pipe_c[k], moved_m3
            )
        if circuits.return_pipe_m3[k] > 0.0:
            state.circuit_arriving_c[k] = leaving_c(
                state.return_pipe_m3[k], state.return_pipe_c[k], moved_m3
            )
