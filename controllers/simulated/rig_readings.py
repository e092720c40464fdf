"""What the sensors of a simulated site say about its state."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Plant
from telemetry.signals import SIGNALS
from twin.physics.clocks import IDLE
from twin.state import Inputs, State


@dataclass(frozen=True, slots=True)
class Sensors:
    """Imperfection of the readings. The default is none.

    Noise is drawn from the seed and the reading's time alone, so a resumed run reads what
    the uninterrupted one did.
    """

    seed: int = 0
    temperature_step_k: float = 0.0
    """Temperatures are rounded to this; NVML tells whole degrees. 0: not rounded."""
    temperature_noise_k: float = 0.0
    """Standard deviation."""
    power_noise: float = 0.0
    """Standard deviation as a share of the reading."""

    def seen(self, values: Mapping[str, Floats], time_s: float) -> dict[str, Floats]:
        """Return the readings as these sensors give them."""
        if not (self.temperature_step_k or self.temperature_noise_k or self.power_noise):
            return dict(values)
        chance = np.random.default_rng([self.seed, round(time_s * 1e3)])
        told: dict[str, Floats] = {}
        for name, true in values.items():
            unit = SIGNALS[name].unit
            read = true
            if unit == "degC" and self.temperature_noise_k > 0.0:
                read = read + self.temperature_noise_k * chance.standard_normal(len(read))
            if unit == "degC" and self.temperature_step_k > 0.0:
                read = np.round(read / self.temperature_step_k) * self.temperature_step_k
            if unit == "W" and self.power_noise > 0.0 and name != "gpu_cap_w":
                read = read * (1.0 + self.power_noise * chance.standard_normal(len(read)))
                read = np.maximum(read, 0.0)
            told[name] = read
        return told


def readings(plant: Plant, state: State, inputs: Inputs, gpu_cap_w: Floats) -> dict[str, Floats]:
    """Return true values of the signals that a well-instrumented site has, on its axes."""
    gpus, racks = plant.arrays.gpus, plant.arrays.racks
    x, f = plant.arrays.exchangers, plant.arrays.feeds
    wet = racks.liquid_circuit >= 0
    cdu, water = plant.cdu_exchangers, plant.facility_circuits
    tcs, fws = x.hot_circuit[cdu], x.cold_circuit[cdu]
    cold_w_per_k = state.exchanger_cold_flow_kg_per_s[cdu] * x.cold_cp_j_per_kg_k[cdu]
    with np.errstate(divide="ignore", invalid="ignore"):
        fws_rise_k = state.exchanger_heat_w[cdu] / cold_w_per_k
    it_w = float(state.rack_power_w.sum())
    metered_w = float(state.feed_power_w[plant.arrays.feeds.parent < 0].sum())
    return {
        "gpu_power_w": state.gpu_power_w,
        "gpu_temp_c": state.gpu_temp_c,
        "memory_temp_c": state.memory_temp_c,
        "gpu_cap_w": gpu_cap_w,
        "gpu_margin_k": gpus.temp_limit_c - state.gpu_temp_c,
        "sm_clock_hz": _sm_clock_hz(plant, state),
        "clocks_event_reasons": state.gpu_event_reasons.astype(np.float64),
        "node_power_w": state.node_power_w,
        "node_dc_power_w": state.node_dc_power_w,
        "node_inlet_c": state.node_inlet_c,
        "rack_power_w": state.rack_power_w,
        "rack_supply_c": np.where(wet, state.circuit_delivered_c[racks.liquid_circuit], np.nan),
        "rack_return_c": np.where(wet, state.rack_return_c, np.nan),
        "rack_flow_kg_per_s": np.where(wet, state.rack_flow_kg_per_s, np.nan),
        "rack_dp_pa": np.where(wet, state.rack_dp_pa, np.nan),
        "cdu_tcs_supply_c": state.circuit_supply_c[tcs],
        "cdu_tcs_return_c": state.circuit_arriving_c[tcs],
        "cdu_fws_supply_c": state.circuit_supply_c[fws],
        "cdu_fws_return_c": state.circuit_supply_c[fws] + fws_rise_k,
        "cdu_heat_w": state.exchanger_heat_w[cdu],
        "cdu_flow_kg_per_s": state.circuit_flow_kg_per_s[tcs],
        "cdu_fws_flow_kg_per_s": state.exchanger_cold_flow_kg_per_s[cdu],
        "cdu_power_w": state.circuit_mover_power_w[tcs],
        "cdu_dp_pa": state.circuit_dp_pa[tcs],
        "cdu_valve": state.exchanger_opening[cdu],
        "fws_supply_c": state.circuit_supply_c[water],
        "fws_return_c": state.circuit_return_c[water],
        "fws_flow_kg_per_s": state.circuit_flow_kg_per_s[water],
        "feed_power_w": state.feed_power_w,
        "feed_live": state.feed_live,
        "feed_battery_j": np.where(f.battery_j > 0.0, state.feed_battery_j, np.nan),
        "feed_battery_w": np.where(f.battery_j > 0.0, state.feed_battery_w, np.nan),
        "feed_breaker_thermal": np.where(
            f.breaker_rating_a > 0.0, state.feed_breaker_thermal, np.nan
        ),
        "it_power_w": np.array([it_w]),
        "facility_power_w": np.array([metered_w]),
        "pue": np.array([metered_w / it_w if it_w > 0.0 else np.nan]),
        "dry_bulb_c": np.array([inputs.dry_bulb_c]),
        "wet_bulb_c": np.array([inputs.wet_bulb_c]),
    }


def _sm_clock_hz(plant: Plant, state: State) -> Floats:
    """Return SM clocks [Hz]: the lowest of an idle GPU, else the highest as far as allowed."""
    groups, group = plant.arrays.groups, plant.arrays.gpus.group
    idle = (state.gpu_event_reasons & IDLE).astype(bool)
    ratio = np.where(idle, groups.clock_min[group], state.gpu_clock_ratio)
    clock_hz: Floats = np.where(state.gpu_off, 0.0, groups.clock_max_hz[group] * ratio)
    return clock_hz
