"""Measured temperatures of a frame and the belief they correct."""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Plant
from telemetry.frame import Frame
from telemetry.signals import SIGNALS
from twin.estimation.estimator import Estimator
from twin.state import State

INLET_S = 30.0
"""With this time constant an inlet or a circuit follows what its own sensor says: it moves
with the water or air of a room, and sensors there scatter."""

COLDER_K = 10.0
"""A die is never this much colder than what cools it: such a reading is a mark for none."""

CIRCUITS = (
    ("cdu_tcs_supply_c", "circuit_supply_c"),
    ("fws_supply_c", "circuit_supply_c"),
    ("fws_return_c", "circuit_return_c"),
)
"""Signals of circuits, and the masses of the state that they see."""


class Sighting(NamedTuple):
    """What a frame newly says of temperatures; NaN where it says nothing."""

    gpu_temp_c: Floats
    memory_temp_c: Floats
    node_inlet_c: Floats
    """Of what cools the node's GPUs: air, or the coolant of its rack."""


def sighting(
    plant: Plant, state: State, rise_k: Floats, frame: Frame, dt_s: float
) -> Sighting | None:
    """Return the readings taken since the frame before, `dt_s` ago; None without any GPU's.

    Readings outside a signal's physical range are none: recordings are not screened.
    """
    if "gpu_temp_c" not in frame.values:
        return None
    gpus, nodes = len(plant.gpu_names), plant.arrays.nodes
    gpu_c = fresh(frame, "gpu_temp_c", gpus, dt_s)
    if np.isnan(gpu_c).all():
        return None
    air_c = fresh(frame, "node_inlet_c", len(plant.node_names), dt_s)
    liquid_c = fresh(frame, "rack_supply_c", len(plant.rack_names), dt_s)[nodes.rack]
    inlet_c = np.where(nodes.liquid_circuit >= 0, liquid_c, air_c)
    least_c = (taken_in_c(plant, state, rise_k) - COLDER_K)[plant.arrays.gpus.node]
    memory_c = fresh(frame, "memory_temp_c", gpus, dt_s)
    return Sighting(
        np.where(gpu_c >= least_c, gpu_c, np.nan),
        np.where(memory_c >= least_c, memory_c, np.nan),
        inlet_c,
    )


def fresh(frame: Frame, name: str, count: int, dt_s: float) -> Floats:
    """Return a signal's readings younger than `dt_s`, NaN elsewhere. Shape (count,)"""
    readings = frame.values.get(name)
    if readings is None:
        return np.full(count, np.nan)
    facts = SIGNALS[name]
    sound = (readings >= facts.low) & (readings <= facts.high)
    if name in frame.age_s:
        sound &= frame.age_s[name] < dt_s
    return np.where(sound, readings, np.nan)


def corrected(
    estimator: Estimator,
    plant: Plant,
    state: State,
    rise_k: Floats,
    seen: Sighting,
    frame: Frame,
    dt_s: float,
) -> tuple[State, Floats]:
    """Return state and inlet rise after what was seen.

    Circuits and inlets that are measured themselves follow their own sensors; elsewhere the
    GPUs of a node tell of its inlet.
    """
    direct = ~np.isnan(seen.node_inlet_c)
    state, rise_k = estimator.corrected(state, rise_k, seen.gpu_temp_c, dt_s, direct)
    share = 1.0 - np.exp(-dt_s / INLET_S)
    off_k = seen.node_inlet_c - taken_in_c(plant, state, rise_k)
    rise_k = np.where(direct, rise_k + share * off_k, rise_k)
    return _circuits(plant, state, frame, dt_s, share), rise_k


def taken_in_c(plant: Plant, state: State, rise_k: Floats) -> Floats:
    """Return the temperature of what cools each node's GPUs, its rise included [C]."""
    nodes, circuits = plant.arrays.nodes, plant.arrays.circuits
    wet = nodes.liquid_circuit >= 0
    k = nodes.air_circuit
    back = 1.0 - (1.0 - circuits.recirculation[k]) * state.circuit_powered[k]
    air_c = (1.0 - back) * state.circuit_supply_c[k] + back * state.circuit_return_c[k]
    liquid_c = state.circuit_delivered_c[nodes.liquid_circuit] + nodes.coolant_rise_k
    own_c: Floats = np.where(wet, liquid_c, air_c + nodes.inlet_rise_k)
    return own_c + rise_k


def _circuits(plant: Plant, state: State, frame: Frame, dt_s: float, share: float) -> State:
    places = {
        "cdu_tcs_supply_c": plant.arrays.exchangers.hot_circuit[plant.cdu_exchangers],
        "fws_supply_c": plant.facility_circuits,
        "fws_return_c": plant.facility_circuits,
    }
    for signal, field in CIRCUITS:
        at = places[signal]
        if signal not in frame.values or not len(at):
            continue
        believed_c = getattr(state, field).copy()
        off_k = fresh(frame, signal, len(at), dt_s) - believed_c[at]
        believed_c[at] += share * np.where(np.isnan(off_k), 0.0, off_k)
        state = state._replace(**{field: believed_c})
    return state
