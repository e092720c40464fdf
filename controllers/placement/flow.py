"""Coolant that rack valves give at rest: sized by the warmest node, as far as pressure allows."""

from functools import lru_cache

import numpy as np

from controllers.gather import sum_by
from controllers.placement.ground import Ground
from controllers.placement.settling import Loops, Wants, settled
from controllers.placement.touched import Touched
from site_models.arrays import Floats
from site_models.plant import HOLDS_FLOW, Plant


def rack_flows(ground: Ground, places: Touched, supply_c: Floats) -> tuple[Floats, Floats]:
    """Return coolant flow [kg/s] and return temperature [C] of each place; 0, NaN in air.

    `supply_c` is every circuit's with each candidate's heat. Shape (candidates, circuits)
    All racks of a circuit count: those that a candidate does not touch open their valves too
    when its heat warms the supply.
    """
    plant = ground.plant
    return settled(
        supply_c, ground.rack_sized_w, places.candidate, places.rack, places.sized_w,
        places.liquid_w, wants_of(plant), _loops_of(plant),
    )  # fmt: skip


@lru_cache(maxsize=8)
def wants_of(plant: Plant) -> Wants:
    """Return what the racks of a plant want."""
    racks = plant.arrays.racks
    return Wants(
        racks.liquid_circuit.copy(),
        racks.return_setpoint_c.copy(),
        racks.flow_min_kg_per_s * racks.in_service,
        racks.flow_max_kg_per_s * racks.in_service,
        plant.arrays.circuits.cp_j_per_kg_k.copy(),
    )


@lru_cache(maxsize=8)
def _loops_of(plant: Plant) -> Loops:
    racks, c, x = plant.arrays.racks, plant.arrays.circuits, plant.arrays.exchangers
    rack = np.argsort(racks.liquid_circuit, kind="stable")
    rack = rack[racks.liquid_circuit[rack] >= 0]
    cooled = sum_by(x.hot_circuit, x.in_service, len(c.kind)) > 0.0
    return Loops(
        rack=rack,
        first=np.searchsorted(racks.liquid_circuit[rack], np.arange(len(c.kind) + 1)),
        square=racks.loss_square_pa_s2_per_kg2.copy(),
        linear=racks.loss_linear_pa_s_per_kg.copy(),
        valve_square=racks.valve_square_pa_s2_per_kg2.copy(),
        opening_min=racks.valve_opening_min.copy(),
        opening_max=racks.valve_opening_max.copy(),
        holds_flow=c.pump_control == HOLDS_FLOW,
        held_kg_per_s=c.pump_setpoint_kg_per_s.copy(),
        held_pa=c.pump_setpoint_pa.copy(),
        speed_min=c.pump_speed_min * cooled,
        speed_max=c.pump_speed_max * cooled,
        rest_pa=c.pump_rest_pa.copy(),
        rising=c.pump_linear_pa_s_per_kg.copy(),
        falling=c.pump_square_pa_s2_per_kg2.copy(),
        loss=c.loss_square_pa_s2_per_kg2.copy(),
    )
