"""How well the twin predicts what was measured, beside persistence.

Without a horizon a free run: driven by what was measured of power, inlet and the like alone,
temperatures never fed back after the recording's first sample. With one, the prediction that
far ahead of a state that the estimator has corrected so far, the power of those seconds given.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from site_models.arrays import Flags, Floats
from site_models.errors import InputError
from site_models.plant import Plant
from twin.estimation.estimator import Estimator, risen
from twin.estimation.free_run import free_run, moved, started
from twin.estimation.track import Track
from twin.inputs import Outdoors

ORIGIN_EVERY_S = 1.0
"""Predictions start this often."""
FINE_S = 1.0
"""The last second before a predicted instant is stepped as finely as it was recorded."""


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of one signal, predicted less measured; figures are means over its ids."""

    rmse: float
    mae: float
    bias: float
    p95: float
    """95 % of all errors are smaller."""
    worst_id: str
    worst_rmse: float
    persistence_rmse: float
    """Of the last known reading, held."""
    n: int


def ahead_run(
    plant: Plant, track: Track, outdoors: Outdoors, horizon_s: float, from_s: float
) -> Floats:
    """Return GPU temperatures predicted `horizon_s` before each instant, NaN where none was.

    A prediction starts every second, with all that was seen up to then; shape (n, GPUs).
    """
    state, inputs = started(plant, track, outdoors)
    estimator, rise_k, breathing = Estimator(plant), np.zeros(len(plant.node_names)), plant
    predicted_c = np.full_like(track.gpu_temp_c, np.nan)
    time_s, next_s = track.time_s, max(from_s - horizon_s, track.time_s[0])
    for k in range(len(time_s)):
        if k:
            state = moved(breathing, state, inputs, track, k, outdoors)
            dt_s = float(time_s[k] - time_s[k - 1])
            state, rise_k = estimator.corrected(state, rise_k, track.gpu_temp_c[k], dt_s)
            breathing = risen(plant, rise_k)
        if time_s[k] < next_s:
            continue
        next_s = time_s[k] + ORIGIN_EVERY_S
        target = int(np.searchsorted(time_s, time_s[k] + horizon_s - 1e-6))
        if target >= len(time_s):
            break
        ahead = state
        for last in _stops(time_s, k, target):
            ahead = moved(breathing, ahead, inputs, track, last, outdoors)
        predicted_c[target] = ahead.gpu_temp_c
    return predicted_c


def scored(
    plant: Plant,
    track: Track,
    outdoors: Outdoors,
    from_s: float = -np.inf,
    horizon_s: float | None = None,
) -> Mapping[str, Score]:
    """Return the score of every predicted signal over the instants from `from_s` on.

    The run always begins at the track's first instant, so that bodies, fans and room have
    seen the power before `from_s`. Raises InputError when nothing was measured then.
    """
    window = track.time_s >= from_s
    measured = {"gpu_temp_c": track.gpu_temp_c}
    if horizon_s is None:
        course = free_run(plant, track, outdoors)
        believed = {"gpu_temp_c": course.gpu_temp_c, "node_power_w": course.node_power_w}
        measured["node_power_w"] = track.node_power_w
        window &= np.arange(len(window)) > 0
    else:
        believed = {"gpu_temp_c": ahead_run(plant, track, outdoors, horizon_s, from_s)}
    scores = {}
    for name, readings in measured.items():
        known = window[:, None] & ~np.isnan(readings) & ~np.isnan(believed[name])
        if known.any():
            lasting = _persisting(track.time_s, readings, window, horizon_s)
            axis = plant.gpu_names if name == "gpu_temp_c" else plant.node_names
            scores[name] = _judged(believed[name] - readings, lasting - readings, known, axis)
    if not scores:
        raise InputError("expected gpu_temp_c or node_power_w between the given times, found none")
    return scores


def _stops(time_s: Floats, k: int, target: int) -> list[int]:
    """Return the instants at which a prediction from k to target is stepped."""
    stops, last = [], k
    for at in range(k + 1, target + 1):
        fine = time_s[target] - time_s[at] < FINE_S
        if fine or time_s[at] - time_s[last] >= FINE_S:
            stops.append(at)
            last = at
    return stops


def _persisting(time_s: Floats, readings: Floats, window: Flags, horizon_s: float | None) -> Floats:
    """Return what persistence says: the window's first reading, or the one a horizon ago."""
    if horizon_s is None:
        first = int(np.argmax(window))
        return np.broadcast_to(readings[first], readings.shape)
    before = np.searchsorted(time_s, time_s - horizon_s + 1e-6, side="right") - 1
    return np.where(before[:, None] >= 0, readings[np.maximum(before, 0)], np.nan)


def _judged(error: Floats, lasting: Floats, known: Flags, ids: tuple[str, ...]) -> Score:
    count = known.sum(axis=0)
    some = count > 0
    error, lasting = np.where(known, error, 0.0), np.where(known, np.nan_to_num(lasting), 0.0)
    rmse = np.sqrt((error * error).sum(axis=0)[some] / count[some])
    worst = int(np.argmax(rmse))
    return Score(
        rmse=float(rmse.mean()),
        mae=float((np.abs(error).sum(axis=0)[some] / count[some]).mean()),
        bias=float((error.sum(axis=0)[some] / count[some]).mean()),
        p95=float(np.percentile(np.abs(error[known]), 95.0)),
        worst_id=np.array(ids)[some][worst].item(),
        worst_rmse=float(rmse[worst]),
        persistence_rmse=float(np.sqrt((lasting**2).sum(axis=0)[some] / count[some]).mean()),
        n=int(count.sum()),
    )
