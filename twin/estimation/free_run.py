"""A measured track through the twin: power in, temperatures out, never fed back."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Plant, freeze
from twin.estimation.track import Track
from twin.inputs import Outdoors
from twin.start import idle_inputs
from twin.state import MEASURED, Inputs, State
from twin.steady import rest_or_first
from twin.step import step


class Course(NamedTuple):
    """What a free run believed at each instant of its track."""

    gpu_temp_c: Floats
    """Shape (n, GPUs)"""
    node_power_w: Floats
    """Shape (n, nodes)"""
    node_inlet_c: Floats
    """Shape (n, nodes)"""


def free_run(plant: Plant, track: Track, outdoors: Outdoors) -> Course:
    """Return the course of a free run: driven by measured power, and inlet where measured."""
    state, inputs = started(plant, track, outdoors)
    nodes = np.full_like(track.node_power_w, np.nan)
    course = Course(np.empty_like(track.gpu_temp_c), nodes, nodes.copy())
    for k in range(len(track.time_s)):
        if k:
            state = moved(plant, state, inputs, track, k, outdoors)
        course.gpu_temp_c[k] = state.gpu_temp_c
        course.node_power_w[k] = state.node_power_w
        course.node_inlet_c[k] = state.node_inlet_c
    return course


def started(plant: Plant, track: Track, outdoors: Outdoors) -> tuple[State, Inputs]:
    """Return the state at a track's first instant: at rest under its power, dies as measured."""
    dry_bulb_c, wet_bulb_c = outdoors(float(track.time_s[0]))
    inputs = idle_inputs(plant, dry_bulb_c, wet_bulb_c)
    inputs = inputs._replace(
        gpu_power_w=track.gpu_power_w[0].copy(),
        gpu_power_basis=np.full(len(plant.gpu_names), MEASURED, dtype=np.int64),
    )
    state = rest_or_first(plant, inputs)
    first = np.argmax(~np.isnan(track.gpu_temp_c), axis=0)
    seen_c = track.gpu_temp_c[first, np.arange(len(first))]
    shift_k = np.where(np.isnan(seen_c), 0.0, seen_c - state.gpu_temp_c)
    state = state._replace(
        time_s=float(track.time_s[0]),
        gpu_temp_c=state.gpu_temp_c + shift_k,
        gpu_body_c=state.gpu_body_c + shift_k,
        memory_temp_c=state.memory_temp_c + shift_k,
    )
    return state, inputs


def moved(
    plant: Plant, state: State, inputs: Inputs, track: Track, k: int, outdoors: Outdoors
) -> State:
    """Return the state at instant k, driven by what was measured since its own time."""
    first = int(np.searchsorted(track.time_s, state.time_s, side="right"))
    dt_s = np.diff(track.time_s[first - 1 : k + 1])
    power_w = (track.gpu_power_w[first : k + 1] * dt_s[:, None]).sum(axis=0) / dt_s.sum()
    dry_bulb_c, wet_bulb_c = outdoors(float(track.time_s[k]))
    driven = inputs._replace(gpu_power_w=power_w, dry_bulb_c=dry_bulb_c, wet_bulb_c=wet_bulb_c)
    breathing = _breathing(plant, state, track.node_inlet_c[k])
    after = step(breathing, state, driven, float(dt_s.sum()))
    return after._replace(time_s=float(track.time_s[k]))


def _breathing(plant: Plant, state: State, inlet_c: Floats) -> Plant:
    """Return the plant whose nodes breathe air as warm as measured, where it was."""
    if np.isnan(inlet_c).all():
        return plant
    nodes, circuits = plant.arrays.nodes, plant.arrays.circuits
    k = nodes.air_circuit
    back = circuits.recirculation[k]
    mixed_c = (1.0 - back) * state.circuit_supply_c[k] + back * state.circuit_return_c[k]
    rise_k = np.where(np.isnan(inlet_c), nodes.inlet_rise_k, inlet_c - mixed_c)
    nodes = freeze(nodes._replace(inlet_rise_k=rise_k))
    return replace(plant, arrays=plant.arrays._replace(nodes=nodes))
