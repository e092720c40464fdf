"""A hand-made plant small enough to follow on paper: 48 GPUs in three racks.

Two liquid-cooled racks of four 4-GPU trays share one CDU; one air-cooled rack holds two
8-GPU nodes. Rack r0 and r1 stand in row `row0`, r2 in `row1`. The CDU gives its heat to
warm facility water and a dry cooler, the hall air to chilled water with a chiller.
Power comes from one utility feed over a UPS to two distribution units.
"""

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from site_models.plant import (
    AIR,
    FWS,
    GIVEN_FLOW,
    HOLDS_DP,
    TCS,
    Arrays,
    Chillers,
    Circuits,
    Curves,
    Exchangers,
    Feeds,
    GpuGroups,
    Gpus,
    Nodes,
    Plant,
    RackFeeds,
    Racks,
    Towers,
    freeze,
)
from tests.fakes.small_fabric import small_fabric
from twin.start import filled_pipes
from twin.state import Inputs, Ledger, State

TRAYS, TRAY_GPUS, SERVERS, SERVER_GPUS = 8, 4, 2, 8
LIQUID_GPUS, AIR_GPUS = TRAYS * TRAY_GPUS, SERVERS * SERVER_GPUS
START_S = 1_800_000_000.0


def _split(liquid: float, air: float, counts: tuple[int, int]) -> Floats:
    """Return `liquid` counts[0] times, then `air` counts[1] times."""
    return np.repeat(np.array([liquid, air], dtype=np.float64), counts)


def _flags(count: int, value: bool = True) -> Flags:
    return np.full(count, value)


def _ints(*values: int) -> Ints:
    return np.array(values, dtype=np.int64)


def _floats(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def _gpus() -> Gpus:
    counts = (LIQUID_GPUS, AIR_GPUS)
    node = np.concatenate([np.repeat(np.arange(8), 4), np.repeat(np.arange(8, 10), 8)])
    group = np.concatenate([np.repeat(np.arange(2), 16), np.repeat(np.arange(2, 4), 8)])
    upstream = np.ones(48, dtype=np.bool_)
    upstream[LIQUID_GPUS + 1 :: 2] = False
    return Gpus(
        node=node.astype(np.int64),
        group=group.astype(np.int64),
        upstream=upstream,
        power_max_w=_split(1200.0, 700.0, counts),
        power_min_w=_split(200.0, 200.0, counts),
        idle_power_w=_split(170.0, 90.0, counts),
        temp_limit_c=_split(88.0, 87.0, counts),
        slowdown_c=_split(91.0, 89.0, counts),
        shutdown_c=_split(93.0, 95.0, counts),
        memory_limit_c=_split(95.0, 95.0, counts),
        leakage_w=np.zeros(48),
        rise_factor=np.ones(48),
        in_service=_flags(48),
    )


def _groups() -> GpuGroups:
    counts = (2, 2)
    return GpuGroups(
        node=_ints(0, 4, 8, 9),
        die_capacity_j_per_k=_split(4.0, 3.0, counts),
        body_capacity_j_per_k=_split(260.0, 900.0, counts),
        memory_capacity_j_per_k=_split(20.0, 20.0, counts),
        coolant_capacity_j_per_k=_split(120.0, 10.0, counts),
        die_resistance_k_per_w=_split(0.012, 0.018, counts),
        body_resistance_k_per_w=_split(0.012, 0.038, counts),
        memory_resistance_k_per_w=_split(0.08, 0.10, counts),
        memory_share=_split(0.15, 0.15, counts),
        flow_reference_kg_per_s=_split(0.0252, 0.15, counts),
        flow_exponent=_split(-0.6, -0.7, counts),
        coolant_cp_j_per_kg_k=_split(3970.0, 1006.0, counts),
        leakage_rate_per_k=_split(0.012, 0.012, counts),
        idle_temp_c=_split(45.0, 33.0, counts),
        working_temp_c=_split(75.0, 64.0, counts),
        clock_max_hz=_split(2.062e9, 1.98e9, counts),
        clock_min=_split(0.06, 0.17, counts),
        voltage_flat=_split(0.56, 0.56, counts),
        voltage_floor=_split(0.65, 0.65, counts),
    )


def _nodes() -> Nodes:
    counts = (TRAYS, SERVERS)
    return Nodes(
        rack=_ints(0, 0, 0, 0, 1, 1, 1, 1, 2, 2),
        first_gpu=_ints(0, 4, 8, 12, 16, 20, 24, 28, 32, 40),
        gpu_count=np.repeat(_ints(4, 8), counts),
        air_circuit=np.zeros(10, dtype=np.int64),
        liquid_circuit=np.repeat(_ints(1, -1), counts),
        base_power_w=_split(600.0, 1500.0, counts),
        load_power_per_gpu_w=_split(0.10, 0.10, counts),
        liquid_share=_split(0.6, 0.0, counts),
        liquid_flow_share=_split(0.25, 0.0, counts),
        airflow_max_kg_per_s=_split(0.12, 0.62, counts),
        fan_power_max_w=_split(100.0, 1200.0, counts),
        fan_speed_min=_split(0.3, 0.3, counts),
        fan_target_c=_split(75.0, 70.0, counts),
        fan_band_k=_split(20.0, 20.0, counts),
        fan_lag_s=_split(10.0, 10.0, counts),
        inlet_rise_k=_split(0.0, 0.0, counts),
        coolant_rise_k=_split(0.0, 0.0, counts),
        supply_rating_w=_split(0.0, 13200.0, counts),
        supply_loss_fixed=_split(0.0, 0.006, counts),
        supply_loss_linear=_split(0.0, 0.01, counts),
        supply_loss_square=_split(0.0, 0.03, counts),
        in_service=_flags(10),
    )


def _racks() -> Racks:
    counts = (2, 1)
    return Racks(
        row=_ints(0, 0, 1),
        pod=_ints(0, 0, 1),
        air_circuit=_ints(0, 0, 0),
        liquid_circuit=_ints(1, 1, -1),
        lumped=_flags(3, False),
        lumped_power_w=np.zeros(3),
        lumped_liquid_share=np.zeros(3),
        rating_w=_split(30_000.0, 25_000.0, counts),
        return_setpoint_c=_split(55.0, np.nan, counts),
        flow_max_kg_per_s=_split(0.6, 0.0, counts),
        flow_min_kg_per_s=_split(0.20, 0.0, counts),
        loss_square_pa_s2_per_kg2=_split(1.6e5, 0.0, counts),
        loss_linear_pa_s_per_kg=_split(1.0e4, 0.0, counts),
        valve_square_pa_s2_per_kg2=_split(8.0e4, 0.0, counts),
        valve_opening_min=np.zeros(3),
        valve_opening_max=np.ones(3),
        shelf_rating_w=_split(33_000.0, 0.0, counts),
        shelf_loss_fixed=_split(0.0065, 0.0, counts),
        shelf_loss_linear=_split(0.001, 0.0, counts),
        shelf_loss_square=_split(0.025, 0.0, counts),
        storage_j=np.zeros(3),
        in_service=_flags(3),
    )


def _circuits() -> Circuits:
    """Hall air, TCS of the CDU, warm facility water, chilled water."""
    return Circuits(
        kind=_ints(AIR, TCS, FWS, FWS),
        cp_j_per_kg_k=_floats(1006.0, 3970.0, 4180.0, 4180.0),
        supply_capacity_j_per_k=_floats(2.0e5, 2.0e5, 2.0e6, 1.0e6),
        return_capacity_j_per_k=_floats(2.0e5, 2.0e5, 2.0e6, 1.0e6),
        flow_max_kg_per_s=_floats(4.0, 1.5, 3.0, 2.0),
        flow_min_kg_per_s=_floats(1.0, 0.1, 0.5, 0.3),
        mover_power_max_w=_floats(1500.0, 900.0, 1200.0, 800.0),
        held_head_share=_floats(0.0, 0.0, 0.3, 0.3),
        mover_feed=_ints(4, 4, 4, 4),
        recirculation=_floats(0.03, 0.0, 0.0, 0.0),
        supply_limit_c=_floats(32.0, 47.0, 45.0, 25.0),
        density_kg_per_m3=_floats(1.18, 1010.0, 994.0, 999.0),
        supply_pipe_m3=_floats(0.0, 0.02, 0.0, 0.0),
        return_pipe_m3=_floats(0.0, 0.02, 0.0, 0.0),
        pump_control=_ints(GIVEN_FLOW, HOLDS_DP, GIVEN_FLOW, GIVEN_FLOW),
        pump_setpoint_pa=_floats(0.0, 1.1e5, 0.0, 0.0),
        pump_setpoint_kg_per_s=_floats(0.0, 1.2, 0.0, 0.0),
        pump_rest_pa=_floats(0.0, 1.6e5, 0.0, 0.0),
        pump_linear_pa_s_per_kg=np.zeros(4),
        pump_square_pa_s2_per_kg2=_floats(0.0, -2.0e4, 0.0, 0.0),
        pump_inner_pa_s2_per_kg2=_floats(0.0, 4.0e4, 0.0, 0.0),
        pump_efficiency=_floats(1.0, 0.5, 1.0, 1.0),
        pump_speed_min=_floats(0.0, 0.15, 0.0, 0.0),
        pump_speed_max=np.ones(4),
        loss_square_pa_s2_per_kg2=_floats(0.0, 3.0e3, 0.0, 0.0),
    )


def _exchangers() -> Exchangers:
    """CDU, air handler, dry cooler of the warm water, dry cooler of the chilled water."""
    return Exchangers(
        hot_circuit=_ints(1, 0, 2, 3),
        cold_circuit=_ints(2, 3, -1, -1),
        hot_flow_rated_kg_per_s=_floats(1.2, 4.0, 3.0, 2.0),
        cold_flow_rated_kg_per_s=_floats(1.6, 1.2, 20.0, 12.0),
        cold_cp_j_per_kg_k=_floats(4180.0, 4180.0, 1006.0, 1006.0),
        ua_rated_w_per_k=_floats(12_000.0, 5_000.0, 10_000.0, 5_000.0),
        hot_share=_floats(0.5, 0.7, 0.1, 0.1),
        capacity_w=_floats(60_000.0, 30_000.0, 90_000.0, 30_000.0),
        setpoint_c=_floats(40.0, 23.0, 34.0, 15.0),
        setpoint_least_c=_floats(17.0, -273.15, -273.15, -273.15),
        band_k=_floats(5.0, 5.0, 5.0, 5.0),
        reset_s=_floats(60.0, 120.0, 120.0, 120.0),
        opening_min=_floats(0.05, 0.05, 0.1, 0.1),
        opening_max=np.ones(4),
        fan_power_max_w=_floats(0.0, 0.0, 3000.0, 1500.0),
        fan_feed=_ints(4, 4, 4, 4),
        adiabatic_effectiveness=_floats(0.0, 0.0, 0.0, 0.0),
        concentration_cycles=_floats(1e9, 1e9, 1e9, 1e9),
        tower=_ints(-1, -1, -1, -1),
        economiser=_flags(4, False),
        in_service=_flags(4),
    )


def _chillers() -> Chillers:
    return Chillers(
        circuit=_ints(3),
        condenser_circuit=_ints(-1),
        condenser_flow_rated_kg_per_s=_floats(0.0),
        capacity_w=_floats(30_000.0),
        rated_cop=_floats(0.0),
        capacity_curve=_ints(-1),
        input_curve=_ints(-1),
        load_curve=_ints(-1),
        leaving_low_c=_floats(-1e3),
        leaving_high_c=_floats(1e3),
        entering_low_c=_floats(-1e3),
        entering_high_c=_floats(1e3),
        part_load_min=_floats(0.0),
        second_law_efficiency=_floats(0.5),
        condenser_approach_k=_floats(10.0),
        entering_max_c=_floats(1e3),
        trim_setpoint_c=_floats(15.0),
        restart_s=_floats(120.0),
        feed=_ints(4),
        available=_flags(1),
        in_service=_flags(1),
    )


def _towers() -> Towers:
    return Towers(_ints(), *(_floats() for _ in Towers._fields[1:]))


def _curves() -> Curves:
    return Curves(*(_floats() for _ in Curves._fields))


def _feeds() -> Feeds:
    """Utility, UPS, distribution units A and B, mechanical board."""
    return Feeds(
        parent=_ints(-1, 0, 1, 1, 0),
        rating_w=_floats(150_000.0, 110_000.0, 60_000.0, 60_000.0, 30_000.0),
        loss_fixed=_floats(0.0012, 0.0065, 0.004, 0.004, 0.0),
        loss_linear=_floats(0.0, 0.0055, 0.0, 0.0, 0.0),
        loss_square=_floats(0.0047, 0.0135, 0.008, 0.008, 0.004),
        air_circuit=_ints(-1, -1, 0, 0, -1),
        in_service=_flags(5),
        supplied=_flags(5),
        breaker_rating_a=np.zeros(5),
        breaker_trip_level=np.full(5, 1.25),
        breaker_magnetic=np.full(5, 7.0),
        battery_j=_floats(0.0, 1.0e6, 0.0, 0.0, 0.0),
        battery_power_w=_floats(0.0, 120_000.0, 0.0, 0.0, 0.0),
        charge_power_w=_floats(0.0, 11_000.0, 0.0, 0.0, 0.0),
        battery_efficiency=_floats(1.0, 0.97, 1.0, 1.0, 1.0),
        generator_w=np.zeros(5),
        generator_start_s=np.full(5, 10.0),
        generator_block=np.full(5, 0.5),
        generator_interval_s=np.full(5, 5.0),
        generator_cooldown_s=np.full(5, 300.0),
        transfer_delay_s=np.full(5, 1.0),
        transfer_return_s=np.full(5, 1800.0),
        transfer_dead_s=np.full(5, 0.1),
    )


def small_arrays() -> Arrays:
    """Return the arrays, not yet frozen, for a test that changes some."""
    return Arrays(
        gpus=_gpus(),
        groups=_groups(),
        nodes=_nodes(),
        racks=_racks(),
        circuits=_circuits(),
        exchangers=_exchangers(),
        towers=_towers(),
        chillers=_chillers(),
        curves=_curves(),
        feeds=_feeds(),
        rack_feeds=RackFeeds(
            rack=_ints(0, 0, 1, 1, 2),
            feed=_ints(2, 3, 2, 3, 3),
            share=_floats(0.5, 0.5, 0.5, 0.5, 1.0),
        ),
    )


def small_plant(arrays: Arrays | None = None) -> Plant:
    """Return the plant, on the given arrays or the plain ones."""
    arrays = small_arrays() if arrays is None else arrays
    for part in arrays:
        freeze(part)
    return Plant(
        site="small",
        site_hash="0" * 64,
        arrays=arrays,
        gpu_names=tuple(f"gpu{i}" for i in range(48)),
        node_names=tuple(f"node{i}" for i in range(10)),
        rack_names=("r0", "r1", "r2"),
        row_names=("row0", "row1"),
        pod_names=("pod0", "pod1"),
        circuit_names=("hall", "tcs0", "fws", "chw"),
        exchanger_names=("cdu0", "crah0", "drycooler0", "drycooler1"),
        chiller_names=("chiller0",),
        feed_names=("utility", "ups", "pdu-a", "pdu-b", "mech"),
        gpu_model=("gb200",) * LIQUID_GPUS + ("h200-sxm",) * AIR_GPUS,
        node_model=("gb200-tray",) * TRAYS + ("hgx-h200",) * SERVERS,
        rack_model=("gb200-nvl72", "gb200-nvl72", "air-rack"),
        gpu_nvlink_domain=np.concatenate(
            [np.repeat(np.arange(2), 16), np.repeat(np.arange(2, 4), 8)]
        ).astype(np.int64),
        nvlink_domain_names=("nvl0", "nvl1", "nvl2", "nvl3"),
        gpu_rail=np.concatenate([np.tile(np.arange(4), 8), np.tile(np.arange(8), 2)]).astype(
            np.int64
        ),
        cdu_exchangers=_ints(0),
        facility_circuits=_ints(2, 3),
        rack_place_m=np.array(
            [
                [1.0, 1.0, 0.6, 1.1, 0.0],
                [1.6, 1.0, 0.6, 1.1, 0.0],
                [1.0, 4.0, 0.6, 1.1, 0.0],
            ]
        ),
        fabric=small_fabric(),
        hall_size_m=(6.0, 6.0),
    )


def small_inputs(plant: Plant, load: float = 0.0) -> Inputs:
    """Return inputs with every GPU at `load` of the way from idle to its largest power."""
    gpus = plant.arrays.gpus
    return Inputs(
        gpu_power_w=gpus.idle_power_w + load * (gpus.power_max_w - gpus.idle_power_w),
        gpu_power_basis=np.zeros(48, dtype=np.int64),
        gpu_cap_w=gpus.power_max_w.copy(),
        rack_load_w=np.zeros(len(plant.rack_names)),
        exchanger_setpoint_c=plant.arrays.exchangers.setpoint_c.copy(),
        circuit_flow_share=np.ones(len(plant.circuit_names)),
        dry_bulb_c=25.0,
        wet_bulb_c=18.0,
    )


def small_state(plant: Plant, load: float = 0.0, time_s: float = START_S) -> State:
    """Return a plausible state at rest: consistent powers, rough temperatures."""
    arrays, inputs = plant.arrays, small_inputs(plant, load)
    gpu_w = inputs.gpu_power_w
    node_gpu_w = np.add.reduceat(gpu_w, arrays.nodes.first_gpu)
    node_idle_w = np.add.reduceat(arrays.gpus.idle_power_w, arrays.nodes.first_gpu)
    node_dc_w = (
        arrays.nodes.base_power_w
        + node_gpu_w
        + arrays.nodes.load_power_per_gpu_w * (node_gpu_w - node_idle_w)
        + arrays.nodes.fan_power_max_w * 0.5**3
    )
    node_w = np.where(arrays.nodes.liquid_circuit < 0, node_dc_w * 1.05, node_dc_w)
    rack_w = np.bincount(arrays.nodes.rack, node_w) * np.array([1.03, 1.03, 1.0])
    liquid_w = np.array([0.85, 0.85, 0.0]) * rack_w
    coolant_c = np.where(np.arange(48) < LIQUID_GPUS, 42.0 + 6.0 * load, 25.0 + 10.0 * load)
    resistance = _split(0.024, 0.056, (LIQUID_GPUS, AIR_GPUS))
    flow = np.clip(liquid_w / (3970.0 * 15.0), arrays.racks.flow_min_kg_per_s, np.inf)
    supply_c, return_c = _floats(23.0, 40.0, 34.0, 15.0), _floats(33.0, 55.0, 42.0, 20.0)
    feed_w = np.array([1.12, 1.05, 0.35, 0.72, 0.05]) * rack_w.sum()
    return State(
        time_s=time_s,
        gpu_temp_c=coolant_c + resistance * gpu_w,
        gpu_body_c=coolant_c + 0.5 * resistance * gpu_w,
        memory_temp_c=coolant_c + 0.5 * resistance * gpu_w + 0.012 * gpu_w,
        gpu_coolant_c=coolant_c,
        gpu_off=_flags(48, False),
        fan_speed=np.full(10, 0.5),
        rack_valve=_floats(0.5, 0.5, 0.0),
        circuit_pump_speed=_floats(0.0, 0.8, 0.0, 0.0),
        circuit_low_flow_s=np.zeros(4),
        circuit_supply_c=supply_c,
        circuit_return_c=return_c,
        **filled_pipes(plant, supply_c, return_c),
        exchanger_opening=np.full(4, 0.5),
        exchanger_integral=np.full(4, 0.5),
        feed_open=np.zeros(5),
        feed_breaker_thermal=np.zeros(5),
        feed_battery_j=arrays.feeds.battery_j.copy(),
        generator_turning_s=np.zeros(5),
        generator_cooling_s=np.zeros(5),
        transfer_alternate=np.zeros(5),
        transfer_waited_s=np.zeros(5),
        transfer_dead_left_s=np.zeros(5),
        chiller_running=np.ones(1),
        chiller_ready_s=np.zeros(1),
        gpu_power_w=gpu_w,
        gpu_clock_ratio=np.ones(48),
        gpu_event_reasons=np.zeros(48, dtype=np.int64),
        node_power_w=node_w,
        node_dc_power_w=node_dc_w,
        node_liquid_heat_w=np.where(
            arrays.nodes.liquid_circuit >= 0,
            arrays.nodes.liquid_flow_share * liquid_w[arrays.nodes.rack],
            0.0,
        ),
        node_inlet_c=np.full(10, 23.3),
        node_outlet_c=np.full(10, 35.0),
        node_airflow_kg_per_s=0.5 * arrays.nodes.airflow_max_kg_per_s,
        rack_power_w=rack_w,
        rack_liquid_heat_w=liquid_w,
        rack_air_heat_w=rack_w - liquid_w,
        rack_return_c=np.array([55.0, 55.0, np.nan]),
        rack_flow_kg_per_s=flow * np.array([1.0, 1.0, 0.0]),
        rack_dp_pa=np.array([1.0e5, 1.0e5, np.nan]),
        circuit_delivered_c=supply_c.copy(),
        circuit_arriving_c=return_c.copy(),
        circuit_flow_kg_per_s=_floats(2.5, float(flow[:2].sum()), 1.5, 0.8),
        circuit_dp_pa=_floats(0.0, 1.1e5, 0.0, 0.0),
        circuit_mover_power_w=_floats(400.0, 100.0, 150.0, 80.0),
        exchanger_heat_w=np.array(
            [liquid_w.sum(), (rack_w - liquid_w).sum(), liquid_w.sum(), rack_w[2]]
        ),
        exchanger_fan_power_w=_floats(0.0, 0.0, 400.0, 150.0),
        exchanger_cold_flow_kg_per_s=_floats(0.8, 0.6, 10.0, 6.0),
        exchanger_evaporated_kg_per_s=np.zeros(4),
        exchanger_make_up_kg_per_s=np.zeros(4),
        chiller_heat_w=_floats(0.5 * float(rack_w[2])),
        chiller_power_w=_floats(0.1 * float(rack_w[2])),
        feed_power_w=feed_w,
        feed_output_w=np.minimum(feed_w, arrays.feeds.rating_w),
        feed_battery_w=np.zeros(5),
        feed_live=np.ones(5),
        feed_on_battery=np.zeros(5),
        rack_powered=arrays.racks.in_service.astype(np.float64),
        circuit_powered=np.ones(4),
        exchanger_powered=np.ones(4),
        chiller_powered=np.ones(1),
        ledger=Ledger(0.0, 0.0, 0.0, 0.0, 0.0),
    )
