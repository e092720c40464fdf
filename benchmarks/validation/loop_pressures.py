"""Loops of racks in the kernel: against the network solver, and what happens without water."""

from collections.abc import Iterator

import numpy as np

from benchmarks.evidence import Evidence
from controllers.plant_edits import with_arrays, with_rack_valves, without_water
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import Plant, freeze
from twin.cooling.loop_pressures import set_rack_flows
from twin.cooling.network import Branch, Network, PumpCurve
from twin.cooling.network_flow import solve
from twin.scratch import scratch_for
from twin.start import filled_pipes, rated_inputs
from twin.state import State
from twin.steady import steady
from twin.step import copied, step

SOLVER = "the network solver, which WNTR checks"
RIDE = "ENGINEERING 3: a loop of 500 L/MW warms 10 K in 20 s"
M3_PER_W = 500.0e-3 / 1e6
SECONDS, RISE_K, PART = 20, 10.0, 0.2


def rows() -> Iterator[Evidence]:
    """Compare flows on the pilot's loop as it is, throttled and with a rack off; lose its water."""
    plant = compile_site("pilot")
    inputs = rated_inputs(plant, 25.0, 18.0)
    rest = steady(plant, inputs)
    throttled = np.linspace(0.2, 1.0, len(plant.rack_names))
    off = np.where(np.arange(len(throttled)) == 2, 0.0, rest.rack_valve)
    for what, opening in (
        ("at rest", rest.rack_valve), ("throttled apart", throttled), ("one valved off", off)
    ):  # fmt: skip
        apart = apart_from_network(plant, rest, opening)
        yield Evidence.at_most(f"flows of the pilot's loop, {what}", SOLVER, apart, 1e-6, "")
    rise_k = risen_without_water(plant, rest)
    yield Evidence.within(
        "mean of a 500 L/MW loop, 20 s without facility water", RIDE, rise_k,
        (1.0 - PART) * RISE_K, (1.0 + PART) * RISE_K, "K",
        why="what the cold plates and dies hold back of the heat",
    )  # fmt: skip


def loop_network(plant: Plant, circuit: int) -> tuple[Network, list[int]]:
    """Return a loop's pumps, headers and racks as a network, and the racks in its order."""
    c, r = plant.arrays.circuits, plant.arrays.racks
    density = float(c.density_kg_per_m3[circuit])
    curve = PumpCurve(
        float(c.pump_rest_pa[circuit]),
        float(c.pump_linear_pa_s_per_kg[circuit]) * density,
        float(c.pump_square_pa_s2_per_kg2[circuit]) * density**2,
    )
    mine = [int(i) for i in np.flatnonzero(r.liquid_circuit == circuit)]
    racks = [
        Branch(
            plant.rack_names[i], "supply", "return", float(r.loss_square_pa_s2_per_kg2[i]),
            float(r.loss_linear_pa_s_per_kg[i]), float(r.valve_square_pa_s2_per_kg2[i]),
        )
        for i in mine
    ]  # fmt: skip
    headers = Branch("headers", "out", "supply", float(c.loss_square_pa_s2_per_kg2[circuit]))
    return Network((Branch("pumps", "return", "out", pump=curve), headers, *racks), "return"), mine


def apart_from_network(plant: Plant, rest: State, opening: Floats) -> float:
    """Return the largest difference of any rack's flow, over the largest flow [-]."""
    held = with_rack_valves(plant, list(range(len(opening))), opening)
    state = copied(rest)
    as_built = np.ones_like(state.circuit_dp_pa)
    set_rack_flows(held.arrays, state, scratch_for(held.arrays), as_built, 1.0)
    circuit = int(plant.arrays.exchangers.hot_circuit[plant.cdu_exchangers[0]])
    network, mine = loop_network(plant, circuit)
    setting = network.setting(float(plant.arrays.circuits.density_kg_per_m3[circuit]), 1e-3)
    setting.opening[2:] = opening[mine]
    setting.speed[0] = state.circuit_pump_speed[circuit]
    flow = solve(network, setting).flow_kg_per_s[2:]
    return float(np.abs(state.rack_flow_kg_per_s[mine] - flow).max() / flow.max())


def risen_without_water(plant: Plant, rest: State) -> float:
    """Return by how much the mean of a loop of 500 L/MW has risen 20 s after its water went [K]."""
    inputs = rated_inputs(plant, 25.0, 18.0)
    exchanger = int(plant.cdu_exchangers[0])
    k = int(plant.arrays.exchangers.hot_circuit[exchanger])
    sized = _sized(plant, k, M3_PER_W * float(rest.exchanger_heat_w[exchanger]))
    state = rest._replace(**filled_pipes(sized, rest.circuit_supply_c, rest.circuit_return_c))
    before_c = mean_c(sized, state, k)
    dry = without_water(sized, [exchanger])
    for _ in range(SECONDS):
        state = step(dry, state, inputs, 1.0)
    return mean_c(sized, state, k) - before_c


def _sized(plant: Plant, k: int, volume_m3: float) -> Plant:
    """Return the plant with one loop scaled to a volume."""
    c = plant.arrays.circuits
    scale = np.ones(len(c.kind))
    scale[k] = volume_m3 / _volume_m3(plant, k)
    fields = (
        "supply_capacity_j_per_k", "return_capacity_j_per_k", "supply_pipe_m3", "return_pipe_m3"
    )  # fmt: skip
    scaled = c._replace(**{name: getattr(c, name) * scale for name in fields})
    return with_arrays(plant, circuits=freeze(scaled))


def _volume_m3(plant: Plant, k: int) -> float:
    c = plant.arrays.circuits
    masses = c.supply_capacity_j_per_k[k] + c.return_capacity_j_per_k[k]
    stirred_m3 = masses / (c.density_kg_per_m3[k] * c.cp_j_per_kg_k[k])
    return float(stirred_m3 + c.supply_pipe_m3[k] + c.return_pipe_m3[k])


def mean_c(plant: Plant, state: State, k: int) -> float:
    """Return the volume-weighted mean temperature of a loop, its pipes included [C]."""
    c = plant.arrays.circuits
    by_volume = c.density_kg_per_m3[k] * c.cp_j_per_kg_k[k]
    held = c.supply_capacity_j_per_k[k] / by_volume * state.circuit_supply_c[k]
    held += c.return_capacity_j_per_k[k] / by_volume * state.circuit_return_c[k]
    held += state.supply_pipe_m3[k] @ state.supply_pipe_c[k]
    held += state.return_pipe_m3[k] @ state.return_pipe_c[k]
    return float(held) / _volume_m3(plant, k)
