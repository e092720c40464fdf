"""Facility water systems with coolers, towers and economisers to circuits and exchangers."""

from site_models.errors import InputError
from site_models.kinds.cooling_tower import CoolingTower
from site_models.kinds.dry_cooler import DryCooler
from site_models.kinds.eir_chiller import EirChiller
from site_models.kinds.plate_exchanger import PlateExchanger
from site_models.kinds.pump import Pump
from site_models.lowering.chillers import chiller_model, lower_chillers
from site_models.lowering.cooling import LEAST_FLOW_SHARE, NOTHING_BLED, TYPICAL_RISE_K, UNBOUND_C
from site_models.lowering.draft import Draft
from site_models.lowering.pumps import NO_PUMP_CURVE
from site_models.plant import FWS, MERKEL, YORKCALC
from site_models.site import Coolers, Economisers, FacilityWater

OUTDOOR_TEMP_C = 30.0
"""Outdoor air's properties are taken at this temperature."""
TOWER_FLOW_SHARE = 0.3
"""Pumps keep at least this part of their flow over towers, whose fill must stay wet: an
estimate."""


def lower_facility_water(draft: Draft, system: FacilityWater, key: str) -> None:
    """Add the circuit of a facility water system."""
    density, cp = _water(draft, system, key)
    pump = draft.catalog.get(Pump, system.pump)
    flow = system.pump_count * float(pump.flow_rated_m3_per_s) * density
    least = TOWER_FLOW_SHARE if system.towers else LEAST_FLOW_SHARE
    circuit = draft.circuits.add(
        system.name,
        kind=FWS,
        cp_j_per_kg_k=cp,
        supply_capacity_j_per_k=system.supply_volume_m3 * density * cp,
        return_capacity_j_per_k=system.return_volume_m3 * density * cp,
        flow_max_kg_per_s=flow,
        flow_min_kg_per_s=least * flow,
        mover_power_max_w=system.pump_count * float(pump.power_max_w),
        held_head_share=float(pump.held_head),
        mover_feed=draft.find("feed", system.pump_feed, f"{key}.pump_feed"),
        recirculation=0.0,
        supply_limit_c=system.supply_limit_c,
        density_kg_per_m3=density,
        **NO_PUMP_CURVE,
    )
    draft.learn("facility water", system.name, circuit, f"{key}.name")


def lower_water_units(draft: Draft, system: FacilityWater, key: str) -> None:
    """Add what cools a facility water system, once the circuits of all systems are there."""
    circuit = draft.find("facility water", system.name, f"{key}.name")
    condenser = _condenser(draft, system, circuit, key)
    for position, coolers in enumerate(system.coolers):
        _lower_coolers(draft, system, coolers, circuit, f"{key}.coolers.{position}")
    for position, towers in enumerate(system.towers):
        _lower_towers(draft, system, towers, circuit, f"{key}.towers.{position}")
    for position, plates in enumerate(system.economisers):
        _lower_economisers(
            draft, system, plates, circuit, condenser, f"{key}.economisers.{position}"
        )
    for position, chillers in enumerate(system.chillers):
        lower_chillers(draft, system, chillers, circuit, condenser, f"{key}.chillers.{position}")


def _water(draft: Draft, system: FacilityWater, key: str) -> tuple[float, float]:
    temp_c = system.supply_setpoint_c + 0.5 * TYPICAL_RISE_K
    return draft.fluid_rates(system.fluid, temp_c, f"{key}.supply_setpoint_c")


def _condenser(draft: Draft, system: FacilityWater, circuit: int, key: str) -> int:
    """Return the circuit of a system's condenser water, -1 for none; InputError if unused."""
    if not system.condenser:
        return -1
    condenser = draft.find("facility water", system.condenser, f"{key}.condenser")
    if condenser == circuit:
        raise InputError(f"{draft.where}: {key}.condenser: itself, expected another system")
    models = [chiller_model(draft.catalog, chillers.model) for chillers in system.chillers]
    if not (system.economisers or any(isinstance(model, EirChiller) for model in models)):
        raise InputError(
            f"{draft.where}: {key}.condenser: nothing gives {system.condenser} its heat,"
            f" expected economisers or water-cooled chillers on {system.name}"
        )
    return condenser


def _first(draft: Draft, prefix: str) -> int:
    return sum(name.startswith(prefix) for name in draft.exchangers.names) + 1


def _lower_coolers(
    draft: Draft, system: FacilityWater, coolers: Coolers, circuit: int, key: str
) -> None:
    model = draft.catalog.get(DryCooler, coolers.model)
    common = _to_air(draft, system, coolers, model, circuit, key)
    cycles = model.concentration_cycles
    first = _first(draft, f"{system.name}-cooler")
    for number in range(first, first + coolers.count):
        name = f"{system.name}-cooler{number}"
        position = draft.exchangers.add(
            name,
            **common,
            ua_rated_w_per_k=float(model.ua_rated_w_per_k),
            hot_share=float(model.hot_share),
            adiabatic_effectiveness=float(model.adiabatic_effectiveness),
            concentration_cycles=NOTHING_BLED if cycles is None else float(cycles),
            tower=-1,
            in_service=draft.running(name),
        )
        draft.learn("cooler", name, position, key)


def _lower_towers(
    draft: Draft, system: FacilityWater, towers: Coolers, circuit: int, key: str
) -> None:
    model = draft.catalog.get(CoolingTower, towers.model)
    common = _to_air(draft, system, towers, model, circuit, key)
    ratio, ua = model.liquid_to_gas_rated, model.ua_rated_w_per_k
    first = _first(draft, f"{system.name}-tower")
    for number in range(first, first + towers.count):
        name = f"{system.name}-tower{number}"
        tower = draft.towers.add(
            name,
            law=YORKCALC if model.law == "yorkcalc" else MERKEL,
            liquid_to_gas_rated=0.0 if ratio is None else float(ratio),
            wet_bulb_rated_c=float(model.wet_bulb_rated_c),
            free_convection_share=float(model.free_convection_share),
            approach_k=model.approach_k,
            drift_share=float(model.drift_share),
        )
        position = draft.exchangers.add(
            name,
            **common,
            ua_rated_w_per_k=0.0 if ua is None else float(ua),
            hot_share=0.0,
            adiabatic_effectiveness=1.0,
            concentration_cycles=float(model.concentration_cycles),
            tower=tower,
            in_service=draft.running(name),
        )
        draft.learn("tower", name, position, key)


def _to_air(
    draft: Draft,
    system: FacilityWater,
    units: Coolers,
    model: DryCooler | CoolingTower,
    circuit: int,
    key: str,
) -> dict[str, float]:
    """Return what every unit between a system and outdoor air has, whatever its law."""
    air_density, air_cp = draft.fluid_rates("air", OUTDOOR_TEMP_C, key)
    density, _ = _water(draft, system, key)
    return {
        "hot_circuit": circuit,
        "cold_circuit": -1,
        "hot_flow_rated_kg_per_s": float(model.water_flow_rated_m3_per_s) * density,
        "cold_flow_rated_kg_per_s": float(model.airflow_rated_m3_per_s) * air_density,
        "cold_cp_j_per_kg_k": air_cp,
        "capacity_w": float(model.capacity_w),
        "setpoint_c": system.supply_setpoint_c,
        "setpoint_least_c": UNBOUND_C,
        "band_k": float(model.fan_band_k),
        "reset_s": float(model.fan_reset_s),
        "opening_min": float(model.fan_speed_min),
        "opening_max": 1.0,
        "fan_power_max_w": float(model.fan_power_max_w),
        "fan_feed": draft.find("feed", units.feed, f"{key}.feed"),
        "economiser": False,
    }


def _lower_economisers(
    draft: Draft, system: FacilityWater, plates: Economisers, circuit: int, condenser: int, key: str
) -> None:
    if condenser < 0:
        raise InputError(
            f"{draft.where}: {key}: expected `condenser` on {system.name} to name the colder water"
        )
    model = draft.catalog.get(PlateExchanger, plates.model)
    density, _ = _water(draft, system, key)
    first = _first(draft, f"{system.name}-economiser")
    for number in range(first, first + plates.count):
        name = f"{system.name}-economiser{number}"
        position = draft.exchangers.add(
            name,
            hot_circuit=circuit,
            cold_circuit=condenser,
            hot_flow_rated_kg_per_s=float(model.hot_flow_rated_m3_per_s) * density,
            cold_flow_rated_kg_per_s=float(model.cold_flow_rated_m3_per_s) * density,
            cold_cp_j_per_kg_k=draft.circuits.column("cp_j_per_kg_k")[condenser],
            ua_rated_w_per_k=float(model.ua_rated_w_per_k),
            hot_share=float(model.hot_share),
            capacity_w=float(model.capacity_w),
            setpoint_c=system.supply_setpoint_c,
            band_k=float(model.valve_band_k),
            reset_s=float(model.valve_reset_s),
            opening_min=0.0,
            opening_max=1.0,
            setpoint_least_c=UNBOUND_C,
            fan_power_max_w=0.0,
            fan_feed=-1,
            adiabatic_effectiveness=0.0,
            concentration_cycles=NOTHING_BLED,
            tower=-1,
            economiser=True,
            in_service=draft.running(name),
        )
        draft.learn("economiser", name, position, key)
