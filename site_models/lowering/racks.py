"""Rows of a hall to racks, nodes, GPUs and their coolant groups."""

import math

import numpy as np

from site_models.errors import InputError
from site_models.kinds.gpu import Gpu, ThermalChain
from site_models.kinds.node import Node, SupplyLoss
from site_models.kinds.rack import Rack
from site_models.lowering.draft import Draft
from site_models.lowering.pumps import curve_by_mass
from site_models.site import Hall, RackGroup, Row, Spread

Place = tuple[float, float, float, float, float]
"""Centre x and y, width, depth [m], facing [rad]."""

NO_SUPPLY = (0.0, 0.0, 0.0, 0.0)
LONGEST_TAIL = 3.0
"""Standard deviations that a GPU differs from its model at most."""
FAN_BAND_K = 20.0
FAN_LAG_S = 10.0
"""Of every node's fan control until they are identified; no maker publishes them."""
LIQUID_TEMP_C = 45.0
"""Coolant properties of cold plates are taken at this temperature."""


def lower_rows(draft: Draft, hall: Hall, key: str) -> None:
    """Add every rack of a hall with what is in it."""
    for row_position, row in enumerate(hall.rows):
        row_key = f"{key}.rows.{row_position}"
        draft.learn("row", row.name, len(draft.row_names), f"{row_key}.name")
        draft.row_names.append(row.name)
        if ("pod", row.pod) not in draft.index:
            draft.learn("pod", row.pod, len(draft.pod_names), f"{row_key}.pod")
            draft.pod_names.append(row.pod)
        slot = 0
        for position, group in enumerate(row.racks):
            for _ in range(group.count):
                slot += 1
                _lower_rack(draft, hall, row, group, slot, f"{row_key}.racks.{position}")


def _lower_rack(draft: Draft, hall: Hall, row: Row, group: RackGroup, slot: int, key: str) -> None:
    model = draft.catalog.get(Rack, group.model)
    name = group.name.replace("{i}", str(slot)).replace("{i:02d}", f"{slot:02d}")
    circuit = draft.find("cdu", group.cdu, f"{key}.cdu") if group.cdu else -1
    if model.coolant and not group.cdu:
        raise InputError(f"{draft.where}: {key}.cdu: missing, expected the CDU of {name}")
    density = draft.fluid_rates("pg25", LIQUID_TEMP_C, key)[0] if model.coolant else 0.0
    lumped, coolant = model.lumped, model.coolant
    losses = _losses(draft, model, circuit, density)
    supply = supply_loss(model.shelf)
    rack = draft.racks.add(
        name,
        row=draft.index["row", row.name],
        pod=draft.index["pod", row.pod],
        air_circuit=draft.air(hall),
        liquid_circuit=circuit,
        lumped=lumped is not None,
        lumped_power_w=float(lumped.power_w) if lumped else 0.0,
        lumped_liquid_share=float(lumped.liquid_share) if lumped and circuit >= 0 else 0.0,
        rating_w=float(model.rating_w),
        return_setpoint_c=float(coolant.return_setpoint_c) if coolant else 0.0,
        flow_max_kg_per_s=float(coolant.flow_max_m3_per_s) * density if coolant else 0.0,
        flow_min_kg_per_s=float(coolant.flow_min_m3_per_s) * density if coolant else 0.0,
        loss_square_pa_s2_per_kg2=losses[0],
        loss_linear_pa_s_per_kg=losses[1],
        valve_square_pa_s2_per_kg2=losses[2],
        valve_opening_min=0.0,
        valve_opening_max=1.0,
        shelf_rating_w=supply[0],
        shelf_loss_fixed=supply[1],
        shelf_loss_linear=supply[2],
        shelf_loss_square=supply[3],
        storage_j=float(model.storage_j) if model.storage_j else 0.0,
        in_service=_served(draft, group, name),
    )
    draft.learn("rack", name, rack, f"{key}.name")
    draft.rack_model.append(group.model)
    draft.place_m.append(_place_m(hall, row, model, slot))
    for feed in group.feeds:
        draft.rack_feeds.add(
            f"{name}<{feed}",
            rack=rack,
            feed=draft.find("feed", feed, f"{key}.feeds"),
            share=1.0 / len(group.feeds),
        )
    _lower_nodes(draft, model, rack, key)


def _losses(draft: Draft, model: Rack, circuit: int, density: float) -> tuple[float, float, float]:
    """Return square and linear term of a rack's loss and K of its open valve, by mass flow."""
    if model.coolant is None:
        return 0.0, 0.0, 0.0
    of_loop = draft.circuits.column("density_kg_per_m3")[circuit]
    _, linear, square = curve_by_mass(draft, model.coolant.pressure_curve, of_loop)
    most = float(model.coolant.flow_max_m3_per_s) * density
    return square, linear, float(model.coolant.valve_open_pa) / most**2


def _served(draft: Draft, group: RackGroup, name: str) -> bool:
    """Return whether a rack, its CDU and one of its feeds are in service."""
    fed = any(
        draft.feeds.column("in_service")[draft.index["feed", feed]]
        for feed in group.feeds
        if ("feed", feed) in draft.index
    )
    return draft.running(name) and fed and (not group.cdu or draft.running(group.cdu))


def _place_m(hall: Hall, row: Row, model: Rack, slot: int) -> Place:
    """Return a rack's centre, footprint and facing; slots run to the right of the fronts."""
    facing = math.radians(row.facing_deg)
    along = facing - math.pi / 2.0
    offset = (slot - 1) * row.pitch_m
    return (
        hall.at_m[0] + row.at_m[0] + offset * math.cos(along),
        hall.at_m[1] + row.at_m[1] + offset * math.sin(along),
        float(model.width_m),
        float(model.depth_m),
        facing,
    )


def supply_loss(supply: SupplyLoss | None) -> tuple[float, float, float, float]:
    """Return rating [W] and the three loss coefficients; zeros where there is no stage."""
    if supply is None:
        return NO_SUPPLY
    return (
        float(supply.rating_w),
        float(supply.loss_fixed),
        float(supply.loss_linear),
        float(supply.loss_square),
    )


def rated_liquid_w(node: Node, gpu: Gpu | None) -> float:
    """Return the heat that a node gives to liquid with every GPU at its limit [W]."""
    boards_w = node.gpu_count * float(gpu.power_max_w) if gpu else 0.0
    above_w = boards_w - (node.gpu_count * float(gpu.idle_power_w) if gpu else 0.0)
    others_w = float(node.base_power_w) + float(node.load_power_per_gpu_w) * above_w
    to_plates_w = boards_w if node.cooling == "liquid" else 0.0
    return to_plates_w + float(node.liquid_share) * others_w


def _lower_nodes(draft: Draft, rack_model: Rack, rack: int, key: str) -> None:
    liquid = draft.racks.column("liquid_circuit")[rack]
    members = [
        (node, draft.catalog.get(Node, node.model), number)
        for node in rack_model.nodes
        for number in range(node.count)
    ]
    gpus = {m.gpu: draft.catalog.get(Gpu, m.gpu) for _, m, _ in members if m.gpu}
    total_w = sum(rated_liquid_w(model, gpus.get(model.gpu)) for _, model, _ in members)
    rack_domain = ""
    shared: dict[str, int] = {}
    for entry, model, number in members:
        gpu = gpus.get(model.gpu)
        if model.cooling == "liquid" and liquid < 0:
            raise InputError(f"{draft.where}: {key}.cdu: missing, {entry.model} needs one")
        share = rated_liquid_w(model, gpu) / total_w if liquid >= 0 and total_w > 0.0 else 0.0
        node = _add_node(draft, rack, entry.prefix, number, entry.model, model, share)
        if gpu is None:
            continue
        if model.nvlink_domain == "rack":
            rack_domain = rack_domain or _new_domain(draft, draft.racks.names[rack])
        else:
            _new_domain(draft, draft.nodes.names[node])
        group = shared.get(entry.model) if model.cooling == "liquid" else None
        if group is None:
            group = _add_group(draft, node, model, gpu)
            shared[entry.model] = group
        _add_gpus(draft, node, group, model, gpu)


def _new_domain(draft: Draft, name: str) -> str:
    draft.domain_names.append(name)
    return name


def _add_node(
    draft: Draft, rack: int, prefix: str, number: int, key: str, model: Node, flow_share: float
) -> int:
    rack_name = draft.racks.names[rack]
    name = draft.site.naming.node.format(
        rack=rack_name, prefix=prefix, i=number, n=len(draft.nodes)
    )
    air_density, _ = draft.fluid_rates("air", 25.0, "node air")
    supply = supply_loss(model.supply)
    liquid = draft.racks.column("liquid_circuit")[rack]
    cooled_by_liquid = liquid >= 0 and (model.cooling == "liquid")
    node = draft.nodes.add(
        name,
        rack=rack,
        first_gpu=len(draft.gpus),
        gpu_count=model.gpu_count,
        air_circuit=draft.racks.column("air_circuit")[rack],
        liquid_circuit=liquid if cooled_by_liquid else -1,
        base_power_w=float(model.base_power_w),
        load_power_per_gpu_w=float(model.load_power_per_gpu_w),
        liquid_share=float(model.liquid_share),
        liquid_flow_share=flow_share,
        airflow_max_kg_per_s=float(model.airflow_rated_m3_per_s) * air_density,
        fan_power_max_w=float(model.fan_power_max_w),
        fan_speed_min=float(model.fan_speed_min),
        fan_target_c=float(model.fan_target_c),
        fan_band_k=FAN_BAND_K,
        fan_lag_s=FAN_LAG_S,
        inlet_rise_k=0.0,
        coolant_rise_k=0.0,
        supply_rating_w=supply[0],
        supply_loss_fixed=supply[1],
        supply_loss_linear=supply[2],
        supply_loss_square=supply[3],
        in_service=draft.running(name) and draft.racks.column("in_service")[rack],
    )
    draft.learn("node", name, node, key)
    draft.node_model.append(key)
    return node


def _add_group(draft: Draft, node: int, model: Node, gpu: Gpu) -> int:
    chain = _chain(model, gpu)
    memory_j_per_k = float(gpu.memory_capacity_j_per_k)
    return draft.groups.add(
        draft.nodes.names[node],
        node=node,
        die_capacity_j_per_k=float(chain.die_capacity_j_per_k),
        body_capacity_j_per_k=float(chain.body_capacity_j_per_k) - memory_j_per_k,
        memory_capacity_j_per_k=memory_j_per_k,
        coolant_capacity_j_per_k=float(chain.coolant_capacity_j_per_k),
        die_resistance_k_per_w=float(chain.die_resistance_k_per_w),
        body_resistance_k_per_w=float(chain.body_resistance_k_per_w),
        memory_resistance_k_per_w=float(gpu.memory_resistance_k_per_w),
        memory_share=float(gpu.memory_share),
        flow_reference_kg_per_s=_reference_flow(draft, node, model, chain),
        flow_exponent=float(chain.flow_exponent),
        coolant_cp_j_per_kg_k=_coolant(draft, node, model)[1],
        leakage_rate_per_k=float(gpu.leakage_rate_per_k),
        idle_temp_c=float(chain.idle_temp_c),
        working_temp_c=float(chain.working_temp_c),
        clock_max_hz=float(gpu.sm_clock_max_hz),
        clock_min=float(gpu.sm_clock_min_hz) / float(gpu.sm_clock_max_hz),
        voltage_flat=float(gpu.voltage_flat_hz) / float(gpu.sm_clock_max_hz),
        voltage_floor=float(gpu.voltage_floor),
    )


def _chain(model: Node, gpu: Gpu) -> ThermalChain:
    chain = gpu.liquid if model.cooling == "liquid" else gpu.air
    if chain is None:
        raise InputError(
            f"catalog/gpu/{model.gpu}.yaml: {model.cooling}: missing, {model.label} cools it so"
        )
    return chain


def _coolant(draft: Draft, node: int, model: Node) -> tuple[float, float]:
    if model.cooling == "air":
        return draft.fluid_rates("air", 25.0, "node air")
    density, _ = draft.fluid_rates("pg25", LIQUID_TEMP_C, "cold plate")
    circuit = draft.nodes.column("liquid_circuit")[node]
    return density, draft.circuits.column("cp_j_per_kg_k")[circuit]


def _reference_flow(draft: Draft, node: int, model: Node, chain: ThermalChain) -> float:
    if chain.flow_reference_m3_per_s is not None:
        return float(chain.flow_reference_m3_per_s) * _coolant(draft, node, model)[0]
    lanes = sum(model.upstream) if model.upstream else model.gpu_count
    return float(draft.nodes.column("airflow_max_kg_per_s")[node] / lanes)


def _spread(spread: Spread | None, gpu: int) -> tuple[float, float]:
    """Return rise and leakage of a GPU over those of its model; within three deviations."""
    if spread is None:
        return 1.0, 1.0
    drawn = np.random.default_rng([spread.seed, gpu]).standard_normal(2)
    rise, leakage = np.clip(drawn, -LONGEST_TAIL, LONGEST_TAIL)
    return 1.0 + spread.rise * float(rise), 1.0 + spread.leakage * float(leakage)


def _add_gpus(draft: Draft, node: int, group: int, model: Node, gpu: Gpu) -> None:
    node_name = draft.nodes.names[node]
    usable = bool(draft.nodes.column("in_service")[node])
    limit_c = float(gpu.temp_limit_c)
    leakage_w = gpu.leakage_at_w(float(_chain(model, gpu).working_temp_c))
    rated = {
        "power_max_w": float(gpu.power_max_w),
        "power_min_w": float(gpu.power_min_w),
        "idle_power_w": float(gpu.idle_power_w),
        "temp_limit_c": limit_c,
        "slowdown_c": limit_c + float(gpu.slowdown_offset_k),
        "shutdown_c": limit_c + float(gpu.shutdown_offset_k),
        "memory_limit_c": float(gpu.memory_limit_c),
    }
    for number in range(model.gpu_count):
        name = draft.site.naming.gpu.format(node=node_name, j=number, g=len(draft.gpus))
        rises, leaks = _spread(draft.site.spread, len(draft.gpus))
        draft.gpus.add(
            name,
            node=node,
            group=group,
            upstream=model.upstream[number] if model.upstream else True,
            **rated,
            leakage_w=leakage_w * leaks,
            rise_factor=rises,
            in_service=usable and draft.running(name),
        )
        draft.gpu_domain.append(len(draft.domain_names) - 1)
        draft.gpu_rail.append(number)
        draft.gpu_model.append(model.gpu)
