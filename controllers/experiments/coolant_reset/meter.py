"""What a policy in closed loop used, and its extremes."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from controllers.cooling.water_loops import pumped_loops
from controllers.policy import Facility
from site_models.arrays import Floats
from site_models.plant import AIR, Plant
from twin.state import Inputs, State

LOOK_S = 20.0
"""Temperatures and powers are looked at so often."""


class Use(NamedTuple):
    """What a span took."""

    cooling_j: float
    """Pumps, fans of coolers and room units, chillers."""
    parts_j: dict[str, float]
    fans_j: float
    """Of servers: within IT."""
    site_j: float
    it_j: float
    water_kg: float
    closest_k: float
    """Least distance of any GPU, or its memory, to its limit."""
    fastest_k_per_min: float
    """Move of any water or coolant setpoint."""
    fastest_air_k_per_min: float
    warmest_over_k: float
    """Of any supply over what its equipment accepts."""
    over_s: float
    """How long any was."""
    flow_kg_per_s: float
    """Mean of a rack with coolant."""
    held_j: float
    """Work held back by caps."""


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What a policy did over a span, with hourly means for plots."""

    use: Use
    hour: Floats
    cooling_w: Floats
    supply_c: Floats
    """Warmest of the loops' supplies."""
    asked: tuple[Facility, ...] = ()
    """In the middle of every hour."""


class Meter:
    """Sums what is used, and keeps the extremes."""

    def __init__(self, plant: Plant) -> None:
        arrays = plant.arrays
        self._plant, self._loops = plant, list(pumped_loops(plant))
        self._air = arrays.circuits.kind == AIR
        self._air_units = self._air[arrays.exchangers.hot_circuit]
        self._wet = arrays.racks.liquid_circuit >= 0
        self._parts = dict.fromkeys(("pumps", "room fans", "coolers", "chillers"), 0.0)
        self._fans_j = self._site_j = self._it_j = self._water_kg = self._flow = self._held_j = 0.0
        self._closest_k, self._over_k = np.inf, -np.inf
        self._fastest = self._fastest_air = 0.0
        self._before_c: Floats | None = None
        self._hourly: list[tuple[float, float]] = []
        self._looks = self._looks_over = 0
        self._asked: list[Facility] = []

    def take(self, state: State, ledger: tuple[float, ...], inputs: Inputs) -> None:
        """Count one look."""
        arrays = self._plant.arrays
        movers_w = state.circuit_mover_power_w
        now = {
            "pumps": float(movers_w[~self._air].sum()),
            "room fans": float(movers_w[self._air].sum()),
            "coolers": float(state.exchanger_fan_power_w.sum()),
            "chillers": float(state.chiller_power_w.sum()),
        }
        for part, power_w in now.items():
            self._parts[part] += power_w * LOOK_S
        speed = state.fan_speed
        self._fans_j += float(arrays.nodes.fan_power_max_w @ speed**3) * LOOK_S
        self._site_j += ledger[0]
        self._it_j += ledger[3]
        self._water_kg += ledger[4]
        self._flow += float(state.rack_flow_kg_per_s[self._wet].mean()) if self._wet.any() else 0.0
        if (inputs.gpu_cap_w < arrays.gpus.power_max_w).any():
            held_w = np.maximum(inputs.gpu_power_w - state.gpu_power_w, 0.0)
            self._held_j += float(held_w.sum()) * LOOK_S
        self._look_at_temperatures(state)
        supply_c = float(state.circuit_supply_c[self._loops].max())
        self._hourly.append((sum(now.values()), supply_c))
        self._looks += 1

    def _look_at_temperatures(self, state: State) -> None:
        gpus, circuits = self._plant.arrays.gpus, self._plant.arrays.circuits
        if len(gpus.node):
            die_k = float((gpus.temp_limit_c - state.gpu_temp_c).min())
            memory_k = float((gpus.memory_limit_c - state.memory_temp_c).min())
            self._closest_k = min(self._closest_k, die_k, memory_k)
        over_k = float((state.circuit_supply_c - circuits.supply_limit_c).max())
        self._over_k = max(self._over_k, over_k)
        self._looks_over += over_k > 0.0

    def asked(self, facility: Facility, counts: bool) -> None:
        """Compare a decision's setpoints with those of a minute before."""
        now_c = facility.exchanger_setpoint_c
        if self._before_c is not None and counts:
            moved_k = np.abs(now_c - self._before_c)
            self._fastest = max(self._fastest, float(moved_k[~self._air_units].max(initial=0.0)))
            air_k = float(moved_k[self._air_units].max(initial=0.0))
            self._fastest_air = max(self._fastest_air, air_k)
        self._before_c = now_c
        if counts:
            self._asked.append(facility)

    def told(self) -> Played:
        """Return the sums."""
        per_hour = int(3600.0 / LOOK_S)
        hourly = np.array(self._hourly).reshape(-1, per_hour, 2).mean(axis=1)
        use = Use(
            sum(self._parts.values()), self._parts, self._fans_j, self._site_j, self._it_j,
            self._water_kg, self._closest_k, self._fastest, self._fastest_air, self._over_k,
            self._looks_over * LOOK_S, self._flow / max(self._looks, 1), self._held_j,
        )  # fmt: skip
        hour, asked = np.arange(float(len(hourly))) + 0.5, tuple(self._asked[30::60])
        return Played(use, hour, hourly[:, 0], hourly[:, 1], asked)
