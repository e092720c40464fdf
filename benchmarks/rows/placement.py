"""How long an advice takes: on the pilot, on the busy campus, and over HTTP."""

import time
from collections.abc import Iterator

import numpy as np

from benchmarks.busy_campus import Campus, busy_campus
from benchmarks.placement_http import campus_server, latencies_s
from benchmarks.row import Row, best_s
from controllers.jobs.allocations import Allocations
from controllers.placement.models import Request, read_request
from controllers.placement.rank import rank
from site_models.arrays import Floats
from site_models.compile import compile_site
from twin.start import idle_inputs
from twin.steady import steady

SIZES = (8, 72, 1024)
CALLS = 200
A_TICK = 50
"""Calls between two states of the twin: some have to take in the new one."""


def rows(only: str = "") -> Iterator[Row]:
    """Measure sixteen GPUs on an idle pilot, then a campus of 2,000 jobs, alone and served."""
    if only in ("", "pilot_advice"):
        yield _pilot()
    if not only or only.startswith("campus_advice"):
        campus = busy_campus()
        for gpus in SIZES:
            took_s, cpu_s = _calls_s(campus, gpus)
            for name, limit in (("p50", 3.0), ("p99", 10.0)):
                value, busy = np.percentile([took_s, cpu_s], float(name[1:]), axis=1) * 1e3
                yield Row.at_most(f"campus_advice_{gpus}_{name}", float(value), "ms", limit)
                yield Row.yardstick(f"campus_advice_{gpus}_{name}_cpu", float(busy), "ms")
    if not only or only.startswith("campus_http"):
        yield from _served()


def _served() -> Iterator[Row]:
    """Measure advice over HTTP beside the loop: asked alike in turn, and each unlike the others."""
    with campus_server() as server:
        latencies_s(server.port)  # the first ones find cold caches
        for name, unlike in (("campus_http", False), ("campus_http_unlike", True)):
            began_s = server.busy_s()
            took_s = np.array(latencies_s(server.port, unlike))
            each_s = (server.busy_s() - began_s) / len(took_s)
            p50_s, p99_s = np.percentile(took_s, [50, 99]).tolist()
            yield Row.yardstick(f"{name}_p50", p50_s * 1e3, "ms")
            if unlike:
                yield Row.yardstick(f"{name}_p99", p99_s * 1e3, "ms")
            else:
                yield Row.at_most(f"{name}_p99", p99_s * 1e3, "ms", 20.0)
            yield Row.yardstick(f"{name}_cpu", each_s * 1e3, "ms")


def _pilot() -> Row:
    plant = compile_site("pilot")
    inputs = idle_inputs(plant, 30.0, 22.0)
    state = steady(plant, inputs)
    request = read_request({"job": "j", "gpus": 16, "duration_s": 3600.0, "limit": 5})
    allocations = Allocations(plant)
    duration_s = best_s(lambda: rank(plant, state, inputs, allocations, request, 0.0), 20)
    return Row.at_most("pilot_advice", duration_s * 1e3, "ms", 10.0)


def _calls_s(campus: Campus, gpus: int) -> tuple[Floats, Floats]:
    """Return how long calls that ask for so many GPUs take, new states in between [s].

    By the clock, and of one core's time: what a machine busy with other work does not change
    as much.
    """
    plant, state, inputs, table = campus
    request = _request(gpus)
    took_s, cpu_s = [], []
    for call in range(CALLS + 1):
        if call % A_TICK == 1:
            state = state._replace(time_s=state.time_s + 1.0)
        began_s, begun_cpu_s = time.perf_counter(), time.process_time()
        answer = rank(plant, state, inputs, table, request, state.time_s)
        took_s.append(time.perf_counter() - began_s)
        cpu_s.append(time.process_time() - begun_cpu_s)
        if not answer.advice:
            raise RuntimeError(f"no place for {gpus} GPUs: {answer.rejected}")
    return np.array(took_s[1:]), np.array(cpu_s[1:])


def _request(gpus: int) -> Request:
    collective = {"op": "all_reduce", "bytes": 1e9, "per_step_s": 0.5}
    asked = {"job": "j", "gpus": gpus, "duration_s": 3600.0, "collective": collective}
    return read_request(asked)
