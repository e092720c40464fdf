"""GPU board: limits, memory and the thermal chain from die to coolant."""

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
    memory_clock_hz: Positive | None = None
    nvlink_bytes_per_s: NotNegative
    """Per direction, all links together."""
    memory_share: Share
    """Part of board power spent in the memory stacks under load."""
    memory_resistance_k_per_w: Positive
    memory_capacity_j_per_k: Positive
    air: ThermalChain | None = None
    liquid: ThermalChain | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "Gpu":
        if not float(self.idle_power_w) < float(self.power_max_w):
            raise ValueError("idle_power_w: expected less than power_max_w")
        if not float(self.power_min_w) <= float(self.power_max_w):
            raise ValueError("power_min_w: expected no more than power_max_w")
        if self.air is None and self.liquid is None:
            raise ValueError("air, liquid: expected at least one thermal chain")
        return self


MODEL = Gpu
