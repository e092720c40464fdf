"""Faults in the rig that residuals must name, and a healthy week in which they must not.

The twin reads sensors alone: whole degrees that scatter by half a kelvin, power to one in a
hundred. It has the plant as built and is told of no event.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import twin.step
from benchmarks.evidence import Evidence
from benchmarks.residual_runs import DAY_S, START_S, Jobs, learning_loop
from controllers.event import Event, find_events
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import Plant

STEP_S, JOB_S = 5.0, 900.0
AT_S, WITHIN_S = 1200.0, 600.0
WEEK_STEP_S, WEEK_HELD_S, WEEK_JOB_S = 60.0, 10.0, 3600.0
"""The healthy week: frames, heats held between blocks, and jobs of this length."""
SIGNAL = "gpu_temp_c"


def rows() -> Iterator[Evidence]:
    """Yield a row for each fault, and that of the healthy week."""
    plant = compile_site("pilot")
    power_w = asked_w(plant)
    for title, kind, event, names in faults(plant, power_w):
        minutes, others = named(plant, kind, event, names)
        told = f"{others} other causes named" if others else "no other cause named"
        yield Evidence.at_most(
            f"{title}: named after", "an event that the rig plays on the pilot", minutes,
            WITHIN_S / 60.0, "min", told, "not named while it was looked for",
        )  # fmt: skip
    yield healthy_week(plant)


def asked_w(plant: Plant) -> Floats:
    """Return what the jobs ask in the minutes after a fault, shape (instants, GPUs)."""
    jobs = Jobs(plant, JOB_S)
    return np.array([jobs(START_S + AT_S + s) for s in np.arange(0.0, WITHIN_S, 20.0)])


def faults(plant: Plant, power_w: Floats) -> Iterator[tuple[str, str, Event, set[str]]]:
    """Yield title, expected kind of cause, event, and the names that may be told.

    Each hits where it can be seen: a GPU at work, one whose load changes, two of one tray
    whose loads differ.
    """
    kinds, names = find_events(), plant.gpu_names
    node, nodes = plant.arrays.gpus.node, plant.arrays.nodes
    wet = nodes.liquid_circuit[node] >= 0
    least_w, mean_w = power_w.min(axis=0), power_w.mean(axis=0)
    busy = names[int(np.argmax(np.where(wet, least_w, 0.0)))]
    moved = names[int(np.argmax(np.ptp(power_w[: len(power_w) // 2], axis=0)))]
    first = nodes.first_gpu[(nodes.gpu_count > 0) & (nodes.liquid_circuit >= 0)]
    last = first + nodes.gpu_count[node[first]] - 1
    pair = int(np.argmax(np.abs(mean_w[first] - mean_w[last])))
    one, other = names[first[pair]], names[last[pair]]
    server = int(np.argmax(np.where(wet, 0.0, least_w)))

    def event(kind: str, target: str, **more: Any) -> Event:
        made: Event = kinds[kind](kind=kind, target=target, at_s=AT_S, **more)
        return made

    yield (
        "clogged plate, +30 % resistance", "plate",
        event("clogged_plate", busy, factor=1.3), {busy},
    )  # fmt: skip
    yield "sensor stuck", "stuck", event("sensor_stuck", moved, signal=SIGNAL), {moved}
    yield (
        "two GPUs swapped", "swapped",
        event("sensor_swap", one, other=other, signal=SIGNAL), {one, other},
    )  # fmt: skip
    yield (
        "sensor biased by 6 K", "sensor",
        event("sensor_bias", names[server], signal=SIGNAL, offset=6.0), {names[server]},
    )  # fmt: skip
    name = plant.node_names[node[server]]
    yield "half a server's fans fail", "airflow", event("fan_failure", name, share=0.5), {name}


def named(plant: Plant, kind: str, event: Event, names: set[str]) -> tuple[float, int]:
    """Return after how many minutes a fault was named, and how many other causes were."""
    first_s, others = np.nan, set()
    for shot in learning_loop(plant, AT_S + WITHIN_S, STEP_S, JOB_S, [event]):
        for cause in shot.causes:
            after_s = shot.frame.time_s - START_S - AT_S
            if cause.kind == kind and cause.where in names and after_s > 0.0:
                first_s = np.fmin(first_s, after_s)
            else:
                others.add((cause.kind, cause.where))
    return float(first_s) / 60.0, len(others)


def healthy_week(plant: Plant) -> Evidence:
    """Return the row of false alarms in a simulated week of changing jobs."""
    alarms = 0
    now: set[tuple[str, str]] = set()
    with held_over(WEEK_HELD_S):
        for shot in learning_loop(plant, 7.0 * DAY_S, WEEK_STEP_S, WEEK_JOB_S):
            before, now = now, {(cause.kind, cause.where) for cause in shot.causes}
            alarms += len(now - before)
    return Evidence.at_most(
        f"healthy pilot, a week in steps of {WEEK_STEP_S:g} s: false alarms",
        f"832 GPUs under changing jobs; heats between blocks held over {WEEK_HELD_S:g} s",
        float(alarms), 1.0, "",
    )  # fmt: skip


@contextmanager
def held_over(seconds: float) -> Iterator[None]:
    """Let the step hold the heats between its blocks for longer, in rig and twin alike."""
    usual_s = twin.step.COUPLING_S
    twin.step.COUPLING_S = seconds
    try:
        yield
    finally:
        twin.step.COUPLING_S = usual_s
