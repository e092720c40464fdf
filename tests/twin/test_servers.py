"""GPUs in their nodes against scipy, golden cases and measured ranges."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from site_models.arrays import Floats
from site_models.catalog import open_catalog
from site_models.compile import compile_site
from site_models.kinds.gpu import Gpu, ThermalChain
from site_models.plant import Arrays, Plant
from tests.twin.driving import random_inputs, random_state
from twin.servers import (
    advance_gpus,
    advance_nodes,
    gather_racks,
    set_fans,
    set_rack_flows,
)
from twin.start import first_state, idle_inputs, rated_inputs
from twin.state import State
from twin.steady import steady
from twin.step import copied, step

CATALOG = open_catalog()
L_PER_MIN = 1e-3 / 60.0
PG25_DENSITY, PG25_CP = 1009.9, 3969.0


class Body(NamedTuple):
    """What the reference's equations need of one GPU, read from the catalog."""

    gpu: Gpu
    chain: ThermalChain
    stream_w_per_k: float
    body_k_per_w: float


def reference(
    body: Body, start: Floats, power_w: Floats, inlet_c: float, dt_s: float
) -> tuple[Floats, Floats]:
    """Integrate ENGINEERING 8.2 with a memory node for several GPUs.

    Returns temperatures, shape (4, GPUs), and heat given to the stream, shape (GPUs,) [J].
    """
    share = float(body.gpu.memory_share)
    memory_j = float(body.gpu.memory_capacity_j_per_k)
    plate_j = float(body.chain.body_capacity_j_per_k) - memory_j
    die_w_per_k = (1.0 - share) / float(body.chain.die_resistance_k_per_w)

    def slopes(_: float, flat: Floats) -> Floats:
        die, plate, memory, coolant, _ = flat.reshape(5, -1)
        from_die = die_w_per_k * (die - plate)
        from_memory = (memory - plate) / float(body.gpu.memory_resistance_k_per_w)
        to_coolant = (plate - coolant) / body.body_k_per_w
        away = body.stream_w_per_k * (coolant - inlet_c)
        return np.concatenate(
            (
                ((1.0 - share) * power_w - from_die) / float(body.chain.die_capacity_j_per_k),
                (from_die + from_memory - to_coolant) / plate_j,
                (share * power_w - from_memory) / memory_j,
                (to_coolant - away) / float(body.chain.coolant_capacity_j_per_k),
                away,
            )
        )

    begin = np.concatenate((start.ravel(), np.zeros(start.shape[1])))
    solved = solve_ivp(slopes, (0.0, dt_s), begin, method="Radau", rtol=1e-11, atol=1e-9)
    end = solved.y[:, -1].reshape(5, -1)
    return end[:4], end[4]


def temperatures(state: State, gpus: slice) -> Floats:
    return np.stack(
        (
            state.gpu_temp_c[gpus],
            state.gpu_body_c[gpus],
            state.memory_temp_c[gpus],
            state.gpu_coolant_c[gpus],
        )
    )


@pytest.mark.parametrize("dt_s", [0.1, 1.0, 10.0, 60.0])
def test_cold_plates_follow_the_integrator_at_any_step(edge: Plant, dt_s: float) -> None:
    gpu = CATALOG.get(Gpu, "gb200_gpu")
    assert gpu.liquid is not None
    inputs = random_inputs(edge, 7)._replace(gpu_power_w=np.linspace(0.0, 1400.0, 72))
    state = random_state(edge, inputs, 7)
    flow = state.rack_flow_kg_per_s[0] * edge.arrays.nodes.liquid_flow_share[0] / 4.0
    density = CATALOG_DENSITY
    rated_flow = float(gpu.liquid.flow_reference_m3_per_s or np.nan) * density
    body_k_per_w = float(gpu.liquid.body_resistance_k_per_w) * (flow / rated_flow) ** -0.6
    tcs = edge.arrays.racks.liquid_circuit[0]
    cp = float(edge.arrays.circuits.cp_j_per_kg_k[tcs])
    body = Body(gpu, gpu.liquid, 2.0 * flow * cp, body_k_per_w)
    wanted, heat_j = reference(
        body,
        temperatures(state, slice(0, 4)),
        inputs.gpu_power_w[:4],
        float(state.circuit_supply_c[tcs]),
        dt_s,
    )
    to_coolant_w = np.zeros(len(edge.node_names))
    advance_gpus(edge.arrays, state, inputs, dt_s, to_coolant_w)
    np.testing.assert_allclose(temperatures(state, slice(0, 4)), wanted, atol=1e-6)
    assert to_coolant_w[0] * dt_s == pytest.approx(heat_j.sum(), rel=1e-7, abs=1e-3)
