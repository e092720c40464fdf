"""Slow parameters of nodes from what was measured; those of cold plates in `identify_liquid`.

Least squares on the residuals of a free run: power in, temperature out, never fed back.
A robust loss keeps the few samples at power steps, where instants of readings differ, from
ruling the fit; where the recording does not tell, parameters stay at the catalog's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from site_models.plant import Plant
from twin.estimation.free_run import free_run
from twin.estimation.identify_liquid import liquid_fit
from twin.estimation.node_course import NodeModel, node_course, node_model
from twin.estimation.node_overhead import overhead
from twin.estimation.overlay import PARAMETERS, Estimate, Overlay
from twin.estimation.track import Track
from twin.inputs import Outdoors

SENSOR_STD_K = 0.5
"""Of one reading: whole degrees, and a sensor that is not all of the die."""
LOSS_KNEE_K = 0.5
"""Residuals beyond count by their size, no longer by its square."""
CORRELATION_S = 2.0
"""Residuals closer than this are not independent evidence."""
FINEST_S, COARSEST_S = 0.1, 0.35
MOST_STEPS = 40_000
MOST_TRIALS = 150


@dataclass(frozen=True, slots=True)
class Prior:
    """How far a parameter may lie from the catalog's value, and on which scale it is fitted."""

    field: str
    """Of NodeModel."""
    scale: str
    """`log`, `odds` or `plain`."""
    std: float
    """On that scale."""


PRIORS = {
    "die_resistance_k_per_w": Prior("die_k_per_w", "log", 0.5),
    "body_resistance_k_per_w": Prior("body_k_per_w", "log", 0.5),
    "die_capacity_j_per_k": Prior("die_j_per_k", "log", 1.0),
    "body_capacity_j_per_k": Prior("body_j_per_k", "log", 0.5),
    "fan_speed_min": Prior("fan_speed_min", "odds", 0.5),
    "fan_target_c": Prior("fan_target_c", "plain", 5.0),
    "fan_band_k": Prior("fan_band_k", "log", 1.0),
    "fan_lag_s": Prior("fan_lag_s", "log", 2.0),
    "inlet_rise_k": Prior("inlet_rise_k", "plain", 2.0),
}
"""The exponent of the flow stays: with free fans only its product with their span shows.
The place in the airflow stays too: with a resistance of each GPU's own the two look alike
unless the GPUs draw very different power. A sensor's offset does not earn its place: what
is fitted with one predicts other loads worse, measured on a server at three power limits."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What was learned, and how well it repeats what it was learned from."""

    overlay: Overlay
    rmse: dict[str, float]
    """Mean over ids of the free run's error, by signal."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A node's part of a track on a regular grid."""

    power_w: Floats
    air_c: Floats
    first_c: Floats
    h_s: float
    per_move: int
    sample: Ints
    """Grid row of each measured instant."""
    temp_c: Floats
    """Measured, shape (samples, G); NaN: none."""


def identify(plant: Plant, track: Track, recording_sha256: str, outdoors: Outdoors) -> Fit:
    """Return the overlay that a track asks for.

    The air of the room is that of a free run with the plant as it is. Deterministic.
    Standard errors are those of the linearised fit, the catalog's spread counted as
    evidence: a parameter of which the recording tells nothing keeps its spread.
    Raises InputError when no GPU has readings of temperature.
    Checked: gives back the parameters of a recording made by the kernel, within their
    standard errors, and scores on measured servers, ``benchmarks/validation/learning.py``.
    """
    found: dict[str, dict[str, Estimate]] = {}
    errors_k: list[Floats] = []
    nodes = plant.arrays.nodes
    air_c = free_run(plant, track, outdoors).node_inlet_c - nodes.inlet_rise_k
    for n in range(len(plant.node_names)):
        members = slice(nodes.first_gpu[n], nodes.first_gpu[n] + nodes.gpu_count[n])
        seen = ~np.isnan(track.gpu_temp_c[:, members])
        if nodes.liquid_circuit[n] >= 0 or not nodes.gpu_count[n] or not seen.any(axis=0).all():
            continue
        stretch = _stretch(plant, track, n, air_c[:, n])
        model, std, course = _fitted(node_model(plant, n), stretch)
        errors_k.append(_rmse_k(course[0], stretch))
        _tell(found, plant, n, model, std)
        for name, estimate in overhead(plant, track, n, course[1]).items():
            found.setdefault(name, {})[plant.node_names[n]] = estimate
    liquid = liquid_fit(plant, track, outdoors)
    for name, estimates in liquid.parameters.items():
        found.setdefault(name, {}).update(estimates)
    if len(liquid.rmse_k):
        errors_k.append(liquid.rmse_k)
    if not errors_k:
        raise InputError("expected gpu_temp_c of every GPU of a node, found none")
    ordered = {name: found[name] for name in PARAMETERS if name in found}
    overlay = Overlay(recording_sha256=recording_sha256, site=plant.site, parameters=ordered)
    return Fit(overlay, {"gpu_temp_c": float(np.mean(np.concatenate(errors_k)))})


def _stretch(plant: Plant, track: Track, node: int, air_c: Floats) -> Stretch:
    nodes = plant.arrays.nodes
    members = slice(nodes.first_gpu[node], nodes.first_gpu[node] + nodes.gpu_count[node])
    time_s = track.time_s - track.time_s[0]
    usual_s = float(np.median(np.diff(time_s)))
    h_s = max(usual_s / np.ceil(usual_s / COARSEST_S), FINEST_S, time_s[-1] / MOST_STEPS)
    grid_s = np.arange(0.0, time_s[-1] + h_s, h_s)
    drawn_w = track.gpu_power_w[:, members]
    drawn_j = np.cumsum(drawn_w[1:] * np.diff(time_s)[:, None], axis=0)
    drawn_j = np.vstack((np.zeros(drawn_w.shape[1]), drawn_j))
    on_grid = np.stack([np.interp(grid_s, time_s, column) for column in drawn_j.T], axis=1)
    power_w = np.vstack((drawn_w[:1], np.diff(on_grid, axis=0) / h_s))
    temp_c = track.gpu_temp_c[:, members]
    first = np.argmax(~np.isnan(temp_c), axis=0)
    return Stretch(
        power_w=power_w,
        air_c=np.interp(grid_s, time_s, air_c),
        first_c=temp_c[first, np.arange(temp_c.shape[1])],
        h_s=float(h_s),
        per_move=max(round(1.0 / h_s), 1),
        sample=np.minimum(np.rint(time_s / h_s), len(grid_s) - 1).astype(np.int64),
        temp_c=temp_c,
    )


def _fitted(
    catalog: NodeModel, stretch: Stretch
) -> tuple[NodeModel, dict[str, Floats], tuple[Floats, Floats]]:
    """Return the fitted model, standard errors by parameter, and its course."""
    start, spread = _packed(catalog)
    rarely = SENSOR_STD_K * np.sqrt(max(CORRELATION_S / _sampling_s(stretch), 1.0))
    seen = ~np.isnan(stretch.temp_c)

    def residuals(point: Floats) -> Floats:
        temps_c, _ = _run(_unpacked(catalog, point), stretch)
        off_k = (temps_c[stretch.sample] - stretch.temp_c)[seen]
        tame_k = (
            np.sign(off_k)
            * LOSS_KNEE_K
            * np.sqrt(2.0 * (np.sqrt(1.0 + (off_k / LOSS_KNEE_K) ** 2) - 1.0))
        )
        return np.concatenate((tame_k / rarely, (point - start) / spread))

    best = least_squares(
        residuals,
        start,
        x_scale="jac",
        ftol=1e-5,
        max_nfev=MOST_TRIALS,
        diff_step=np.full(len(start), 1e-4),
    )
    model = _unpacked(catalog, best.x)
    slopes = np.asarray(best.jac, np.float64)
    std = np.sqrt(np.diag(np.linalg.inv(slopes.T @ slopes)))
    return model, _errors(catalog, model, best.x, std), _run(model, stretch)


def _sampling_s(stretch: Stretch) -> float:
    return float(np.median(np.diff(stretch.sample))) * stretch.h_s


def _run(model: NodeModel, stretch: Stretch) -> tuple[Floats, Floats]:
    return node_course(
        model,
        stretch.power_w,
        stretch.air_c,
        stretch.first_c,
        0.0,
        stretch.h_s,
        stretch.per_move,
    )


_TO: dict[str, Callable[[Floats], Floats]] = {
    "log": np.log,
    "odds": lambda v: np.log(v / (1.0 - v)),
    "plain": lambda v: v,
}
_FROM: dict[str, Callable[[Floats], Floats]] = {
    "log": lambda u: np.exp(np.clip(u, -20.0, 20.0)),
    "odds": lambda u: 1.0 / (1.0 + np.exp(-np.clip(u, -20.0, 20.0))),
    "plain": lambda u: u,
}


def _packed(model: NodeModel) -> tuple[Floats, Floats]:
    """Return a model as one point, and the spread around it."""
    parts, spreads = [], []
    for prior in PRIORS.values():
        value = np.atleast_1d(np.asarray(getattr(model, prior.field), np.float64))
        parts.append(_TO[prior.scale](value))
        spreads.append(np.full(len(value), prior.std))
    return np.concatenate(parts), np.concatenate(spreads)


def _unpacked(like: NodeModel, point: Floats) -> NodeModel:
    values: dict[str, Any] = {}
    at = 0
    for prior in PRIORS.values():
        old = getattr(like, prior.field)
        count = np.size(old)
        value = _FROM[prior.scale](point[at : at + count])
        values[prior.field] = value.copy() if isinstance(old, np.ndarray) else float(value[0])
        at += count
    return like._replace(**values)


def _errors(like: NodeModel, best: NodeModel, point: Floats, std: Floats) -> dict[str, Floats]:
    """Return standard errors in each parameter's own unit."""
    errors, at = {}, 0
    for name, prior in PRIORS.items():
        value = np.atleast_1d(np.asarray(getattr(best, prior.field), np.float64))
        slope = {"log": value, "odds": value * (1.0 - value), "plain": np.ones(len(value))}
        errors[name] = slope[prior.scale] * std[at : at + len(value)]
        at += len(value)
    return errors


def _rmse_k(temps_c: Floats, stretch: Stretch) -> Floats:
    off_k = temps_c[stretch.sample] - stretch.temp_c
    root: Floats = np.sqrt(np.nanmean(off_k * off_k, axis=0))
    return root


def _tell(
    found: dict[str, dict[str, Estimate]],
    plant: Plant,
    node: int,
    model: NodeModel,
    std: dict[str, Floats],
) -> None:
    """Write a node's parameters down under their ids, inside what an overlay admits."""
    first = int(plant.arrays.nodes.first_gpu[node])
    for name, prior in PRIORS.items():
        values = np.atleast_1d(np.asarray(getattr(model, prior.field), np.float64))
        ids = [plant.node_names[node]]
        if PARAMETERS[name].axis == "gpu":
            ids = list(plant.gpu_names[first : first + len(values)])
        bounded = np.clip(values, PARAMETERS[name].low, PARAMETERS[name].high)
        for who, value, error in zip(ids, bounded, std[name], strict=True):
            found.setdefault(name, {})[who] = Estimate(value=float(value), std=float(error))
