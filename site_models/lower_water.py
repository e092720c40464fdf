"""Facility water systems with their outdoor coolers and chillers to circuits and exchangers."""

from site_models.draft import Draft
from site_models.kinds.chiller import Chiller
from site_models.kinds.dry_cooler import DryCooler
from site_models.kinds.pump import Pump
from site_models.lower_cooling import LEAST_FLOW_SHARE, TYPICAL_RISE_K, UNBOUND_C
from site_models.lower_pumps import NO_PUMP_CURVE
from site_models.plant import FWS
from site_models.site import Coolers, FacilityWater

OUTDOOR_TEMP_C = 30.0
"""Outdoor air's properties are taken at this temperature."""


def lower_facility_water(draft: Draft, system: FacilityWater, key: str) -> None:
    """Add a facility water circuit with its outdoor coolers and chillers."""
    temp_c = system.supply_setpoint_c + 0.5 * TYPICAL_RISE_K
    density, cp = draft.fluid_rates(system.fluid, temp_c, f"{key}.supply_setpoint_c")
    pump = draft.catalog.get(Pump, system.pump)
    flow = system.pump_count * float(pump.flow_rated_m3_per_s) * density
    circuit = draft.circuits.add(
        system.name,
        kind=FWS,
        cp_j_per_kg_k=cp,
        supply_capacity_j_per_k=system.supply_volume_m3 * density * cp,
        return_capacity_j_per_k=system.return_volume_m3 * density * cp,
        flow_max_kg_per_s=flow,
        flow_min_kg_per_s=LEAST_FLOW_SHARE * flow,
        mover_power_max_w=system.pump_count * float(pump.power_max_w),
        held_head_share=float(pump.held_head),
        mover_feed=draft.find("feed", system.pump_feed, f"{key}.pump_feed"),
        recirculation=0.0,
        supply_limit_c=system.supply_limit_c,
        density_kg_per_m3=density,
        **NO_PUMP_CURVE,
    )
    draft.learn("facility water", system.name, circuit, f"{key}.name")
    for position, coolers in enumerate(system.coolers):
        _lower_coolers(draft, system, coolers, circuit, density, f"{key}.coolers.{position}")
    for position, chillers in enumerate(system.chillers):
        _lower_chillers(draft, system, chillers, circuit, f"{key}.chillers.{position}")


def _lower_coolers(
    draft: Draft,
    system: FacilityWater,
    coolers: Coolers,
    circuit: int,
    density: float,
    key: str,
) -> None:
    model = draft.catalog.get(DryCooler, coolers.model)
    air_density, air_cp = draft.fluid_rates("air", OUTDOOR_TEMP_C, key)
    first = sum(name.startswith(f"{system.name}-cooler") for name in draft.exchangers.names) + 1
    for number in range(first, first + coolers.count):
        name = f"{system.name}-cooler{number}"
        position = draft.exchangers.add(
            name,
            hot_circuit=circuit,
            cold_circuit=-1,
            hot_flow_rated_kg_per_s=float(model.water_flow_rated_m3_per_s) * density,
            cold_flow_rated_kg_per_s=float(model.airflow_rated_m3_per_s) * air_density,
            cold_cp_j_per_kg_k=air_cp,
            ua_rated_w_per_k=float(model.ua_rated_w_per_k),
            hot_share=float(model.hot_share),
            capacity_w=float(model.capacity_w),
            setpoint_c=system.supply_setpoint_c,
            setpoint_least_c=UNBOUND_C,
            band_k=float(model.fan_band_k),
            reset_s=float(model.fan_reset_s),
            opening_min=float(model.fan_speed_min),
            opening_max=1.0,
            fan_power_max_w=float(model.fan_power_max_w),
            fan_feed=draft.find("feed", coolers.feed, f"{key}.feed"),
            adiabatic_effectiveness=float(model.adiabatic_effectiveness),
            in_service=draft.running(name),
        )
        draft.learn("cooler", name, position, key)


def _lower_chillers(
    draft: Draft, system: FacilityWater, chillers: Coolers, circuit: int, key: str
) -> None:
    model = draft.catalog.get(Chiller, chillers.model)
    first = sum(name.startswith(f"{system.name}-chiller") for name in draft.chillers.names) + 1
    for number in range(first, first + chillers.count):
        name = f"{system.name}-chiller{number}"
        position = draft.chillers.add(
            name,
            circuit=circuit,
            capacity_w=float(model.capacity_w),
            second_law_efficiency=float(model.second_law_efficiency),
            condenser_approach_k=float(model.condenser_approach_k),
            trim_setpoint_c=system.supply_setpoint_c + system.trim_k,
            feed=draft.find("feed", chillers.feed, f"{key}.feed"),
            restart_s=float(model.restart_s) if model.restart_s else 0.0,
            in_service=draft.running(name),
        )
        draft.learn("chiller", name, position, key)
