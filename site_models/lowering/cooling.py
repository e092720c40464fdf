"""Hall air, CDUs and CRAHs to circuits and exchangers.

Fluid properties are taken once, at each circuit's design temperature: a constant heat
capacity is what makes the energy account exact; it costs at most half a per cent of a rise.
"""

from site_models.kinds.cdu import Cdu
from site_models.kinds.crah import Crah
from site_models.lowering.draft import Draft
from site_models.lowering.pumps import NO_PUMP_CURVE, lowered_pumps
from site_models.plant import AIR, TCS
from site_models.site import Hall, PlacedCdu, PlacedCrah

TYPICAL_RISE_K = 10.0
"""Properties are taken at the supply setpoint plus half of this."""
LEAST_FLOW_SHARE = 0.1
"""Pumps and fans keep at least this part of their flow."""
NOTHING_BLED = 1e9
"""Cycles of concentration where no water evaporates."""
COLD_AISLE_SHARE = 0.3
"""Part of a hall's air that is supply air."""
DEW_MARGIN_K = 2.0
"""CDUs supply no colder than this above the dew point of their hall."""
UNBOUND_C = -273.15
"""Least setpoint where nothing would condense."""
LEAST_PIPE_S = 2.0
"""A pipe that the rated flow fills sooner counts with the masses: in a step of the physics no
more may pass than a pipe holds."""


def lower_hall_air(draft: Draft, hall: Hall, key: str) -> None:
    """Add the air of one hall; its movers are the fans of the room units."""
    density, cp = draft.fluid_rates("air", hall.air.supply_setpoint_c, f"{key}.air")
    units = [draft.catalog.get(Crah, crah.model) for crah in hall.crahs if draft.running(crah.name)]
    airflow = sum(float(unit.airflow_rated_m3_per_s) for unit in units) * density
    air_j_per_k = hall.width_m * hall.depth_m * hall.height_m * density * cp
    draft.learn("hall", hall.name, len(draft.circuits), f"{key}.name")
    draft.circuits.add(
        hall.name,
        kind=AIR,
        cp_j_per_kg_k=cp,
        supply_capacity_j_per_k=COLD_AISLE_SHARE * air_j_per_k,
        return_capacity_j_per_k=(1.0 - COLD_AISLE_SHARE) * air_j_per_k + hall.air.structure_j_per_k,
        flow_max_kg_per_s=max(airflow, 1e-3),
        flow_min_kg_per_s=LEAST_FLOW_SHARE * airflow,
        mover_power_max_w=sum(float(unit.fan_power_max_w) for unit in units),
        mover_feed=draft.find("feed", hall.air.feed, f"{key}.air.feed"),
        recirculation=hall.air.recirculation,
        supply_limit_c=hall.air.supply_limit_c,
        held_head_share=0.0,
        density_kg_per_m3=density,
        **NO_PUMP_CURVE,
    )


def lower_cdu(draft: Draft, placed: PlacedCdu, hall: Hall, key: str) -> None:
    """Add a CDU: its exchanger and the technology cooling system that it circulates."""
    model = draft.catalog.get(Cdu, placed.model)
    water = draft.find("facility water", placed.facility_water, f"{key}.facility_water")
    temp_c = placed.supply_setpoint_c + 0.5 * TYPICAL_RISE_K
    density, cp = draft.fluid_rates(placed.fluid, temp_c, f"{key}.supply_setpoint_c")
    rated_m3_per_s = float(model.tcs_flow_rated_m3_per_s)
    flow = rated_m3_per_s * density
    supply_pipe_m3 = _pipe_m3(float(model.supply_volume_m3), model, rated_m3_per_s)
    return_pipe_m3 = _pipe_m3(float(model.return_volume_m3), model, rated_m3_per_s)
    supply_mass_m3 = float(model.supply_volume_m3) - supply_pipe_m3
    return_mass_m3 = float(model.return_volume_m3) - return_pipe_m3
    circuit = draft.circuits.add(
        f"{placed.name}-tcs",
        kind=TCS,
        cp_j_per_kg_k=cp,
        supply_capacity_j_per_k=supply_mass_m3 * density * cp,
        return_capacity_j_per_k=return_mass_m3 * density * cp,
        flow_max_kg_per_s=flow,
        flow_min_kg_per_s=0.0,
        mover_power_max_w=float(model.pump_power_max_w),
        mover_feed=draft.find("feed", placed.feed, f"{key}.feed"),
        recirculation=0.0,
        supply_limit_c=float(model.supply_limit_c),
        held_head_share=0.0,
        density_kg_per_m3=density,
        supply_pipe_m3=supply_pipe_m3,
        return_pipe_m3=return_pipe_m3,
        loss_square_pa_s2_per_kg2=float(model.header_loss_pa) / flow**2,
        **lowered_pumps(draft, model, placed, density, key),
    )
    fws_flow = float(model.fws_flow_rated_m3_per_s)
    position = _add_coil(
        draft, placed.name, model, circuit, water, flow, fws_flow, placed.supply_setpoint_c,
        hall.air.dew_point_c + DEW_MARGIN_K,
    )  # fmt: skip
    draft.learn("cdu", placed.name, circuit, f"{key}.name")
    draft.cdu_exchangers.append(position)


def _pipe_m3(volume_m3: float, model: Cdu, rated_m3_per_s: float) -> float:
    """Return the volume of the pipe on one side of a loop; 0 where it is too short to matter."""
    pipe_m3 = float(model.pipe_share) * volume_m3
    return pipe_m3 if pipe_m3 >= LEAST_PIPE_S * rated_m3_per_s else 0.0


def lower_crah(draft: Draft, placed: PlacedCrah, hall: Hall, key: str) -> None:
    """Add a CRAH: a coil between the hall's air and facility water."""
    model = draft.catalog.get(Crah, placed.model)
    water = draft.find("facility water", placed.facility_water, f"{key}.facility_water")
    density, _ = draft.fluid_rates("air", hall.air.supply_setpoint_c, key)
    airflow = float(model.airflow_rated_m3_per_s) * density
    water_flow = float(model.water_flow_rated_m3_per_s)
    position = _add_coil(
        draft,
        placed.name,
        model,
        draft.air(hall),
        water,
        airflow,
        water_flow,
        hall.air.supply_setpoint_c,
        UNBOUND_C,
    )
    draft.learn("crah", placed.name, position, f"{key}.name")


def _add_coil(
    draft: Draft,
    name: str,
    model: Cdu | Crah,
    hot_circuit: int,
    water: int,
    hot_flow_kg_per_s: float,
    water_flow_m3_per_s: float,
    setpoint_c: float,
    setpoint_least_c: float,
) -> int:
    """Add an exchanger whose valve lets facility water take heat from a circuit."""
    density, _ = draft.fluid_rates("water", setpoint_c, name)
    return draft.exchangers.add(
        name,
        hot_circuit=hot_circuit,
        cold_circuit=water,
        hot_flow_rated_kg_per_s=hot_flow_kg_per_s,
        cold_flow_rated_kg_per_s=water_flow_m3_per_s * density,
        cold_cp_j_per_kg_k=draft.circuits.column("cp_j_per_kg_k")[water],
        ua_rated_w_per_k=float(model.ua_rated_w_per_k),
        hot_share=float(model.hot_share),
        capacity_w=float(model.capacity_w),
        setpoint_c=setpoint_c,
        setpoint_least_c=setpoint_least_c,
        band_k=float(model.valve_band_k),
        reset_s=float(model.valve_reset_s),
        opening_min=float(model.valve_opening_min),
        opening_max=1.0,
        fan_power_max_w=0.0,
        fan_feed=-1,
        adiabatic_effectiveness=0.0,
        concentration_cycles=NOTHING_BLED,
        tower=-1,
        economiser=False,
        in_service=draft.running(name),
    )
