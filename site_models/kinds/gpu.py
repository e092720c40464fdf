"""GPU board: limits, memory and the thermal chain from die to coolant."""

import math
from typing import Literal

from pydantic import model_validator

from site_models.figure import Equipment, Figure, NotNegative, Positive, Share


class ThermalChain(Equipment):
    """Die, body (cold plate or heat sink with lid and package), memory, coolant cell.

    Resistances are per watt of board power, as published figures are. The body capacity
    holds the memory stacks too; the compiler takes them out again.
    """

    die_resistance_k_per_w: Positive
    body_resistance_k_per_w: Positive
    flow_exponent: Figure
    """Of the body resistance against coolant flow; negative."""
    flow_reference_m3_per_s: Positive | None = None
    """Coolant flow of one GPU at the stated resistance; none: full fan speed of its node."""
    die_capacity_j_per_k: Positive
    body_capacity_j_per_k: Positive
    coolant_capacity_j_per_k: Positive
    idle_temp_c: Figure
    """Die temperature at which the idle power is stated."""
    working_temp_c: Figure
    """Die temperature of a GPU at its rated power: a load's demand is stated there."""


class Gpu(Equipment):
    """A GPU model."""

    kind: Literal["gpu"]
    label: str
    power_max_w: Positive
    power_min_w: Positive
    """Lowest enforceable power cap."""
    idle_power_w: Positive
    temp_limit_c: Figure
    """Maximum operating temperature."""
    slowdown_offset_k: NotNegative
    shutdown_offset_k: NotNegative
    memory_limit_c: Figure
    memory_bytes: Positive
    sm_clock_max_hz: Positive
    sm_clock_min_hz: Positive
    """Lowest clock that thermal control goes down to."""
    voltage_flat_hz: Positive
    """Up to this clock the core runs at its lowest voltage; beyond it rises linearly."""
    voltage_floor: Share
    """Lowest core voltage over that of the highest clock. 0..1"""
    memory_clock_hz: Positive | None = None
    nvlink_bytes_per_s: NotNegative
    """Per direction, all links together."""
    tensor_flop_per_s: Positive | None = None
    """Dense BF16 arithmetic at `sm_clock_max_hz`; none: no workload that counts it runs."""
    memory_bytes_per_s: Positive | None = None
    memory_share: Share
    """Part of board power spent in the memory stacks under load."""
    memory_resistance_k_per_w: Positive
    memory_capacity_j_per_k: Positive
    leakage_w: NotNegative
    """Part of board power that leaks at `leakage_temp_c` and grows with die temperature."""
    leakage_temp_c: Figure
    leakage_rate_per_k: Positive
    air: ThermalChain | None = None
    liquid: ThermalChain | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "Gpu":
        if not float(self.idle_power_w) < float(self.power_max_w):
            raise ValueError("idle_power_w: expected less than power_max_w")
        if not float(self.power_min_w) <= float(self.power_max_w):
            raise ValueError("power_min_w: expected no more than power_max_w")
        if not float(self.slowdown_offset_k) < float(self.shutdown_offset_k):
            raise ValueError("slowdown_offset_k: expected less than shutdown_offset_k")
        if (
            not float(self.sm_clock_min_hz)
            <= float(self.voltage_flat_hz)
            < float(self.sm_clock_max_hz)
        ):
            raise ValueError("voltage_flat_hz: expected from sm_clock_min_hz to sm_clock_max_hz")
        if float(self.voltage_floor) == 0.0:
            raise ValueError("voltage_floor: expected a share above 0")
        for way, chain in (("air", self.air), ("liquid", self.liquid)):
            if chain and not float(chain.idle_temp_c) < float(chain.working_temp_c):
                raise ValueError(f"{way}.idle_temp_c: expected less than working_temp_c")
            if chain and self.leakage_at_w(float(chain.idle_temp_c)) >= float(self.idle_power_w):
                raise ValueError(f"leakage_w: expected less than idle_power_w at {way}.idle_temp_c")
        if self.air is None and self.liquid is None:
            raise ValueError("air, liquid: expected at least one thermal chain")
        return self

    def leakage_at_w(self, temp_c: float) -> float:
        """Return the part of board power that leaks at a die temperature [W]."""
        above_k = temp_c - float(self.leakage_temp_c)
        return float(self.leakage_w) * math.exp(float(self.leakage_rate_per_k) * above_k)


MODEL = Gpu
