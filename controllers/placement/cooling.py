"""How much heat each circuit can still take off, and how warm its supply then gets."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from controllers.gather import applied, sum_by
from controllers.placement.index import PlaceIndex
from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from twin.physics.heat_exchange import (
    counterflow_effectiveness,
    crossflow_effectiveness,
)
from twin.physics.law import compiled_for
from twin.state import Inputs, State

LEAST_LOAD = 0.1
"""Part of the rated heat of a circuit's units from which on their power tells their effort."""


@dataclass(frozen=True, slots=True, eq=False)
class Cooling:
    """How warm each circuit's supply gets with its exchangers wide open. Shape (circuits,)"""

    heat_w: Floats
    sink_c: Floats
    """Temperature that the exchangers work against: facility water or outdoor air."""
    open_w_per_k: Floats
    """Heat for each kelvin that the supply stands above the sink, wide open; 0: given."""
    chiller_w: Floats
    setpoint_c: Floats
    trim_c: Floats
    """Supply that the circuit's chillers hold; -inf without any."""
    mover_share: Floats
    """Power of pumps, fans and chillers for each watt that the circuit takes off, as now [-]."""

    def supplies_c(self, more_w: Floats, now_c: Floats, sink: Ints, depth: int) -> Floats:
        """Return the supply once the circuits carry `more_w`, shape (sets, circuits), too [C].

        The exchangers hold their setpoint while they can. What they leave chillers take, as
        far as they are large enough. `sink` is the circuit that each gives its heat to (-1:
        outdoors), at most `depth` in a row: its exchangers work against the risen supply of
        that, over `now_c`.
        """
        return _risen_c(
            more_w, self.heat_w, self.sink_c, self.open_w_per_k, self.chiller_w,
            self.setpoint_c, self.trim_c, now_c, sink, depth,
        )  # fmt: skip


@compiled_for(
    "f8[:,::1](f8[:,::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], i8[::1],"
    " i8)"
)
def _risen_c(
    more_w: Floats,
    heat_w: Floats,
    sink_c: Floats,
    open_w_per_k: Floats,
    chiller_w: Floats,
    setpoint_c: Floats,
    trim_c: Floats,
    now_c: Floats,
    sink: Ints,
    depth: int,
) -> Floats:
    supply_c, warmer_k = np.zeros_like(more_w), np.zeros(len(heat_w))
    for i in range(len(more_w)):
        warmer_k[:] = 0.0
        for _ in range(depth):
            for k in range(len(heat_w)):
                carried_w, alone_c, helped_c = heat_w[k] + more_w[i, k], -np.inf, -np.inf
                left_w = carried_w - chiller_w[k]
                if open_w_per_k[k] > 0.0:
                    base_c = sink_c[k] + warmer_k[k]
                    alone_c = base_c + max(carried_w, 0.0) / open_w_per_k[k]
                    if left_w > 0.0:
                        helped_c = base_c + left_w / open_w_per_k[k]
                held_c = min(alone_c, max(trim_c[k], helped_c))
                supply_c[i, k] = max(setpoint_c[k], held_c)
            for k in range(len(heat_w)):
                if sink[k] >= 0:
                    warmer_k[k] = max(supply_c[i, sink[k]] - now_c[sink[k]], 0.0)
    return supply_c


class Units(NamedTuple):
    """What a plant's exchangers and chillers can take off."""

    open_w_per_k: Floats
    """Of each exchanger, open at rated flows; 0 out of service. Shape (exchangers,)"""
    whole_w_per_k: Floats
    """Of each circuit's together. Shape (circuits,), as the rest"""
    rated_w: Floats
    chiller_w: Floats
    trim_c: Floats


def cooling_of(plant: Plant, state: State, inputs: Inputs) -> Cooling:
    """Return each circuit's exchangers as one conductance, open at rated flows."""
    x, units = plant.arrays.exchangers, _units(plant)
    count = len(plant.circuit_names)
    wetted_c = inputs.dry_bulb_c - x.adiabatic_effectiveness * (
        inputs.dry_bulb_c - inputs.wet_bulb_c
    )
    sink_c = np.where(x.cold_circuit >= 0, state.circuit_supply_c[x.cold_circuit], wetted_c)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_c = sum_by(x.hot_circuit, units.open_w_per_k * sink_c, count) / units.whole_w_per_k
    setpoint_c = np.full(count, -np.inf)
    np.maximum.at(setpoint_c, x.hot_circuit, inputs.exchanger_setpoint_c)
    heat_w = sum_by(x.hot_circuit, state.exchanger_heat_w, count)
    heat_w += sum_by(plant.arrays.chillers.circuit, state.chiller_heat_w, count)
    return Cooling(
        heat_w=heat_w,
        sink_c=np.where(units.whole_w_per_k > 0.0, mean_c, 0.0),
        open_w_per_k=units.whole_w_per_k,
        chiller_w=units.chiller_w,
        setpoint_c=np.where(np.isfinite(setpoint_c), setpoint_c, state.circuit_supply_c),
        trim_c=units.trim_c,
        mover_share=_mover_shares(plant, state, heat_w),
    )


@lru_cache(maxsize=8)
def _units(plant: Plant) -> Units:
    x, c, ch = plant.arrays.exchangers, plant.arrays.circuits, plant.arrays.chillers
    count = len(plant.circuit_names)
    hot_w_per_k = x.hot_flow_rated_kg_per_s * c.cp_j_per_kg_k[x.hot_circuit]
    cold_w_per_k = x.cold_flow_rated_kg_per_s * x.cold_cp_j_per_kg_k
    least = np.minimum(hot_w_per_k, cold_w_per_k)
    ratio = least / np.maximum(hot_w_per_k, cold_w_per_k)
    part = np.where(
        x.cold_circuit >= 0,
        applied(counterflow_effectiveness, x.ua_rated_w_per_k / least, ratio),
        applied(crossflow_effectiveness, x.ua_rated_w_per_k / least, ratio),
    )
    open_w_per_k = part * least / np.maximum(1.0 - part * least / hot_w_per_k, 1e-6)
    towers = x.tower >= 0
    approach_k = plant.arrays.towers.approach_k[x.tower[towers]]
    open_w_per_k[towers] = x.capacity_w[towers] / approach_k
    open_w_per_k = np.where(x.in_service, open_w_per_k, 0.0)
    trim_c = np.full(count, -np.inf)
    np.maximum.at(trim_c, ch.circuit, np.where(ch.in_service, ch.trim_setpoint_c, -np.inf))
    return Units(
        open_w_per_k=open_w_per_k,
        whole_w_per_k=sum_by(x.hot_circuit, open_w_per_k, count),
        rated_w=sum_by(x.hot_circuit, x.capacity_w * x.in_service, count),
        chiller_w=sum_by(ch.circuit, ch.capacity_w * ch.in_service, count),
        trim_c=trim_c,
    )


def _mover_shares(plant: Plant, state: State, heat_w: Floats) -> Floats:
    """Return the power of each circuit's movers, fans and chillers over its heat [-].

    Below a part of what its units are rated for, what they draw says little of a further watt:
    there it counts over that part.
    """
    x, ch, count = plant.arrays.exchangers, plant.arrays.chillers, len(heat_w)
    power_w = sum_by(x.hot_circuit, state.exchanger_fan_power_w, count)
    power_w += sum_by(ch.circuit, state.chiller_power_w, count) + state.circuit_mover_power_w
    rated_w = sum_by(x.hot_circuit, x.capacity_w, count) + sum_by(ch.circuit, ch.capacity_w, count)
    base_w = np.maximum(heat_w, LEAST_LOAD * rated_w)
    return np.divide(power_w, base_w, out=np.zeros(count), where=base_w > 0.0)


def cooling_room_w(index: PlaceIndex, cooling: Cooling, state: State, rack_w: Floats) -> Floats:
    """Return what each circuit can still take off: until rated, or too warm a supply."""
    plant = index.plant
    rated_w, limit_c = _units(plant).rated_w, plant.arrays.circuits.supply_limit_c
    warm_w = cooling.open_w_per_k * np.maximum(limit_c - cooling.sink_c, 0.0)
    heats = index.heats
    settled = heats.factor / at_inlet(index)[heats.rack]
    promised_w = np.maximum(rack_w - state.rack_power_w, 0.0)[heats.rack] * settled
    later_w = sum_by(heats.limit, promised_w, len(plant.circuit_names))
    room_w = np.minimum(rated_w, warm_w) + cooling.chiller_w - cooling.heat_w - later_w
    owned = (rated_w > 0.0) | (cooling.chiller_w > 0.0)
    return np.where(owned, room_w, np.inf)


def at_inlet(index: PlaceIndex) -> Floats:
    """Return the watts at each rack's inlet for a watt at its GPUs: its own entry in `uses`."""
    return index.uses.factor[index.uses.first[1:] - 1]
