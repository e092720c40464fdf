"""How fast the pilot runs, and that its memory does not grow."""

import resource
from collections.abc import Iterator

from benchmarks.row import Row, best_s
from benchmarks.triad import triad_bytes_per_s
from controllers.wish import Wish
from controllers.worlds import open_world
from site_models.compile import compile_site
from twin.start import first_state, rated_inputs
from twin.step import step

STEPS = 1000
GROWTH_STEPS = 20_000


def rows(only: str = "") -> Iterator[Row]:
    """Measure the step alone, the whole loop, and memory over simulated time."""
    yield from _steps(only)
    yield from _loop(only)
    yield from _growth(only)


def _steps(only: str) -> Iterator[Row]:
    if only not in ("", "pilot_step", "triad"):
        return
    plant = compile_site("pilot")
    inputs = rated_inputs(plant, 35.0, 24.0)
    state = step(plant, first_state(plant, inputs, 0.0), inputs, 1.0)

    def run() -> None:
        now = state
        for _ in range(STEPS):
            now = step(plant, now, inputs, 1.0)

    each_s = best_s(run) / STEPS
    yield Row.at_least("pilot_step", 1.0 / each_s, "x real time", 2000.0)
    yield Row.yardstick("triad", triad_bytes_per_s() / 1e9, "GB/s")


def _loop(only: str) -> Iterator[Row]:
    if only not in ("", "pilot_loop"):
        return
    world = open_world(Wish("pilot", policies=("thermal_guard", "power_budget"), loop=True))
    shots = world.snapshots()
    next(shots)
    each_s = best_s(lambda: [next(shots) for _ in range(300)]) / 300
    yield Row.at_least("pilot_loop", 1.0 / each_s, "x real time", 300.0)


def _growth(only: str) -> Iterator[Row]:
    if only not in ("", "pilot_memory_growth"):
        return
    world = open_world(Wish("pilot", loop=True))
    shots = world.snapshots()
    for _ in range(2000):
        next(shots)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(GROWTH_STEPS):
        next(shots)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024.0
    per_hour = grown / (GROWTH_STEPS / 3600.0)
    yield Row.at_most("pilot_memory_growth", per_hour, "bytes per simulated hour", 1e6)
