"""The chain of a GB200 GPU on its cold plate, from the catalog, stepped under varying flow."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from site_models.arrays import Floats
from site_models.catalog import open_catalog
from site_models.kinds.gpu import Gpu, ThermalChain
from twin.physics.thermal_chain import COOLANT, DIE, HEAT, MEMORY, chain_rates, transition

DENSITY_KG_PER_M3, CP_J_PER_KG_K = 1009.9, 3969.0
"""PG25 at 40 C."""


@dataclass(frozen=True, slots=True)
class PlateChain:
    """A GPU with its memory stacks taken out of the body, as the site compiler does."""

    gpu: Gpu
    chain: ThermalChain
    smallest_ratio: float = 0.0
    """The body's resistance is that of no less than this share of the reference flow."""

    @property
    def capacities_j_per_k(self) -> Floats:
        """Die, body, memory, coolant."""
        memory = float(self.gpu.memory_capacity_j_per_k)
        body = float(self.chain.body_capacity_j_per_k) - memory
        return np.array(
            [
                float(self.chain.die_capacity_j_per_k),
                body,
                memory,
                float(self.chain.coolant_capacity_j_per_k),
            ]
        )

    def conductances(self, ratio: float) -> tuple[float, float, float, float]:
        """Return die, body, memory and stream conductance [W/K] at a flow over its reference."""
        assert self.chain.flow_reference_m3_per_s is not None
        share = float(self.gpu.memory_share)
        felt = max(ratio, self.smallest_ratio)
        body = float(self.chain.body_resistance_k_per_w) * felt ** float(self.chain.flow_exponent)
        flow = ratio * float(self.chain.flow_reference_m3_per_s) * DENSITY_KG_PER_M3
        return (
            (1.0 - share) / float(self.chain.die_resistance_k_per_w),
            1.0 / body,
            1.0 / float(self.gpu.memory_resistance_k_per_w),
            2.0 * flow * CP_J_PER_KG_K,
        )

    def source(self, power_w: float, inlet_c: float, ratio: float) -> Floats:
        """Return what drives dx/dt = A x + source, shape (5,) [K/s]."""
        share = float(self.gpu.memory_share)
        capacities, stream = self.capacities_j_per_k, self.conductances(ratio)[3]
        source = np.zeros(5)
        source[DIE] = (1.0 - share) * power_w / capacities[DIE]
        source[MEMORY] = share * power_w / capacities[MEMORY]
        source[COOLANT] = stream * inlet_c / capacities[COOLANT]
        source[HEAT] = -source[COOLANT]
        return source

    def rates(self, ratio: float) -> Floats:
        """Return A, shape (5, 5) [1/s]."""
        return chain_rates(self.capacities_j_per_k, *self.conductances(ratio))

    def rest(self, power_w: float, inlet_c: float) -> Floats:
        """Return the steady state at the reference flow, shape (5,) [C]."""
        state = np.zeros(5)
        source = self.source(power_w, inlet_c, 1.0)
        state[:4] = np.linalg.solve(self.rates(1.0)[:4, :4], -source[:4])
        return state

    def step(
        self, state: Floats, power_w: float, inlet_c: float, ratio: float, h_s: float
    ) -> Floats:
        """Return the state after h with everything held."""
        propagator, integral = transition(self.rates(ratio), h_s)
        after: Floats = propagator @ state + integral @ self.source(power_w, inlet_c, ratio)
        return after

    def when_die_reaches(
        self,
        limit_c: float,
        power_w: float,
        inlet_c: float,
        ratio_at: Callable[[float], float],
        h_s: float,
        longest_s: float = 60.0,
    ) -> float:
        """Return the time from rest until the die is at a limit [s]; NaN if it never is.

        The flow of each step is that of its middle.
        """
        state, time_s = self.rest(power_w, inlet_c), 0.0
        while time_s < longest_s:
            after = self.step(state, power_w, inlet_c, ratio_at(time_s + 0.5 * h_s), h_s)
            if after[DIE] >= limit_c:
                part = (limit_c - state[DIE]) / (after[DIE] - state[DIE])
                return time_s + h_s * float(part)
            state, time_s = after, time_s + h_s
        return float("nan")


def gb200(smallest_ratio: float = 0.0) -> PlateChain:
    """Return the catalog's GB200 GPU on its cold plate."""
    gpu = open_catalog().get(Gpu, "gb200_gpu")
    assert gpu.liquid is not None
    return PlateChain(gpu, gpu.liquid, smallest_ratio)
