"""The step kernel's own pass over GPUs, on cold plates whose flow and inlet are held."""

import math
from dataclasses import dataclass

import numpy as np

from controllers.simulated.careless import without_thermal_control
from site_models.arrays import Floats, Ints
from site_models.compile import compile_site
from site_models.plant import Plant
from twin.physics.leakage import HOTTEST_C
from twin.servers.gpus import advance_gpus
from twin.start import first_state, idle_inputs
from twin.state import MODELLED, Inputs, State
from twin.step import COUPLING_S


@dataclass(frozen=True, slots=True, eq=False)
class KernelPlates:
    """The GB200 GPUs of the site `edge`, one case a GPU."""

    plant: Plant

    def state(self, start_c: Floats, ratio: float, inlet_c: float) -> State:
        """Return a state with temperatures of shape (4, cases) and a flow over its reference."""
        arrays = self.plant.arrays
        first = first_state(self.plant, idle_inputs(self.plant, 20.0, 15.0), 0.0)
        flow = ratio * arrays.groups.flow_reference_kg_per_s[0] * arrays.nodes.gpu_count[0]
        die, body, memory, coolant = (_filled(row, len(self.plant.gpu_names)) for row in start_c)
        return first._replace(
            gpu_temp_c=die,
            gpu_body_c=body,
            memory_temp_c=memory,
            gpu_coolant_c=coolant,
            rack_flow_kg_per_s=np.array([flow / arrays.nodes.liquid_flow_share[0]]),
            circuit_supply_c=np.full_like(first.circuit_supply_c, inlet_c),
            circuit_delivered_c=np.full_like(first.circuit_supply_c, inlet_c),
        )

    def inputs(self, demand_w: Floats, basis: int = MODELLED) -> Inputs:
        """Return inputs with the demands of the cases, no cap in their way."""
        idle, count = idle_inputs(self.plant, 20.0, 15.0), len(self.plant.gpu_names)
        return idle._replace(
            gpu_power_w=_filled(demand_w, count),
            gpu_power_basis=np.full(count, basis, dtype=np.int64),
            gpu_cap_w=np.full(count, math.inf),
        )

    def step(self, state: State, inputs: Inputs, dt_s: float) -> None:
        """Advance the GPUs in place through the substeps that the step would take."""
        substeps = math.ceil(dt_s / COUPLING_S - 1e-9)
        given_w = np.zeros(len(self.plant.node_names))
        for _ in range(substeps):
            advance_gpus(self.plant.arrays, state, inputs, dt_s / substeps, given_w)

    def temperatures(self, state: State, cases: int) -> Floats:
        """Return die, body, memory and coolant, shape (4, cases)."""
        parts = (state.gpu_temp_c, state.gpu_body_c, state.memory_temp_c, state.gpu_coolant_c)
        return np.stack(parts)[:, :cases]

    def stream_w_per_k(self, ratio: float) -> float:
        """Return twice the capacity rate of one GPU's coolant."""
        groups = self.plant.arrays.groups
        return float(
            2.0 * ratio * groups.flow_reference_kg_per_s[0] * groups.coolant_cp_j_per_kg_k[0]
        )

    def power_w(self, demand_w: float, die_c: float) -> float:
        """Return demand with the leakage of a die temperature, written anew from the catalog."""
        gpus, groups = self.plant.arrays.gpus, self.plant.arrays.groups
        idle_w, most_w = float(gpus.idle_power_w[0]), float(gpus.power_max_w[0])
        idle_c, working_c = float(groups.idle_temp_c[0]), float(groups.working_temp_c[0])
        load = min(max((demand_w - idle_w) / (most_w - idle_w), 0.0), 1.0)
        stated_c = idle_c + load * (working_c - idle_c)
        rate, leaks_w = float(groups.leakage_rate_per_k[0]), float(gpus.leakage_w[0])
        now = math.exp(rate * (min(die_c, HOTTEST_C) - working_c))
        stated = math.exp(rate * (stated_c - working_c))
        return demand_w + min(demand_w / idle_w, 1.0) * leaks_w * (now - stated)


def plates(controlled: bool) -> KernelPlates:
    """Return the plates with the devices' thermal control on or off."""
    plant = compile_site("edge")
    return KernelPlates(plant if controlled else without_thermal_control(plant))


def _filled(values: Floats, count: int) -> Floats:
    """Return the cases' values, the last repeated for the GPUs that are none."""
    given = np.atleast_1d(np.asarray(values, dtype=np.float64))
    places: Ints = np.minimum(np.arange(count), given.size - 1)
    return given[places].copy()
