"""Actions and observations of an environment as flat arrays."""

from collections.abc import Sequence

import numpy as np

from controllers.actuators.order import no_wish
from controllers.learning.spec import Move
from controllers.policy import Decision
from controllers.supervision.orders import Room
from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from site_models.plant import Plant
from twin.state import Inputs, State

DAY_S = 86_400.0


def move_groups(plant: Plant, move: Move) -> Ints:
    """Return which action moves each GPU, or each CDU. InputError where it cannot be."""
    rack = plant.arrays.nodes.rack[plant.arrays.gpus.node]
    if move.kind == "gpu_cap":
        groups = {"site": np.zeros_like(rack), "row": plant.arrays.racks.row[rack], "rack": rack}
    else:
        cdus = np.arange(len(plant.cdu_exchangers), dtype=np.int64)
        groups = {"site": np.zeros_like(cdus), "cdu": cdus}
    if move.per not in groups or not len(groups[move.per]):
        known = ", ".join(groups)
        raise InputError(
            f"act: {move.kind} per {move.per}: expected one of {known}, on a site with them"
        )
    return np.asarray(np.unique(groups[move.per], return_inverse=True)[1], np.int64)


def decided(
    plant: Plant, room: Room, moves: Sequence[tuple[Move, Ints]], action: Floats
) -> Decision:
    """Return what actions between -1 and 1 ask for: from the least to the most of each setting.

    What no action moves stays at its default.
    """
    gpus = plant.arrays.gpus
    cap_w, facility = gpus.power_max_w, no_wish(plant)
    exchangers = plant.cdu_exchangers
    loops = plant.arrays.exchangers.hot_circuit[exchangers]
    place = 0
    for move, group in moves:
        share = 0.5 * (1.0 + action[place : place + group.max() + 1])[group]
        place += int(group.max()) + 1
        if move.kind == "gpu_cap":
            cap_w = gpus.power_min_w + share * (gpus.power_max_w - gpus.power_min_w)
        elif move.kind == "supply_setpoint":
            least, most = (
                side.exchanger_setpoint_c[exchangers] for side in (room.lowest, room.highest)
            )
            facility.exchanger_setpoint_c[exchangers] = least + share * (most - least)
        else:
            least = room.lowest.circuit_flow_share[loops]
            most = room.highest.circuit_flow_share[loops]
            facility.circuit_flow_share[loops] = least + share * (most - least)
    return Decision(cap_w, "the learner's action", facility=facility)


def observed(
    plant: Plant, state: State, inputs: Inputs, seen: Sequence[str], work: float
) -> Floats:
    """Return the observations, scaled to about -1..1: temperatures by 100 K, powers by ratings."""
    parts = [np.atleast_1d(_seen(name, plant, state, inputs, work)) for name in seen]
    return np.concatenate(parts).astype(np.float64)


def _seen(name: str, plant: Plant, state: State, inputs: Inputs, work: float) -> Floats | float:
    arrays = plant.arrays
    rating_w = np.maximum(arrays.racks.rating_w, 1.0)
    if name == "hour":
        angle = 2.0 * np.pi * (state.time_s % DAY_S) / DAY_S
        return np.array([np.sin(angle), np.cos(angle)])
    if name == "dry_bulb_c":
        return inputs.dry_bulb_c / 100.0
    if name == "wet_bulb_c":
        return inputs.wet_bulb_c / 100.0
    if name == "site_power_w":
        return float(state.rack_power_w.sum() / rating_w.sum())
    if name == "work_share":
        return work
    if name == "rack_power_w":
        return state.rack_power_w / rating_w
    if name == "rack_gpu_temp_max_c":
        hottest_c = np.zeros(len(rating_w))
        np.maximum.at(hottest_c, arrays.nodes.rack[arrays.gpus.node], state.gpu_temp_c)
        return hottest_c / 100.0
    if name == "circuit_flow_kg_per_s":
        return state.circuit_flow_kg_per_s / np.maximum(arrays.circuits.flow_max_kg_per_s, 1e-9)
    return np.asarray(getattr(state, name)) / 100.0
