"""Slow parameters of liquid-cooled GPUs from what was measured: cold plates and their flow.

A GPU behind a cold plate hardly warms another's coolant, so one free run with a parameter of
all of them moved tells what it does to each. A few rounds of least squares, GPU by GPU, over
such runs fit them all at once. The flow is what the twin believes the rack to have.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.plant import GpuGroups, Plant, freeze
from twin.estimation.free_run import free_run
from twin.estimation.overlay import Estimate
from twin.estimation.track import Track
from twin.inputs import Outdoors

SENSOR_STD_K = 0.5
"""Of one reading: whole degrees, and a sensor that is not all of the die."""
LOSS_KNEE_K = 0.5
"""Residuals beyond count by their size, no longer by its square."""
CORRELATION_S = 2.0
"""Residuals closer than this are not independent evidence."""
ROUNDS, SETTLED, MOVE, LONGEST = 6, 2e-3, 1e-2, 0.5
"""Rounds at most, the change after which they end, the step of a slope and the longest stride."""


class Slow(NamedTuple):
    """A parameter, on the scale it is fitted on, and how far it may lie from the catalog."""

    name: str
    log: bool
    std: float


SLOW = (
    Slow("die_resistance_k_per_w", True, 0.5),
    Slow("body_resistance_k_per_w", True, 0.5),
    Slow("body_capacity_j_per_k", True, 0.5),
    Slow("flow_exponent", False, 0.15),
)
"""The exponent shows only where the flow moved; elsewhere it stays and keeps its spread."""


class LiquidFit(NamedTuple):
    """What was learned, and how well it repeats what it was learned from."""

    parameters: dict[str, dict[str, Estimate]]
    rmse_k: Floats
    """Of each GPU that was fitted."""


def liquid_fit(plant: Plant, track: Track, outdoors: Outdoors) -> LiquidFit:
    """Return the parameters of the liquid-cooled GPUs that have readings of temperature.

    Standard errors are those of the linearised fit, the catalog's spread counted as evidence.
    Deterministic. Checked: gives back what a rig was played with, in
    ``tests/twin/estimation/test_identify_liquid.py``.
    """
    arrays = plant.arrays
    liquid = arrays.nodes.liquid_circuit[arrays.gpus.node] >= 0
    gpus = np.flatnonzero(liquid & ~np.isnan(track.gpu_temp_c).all(axis=0))
    if len(gpus) == 0:
        return LiquidFit({}, np.zeros(0))
    own = _each_alone(plant, gpus)
    measured_c, point = track.gpu_temp_c[:, gpus], np.zeros((len(SLOW), len(gpus)))
    prior = 1.0 / np.square([slow.std for slow in SLOW])
    rarely = np.sqrt(max(CORRELATION_S / float(np.median(np.diff(track.time_s))), 1.0))

    def course(at: Floats) -> Floats:
        return free_run(_moved(own, gpus, at), track, outdoors).gpu_temp_c[:, gpus]

    for _ in range(ROUNDS):
        base_c = course(point)
        slopes = np.stack([(course(point + _bump(p)) - base_c) / MOVE for p in range(len(SLOW))])
        off_k = np.nan_to_num(measured_c - base_c)
        weight = ~np.isnan(measured_c) / np.maximum(1.0, np.abs(off_k) / LOSS_KNEE_K)
        weight /= (SENSOR_STD_K * rarely) ** 2
        evidence = np.einsum("pkn,qkn,kn->npq", slopes, slopes, weight) + np.diag(prior)
        pull = np.einsum("pkn,kn->np", slopes, weight * off_k) - point.T * prior
        stride = np.clip(np.linalg.solve(evidence, pull[..., None])[..., 0].T, -LONGEST, LONGEST)
        point = point + stride
        if float(np.abs(stride).max()) < SETTLED:
            break
    std = np.sqrt(np.diagonal(np.linalg.inv(evidence), axis1=1, axis2=2)).T
    left_k = course(point) - measured_c
    return LiquidFit(_told(own, gpus, point, std), np.sqrt(np.nanmean(left_k**2, axis=0)))


def _each_alone(plant: Plant, gpus: Ints) -> Plant:
    """Return the plant with a group for each of the GPUs, in their order, after the others."""
    arrays = plant.arrays
    old = arrays.gpus.group[gpus]
    group = arrays.gpus.group.copy()
    group[gpus] = len(arrays.groups.node) + np.arange(len(gpus))
    columns = {
        name: np.concatenate((column, column[old]))
        for name, column in zip(arrays.groups._fields, arrays.groups, strict=True)
    }
    groups = GpuGroups(**columns)
    groups.node[-len(gpus) :] = arrays.gpus.node[gpus]
    changed = arrays._replace(gpus=arrays.gpus._replace(group=group), groups=groups)
    return replace(plant, arrays=changed)


def _values(plant: Plant, gpus: Ints, point: Floats) -> dict[str, Floats]:
    """Return the parameters at a point, each of shape (GPUs,)."""
    values = {}
    for slow, move in zip(SLOW, point, strict=True):
        built: Floats = getattr(plant.arrays.groups, slow.name)[-len(gpus) :]
        # a resistance that grew with the flow would be none
        values[slow.name] = built * np.exp(move) if slow.log else np.minimum(built + move, 0.0)
    return values


def _moved(own: Plant, gpus: Ints, point: Floats) -> Plant:
    columns = {}
    for name, values in _values(own, gpus, point).items():
        column = getattr(own.arrays.groups, name).copy()
        column[-len(gpus) :] = values
        columns[name] = column
    groups = own.arrays.groups._replace(**columns)
    gpus_now = own.arrays.gpus
    return replace(own, arrays=own.arrays._replace(gpus=freeze(gpus_now), groups=freeze(groups)))


def _bump(parameter: int) -> Floats:
    """Return a move of one parameter of all GPUs. Shape (parameters, 1)"""
    bump = np.zeros((len(SLOW), 1))
    bump[parameter] = MOVE
    return bump


def _told(own: Plant, gpus: Ints, point: Floats, std: Floats) -> dict[str, dict[str, Estimate]]:
    values, names = _values(own, gpus, point), [own.gpu_names[g] for g in gpus]
    told = {}
    for slow, spread in zip(SLOW, std, strict=True):
        value = values[slow.name]
        error = value * spread if slow.log else spread
        told[slow.name] = {
            who: Estimate(value=float(v), std=float(e))
            for who, v, e in zip(names, value, error, strict=True)
        }
    return told
