"""Temperatures at rest of the nodes that candidate places touch."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from controllers.placement.candidates import Candidate
from controllers.placement.chains import chains_c, chains_of, extremes_of, lanes_of, limits_of
from controllers.placement.ground import Ground
from controllers.placement.index import PlaceIndex
from controllers.placement.offer import Offer
from controllers.placement.taking import touched_nodes
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant
from twin.nodes import AIR_CP_J_PER_KG_K, TRAY_AIR_RISE_K

HALVINGS = 12
"""Of the range of fan speeds: to 0.02 %."""


class Rows(NamedTuple):
    """Touched nodes, one row for each (candidate, node), and the GPUs of each row."""

    candidate: Ints
    node: Ints
    gpu: Ints
    row_of_gpu: Ints
    gpu_w: Floats
    """Power of every GPU of the row, the job's included."""
    added_w: Floats
    """Rise of the row's GPUs together."""
    chosen: Ints
    """Positions along `gpu` of the job's own."""


class Temperatures(NamedTuple):
    """Along `Rows.gpu` [C], and the fan speed of every row."""

    die_c: Floats
    memory_c: Floats
    fan_speed: Floats


def rows_of(
    index: PlaceIndex,
    ground: Ground,
    offer: Offer,
    candidates: Sequence[Candidate],
    step_s: Floats | None = None,
) -> Rows:
    """Return the nodes that candidates touch with all of their GPUs; each candidate's own GPUs
    in ascending order. `step_s` is how long the job's step takes on each candidate."""
    walk = index.walk
    chosen = np.concatenate([c.gpus for c in candidates])
    begin = np.cumsum([0, *(len(c.gpus) for c in candidates)])
    candidate, node, gpu, row_of_gpu, at = touched_nodes(
        chosen, begin, walk.node, walk.first_gpu, walk.gpu_count
    )
    gpu_w = ground.gpu_w[gpu]
    if step_s is not None:
        step_s = np.repeat(step_s, begin[1:] - begin[:-1])
    gpu_w[at], added_w = offer.powers_w(chosen, step_s)
    return Rows(
        candidate=candidate,
        node=node,
        gpu=gpu,
        row_of_gpu=row_of_gpu,
        gpu_w=gpu_w,
        added_w=sum_by(row_of_gpu[at], added_w, len(node)),
        chosen=at,
    )


def heats_w(
    index: PlaceIndex, candidate: Ints, rack: Ints, added_w: Floats, candidates: int
) -> Floats:
    """Return what every circuit takes off more with each candidate [W]. Shape (candidates,
    circuits)

    From the candidate, the rack and the rise of the GPUs of every place.
    """
    heats, circuits = index.heats, len(index.plant.circuit_names)
    size = heats.first[rack + 1] - heats.first[rack]
    of_row = np.repeat(np.arange(len(rack)), size)
    entry = np.arange(len(of_row)) - (np.cumsum(size) - size)[of_row] + heats.first[rack][of_row]
    place = candidate[of_row] * circuits + heats.limit[entry]
    more_w = sum_by(place, heats.factor[entry] * added_w[of_row], candidates * circuits)
    return more_w.reshape(candidates, circuits)


def supplies_c(index: PlaceIndex, ground: Ground, more_w: Floats) -> Floats:
    """Return every circuit's supply with what it takes off more, as `heats_w`. Same shape

    Sinks first: a circuit's exchangers work against the risen supply of the next.
    """
    now_c, sink = ground.state.circuit_supply_c, index.sink_circuit
    return ground.cooling.supplies_c(more_w, now_c, sink, index.cooling_depth)


def temperatures(
    index: PlaceIndex, ground: Ground, rows: Rows, supply_c: Floats, flow: Floats
) -> Temperatures:
    """Return GPU and memory temperatures of the rows' GPUs at rest.

    `supply_c` is every circuit's with each candidate's heat, `flow` that of each row's rack.
    """
    nodes = index.plant.arrays.nodes
    wet = nodes.liquid_circuit[rows.node] >= 0
    air, at = nodes.air_circuit[rows.node], rows.candidate
    rise_k = np.maximum(supply_c[at, air] - ground.state.circuit_supply_c[air], 0.0)
    inlet_c = np.where(
        wet,
        supply_c[at, nodes.liquid_circuit[rows.node]] + nodes.coolant_rise_k[rows.node],
        ground.state.node_inlet_c[rows.node] + rise_k,
    )
    share = nodes.liquid_flow_share[rows.node] / np.maximum(nodes.gpu_count[rows.node], 1)
    lanes = lanes_of(index.plant)[rows.node]
    least = nodes.fan_speed_min[rows.node]
    low, high = least.copy(), np.ones(len(rows.node))
    if wet.all():
        high = low
    for _ in range(0 if wet.all() else HALVINGS):
        speed = 0.5 * (low + high)
        stream = np.where(wet, flow * share, speed * nodes.airflow_max_kg_per_s[rows.node] / lanes)
        die_c, _ = _chain_c(index, rows, inlet_c, stream, wet, lanes)
        hottest_c = np.full(len(rows.node), -np.inf)
        np.maximum.at(hottest_c, rows.row_of_gpu, die_c)
        above = (hottest_c - nodes.fan_target_c[rows.node]) / nodes.fan_band_k[rows.node] + 0.5
        wants_more = least + (1.0 - least) * above > speed
        low, high = np.where(wants_more, speed, low), np.where(wants_more, high, speed)
    stream = np.where(wet, flow * share, high * nodes.airflow_max_kg_per_s[rows.node] / lanes)
    die_c, memory_c = _chain_c(index, rows, inlet_c, stream, wet, lanes)
    speed = np.where(wet, _tray_fans(index, ground, rows), high)
    return Temperatures(die_c, memory_c, speed)


def extremes(
    plant: Plant, rows: Rows, heat: Temperatures, candidates: int
) -> tuple[Floats, Floats]:
    """Return the hottest of each candidate's own GPUs [C], and the least distance of any GPU or
    memory in the nodes that it touches to a limit [K]."""
    limits = limits_of(plant)
    return extremes_of(
        rows.gpu, rows.candidate[rows.row_of_gpu], rows.chosen, heat.die_c, heat.memory_c,
        limits.die_c, limits.memory_c, candidates,
    )  # fmt: skip


def hot_nodes(plant: Plant, rows: Rows, heat: Temperatures, candidate: int) -> tuple[int, ...]:
    """Return the nodes of a candidate with a GPU or memory at its limit."""
    limits = limits_of(plant)
    hot = (heat.die_c >= limits.die_c[rows.gpu]) | (heat.memory_c >= limits.memory_c[rows.gpu])
    row = np.unique(rows.row_of_gpu[hot])
    return tuple(rows.node[row[rows.candidate[row] == candidate]].tolist())


def _tray_fans(index: PlaceIndex, ground: Ground, rows: Rows) -> Floats:
    """Return the speed at which the fans of liquid-cooled nodes hold their air rise."""
    nodes, state, n = index.plant.arrays.nodes, ground.state, rows.node
    now_w = (
        (state.node_outlet_c[n] - state.node_inlet_c[n])
        * state.node_airflow_kg_per_s[n]
        * AIR_CP_J_PER_KG_K
    )
    air_w = now_w + (1.0 - nodes.liquid_share[n]) * nodes.load_power_per_gpu_w[n] * rows.added_w
    most_w = nodes.airflow_max_kg_per_s[n] * AIR_CP_J_PER_KG_K * TRAY_AIR_RISE_K
    return np.clip(air_w / np.maximum(most_w, 1e-9), nodes.fan_speed_min[n], 1.0)


def _chain_c(
    index: PlaceIndex,
    rows: Rows,
    inlet_c: Floats,
    stream: Floats,
    wet: Flags,
    lanes: Floats,
) -> tuple[Floats, Floats]:
    """Return die and memory temperature at the given flow through each GPU of a row [kg/s]."""
    chain = chains_of(index.plant)
    return chains_c(
        rows.gpu, rows.row_of_gpu, rows.gpu_w, inlet_c, stream, wet, lanes, *chain
    )  # fmt: skip
