"""Workload profiles against wall-power traces of MLPerf, and one slow GPU on the rig.

Traces: distinct files, loaded window only (`benchmarks/wall_traces.py`). Training runs are
foretold by a profile fitted to the other runs of the same benchmark. Of inference there is one
run per system, benchmark and scenario: those figures are fits and say so.
"""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from benchmarks.evidence import Evidence
from benchmarks.fit_wall_profiles import file_name
from benchmarks.shared import shared
from benchmarks.slow_gpu import slow_gpu_rows
from benchmarks.wall_traces import (
    INFERENCE,
    TRAINING,
    Server,
    Trace,
    errors,
    fitted,
    h200,
    immersed_h100,
    inference_runs,
    pcie,
    profile_of,
    training_runs,
)
from twin.workload import workload

MEAN_LIMIT, P95_LIMIT = 8.0, 10.0
"""Percent."""
TRAINED = "MLPerf Training v4.0, SMC: wall power of an immersed 8x H100 server"
SERVED = "MLPerf Inference v3.0 and v4.1: wall power of three 8-GPU servers"
EXACT_FROM_99 = ("bert-99 ", "dlrm-v2-99 ")


def rows() -> Iterator[Evidence]:
    """Yield training left one out, inference fitted, 99 to 99.9, transfer, one slow GPU."""
    yield from slow_gpu_rows()
    if not (shared() / TRAINING).is_dir():
        yield Evidence.skipped("Wall power of training and inference", TRAINED, "no shared data")
        return
    yield from training()
    runs = {system: inference_runs(system) for system in INFERENCE}
    yield from inference(runs)
    yield from from_99(runs)
    yield from transfer(runs)


def training() -> Iterator[Evidence]:
    """Yield mean and 95th percentile of each benchmark's worst run, left out of its fit."""
    groups: dict[str, list[Trace]] = defaultdict(list)
    for trace in training_runs():
        groups[trace.benchmark].append(trace)
    server = immersed_h100()
    for benchmark, traces in groups.items():
        ours = []
        for trace in traces:
            others = [other for other in traces if other is not trace]
            ours.append(errors(trace, profile_of(fitted(others, server)), server))
        alone = _sessions_left_out(traces, server)
        plain = workload("finetuning" if "lora" in benchmark else "pretraining")
        catalog = [errors(trace, plain, server) for trace in traces]
        yield from _pair(
            f"Training {benchmark}, worst of {len(traces)} runs, each left out", TRAINED,
            ours, f"{alone}catalog's {plain.label}, not fitted", catalog,
        )  # fmt: skip


def _sessions_left_out(traces: list[Trace], server: Server) -> str:
    """Say how far off the worst mean is with all runs of its session left out, if there are two."""
    off = []
    for trace in traces:
        others = [other for other in traces if other.session != trace.session]
        if others:
            off.append(abs(errors(trace, profile_of(fitted(others, server)), server)[0]))
    return f"its whole session left out, mean: {100 * max(off):.1f} %; " if off else ""


def inference(runs: dict[str, list[Trace]]) -> Iterator[Evidence]:
    """Yield how well three phases can describe a run at all: fitted to the run they are held to."""
    for system, traces in runs.items():
        ours = []
        for trace in traces:
            server = _server(system, traces)
            if system == "H200 SXM":
                profile = workload(file_name(trace.benchmark))
            else:
                profile = profile_of(fitted([trace], server))
            ours.append(errors(trace, profile, server))
        name = f"Inference on 8x {system}, worst of {len(traces)} runs, fitted to the run itself"
        yield from _pair(name, SERVED, ours)


def from_99(runs: dict[str, list[Trace]]) -> Iterator[Evidence]:
    """Yield the runs at 99.9 % accuracy foretold by profiles fitted to those at 99 %."""
    for start in EXACT_FROM_99:
        ours, words = [], []
        for system, traces in runs.items():
            server, known = _server(system, traces), {trace.benchmark: trace for trace in traces}
            for benchmark, trace in known.items():
                target = known.get(benchmark.replace("-99 ", "-99.9 "))
                if benchmark.startswith(start) and target is not None:
                    off = errors(target, profile_of(fitted([trace], server)), server)
                    ours.append(off)
                    words.append(f"{system} {benchmark.split()[1]} {100 * off[0]:+.1f}")
        name = f"{start.strip()} foretells 99.9, worst of {len(ours)} pairs with other files"
        yield from _pair(name, SERVED, ours, "mean by pair, %: " + ", ".join(words))


def transfer(runs: dict[str, list[Trace]]) -> Iterator[Evidence]:
    """Yield H200 profiles on the servers of other GPUs; no bar was set."""
    known = {trace.benchmark: trace for trace in runs["H200 SXM"]}
    for system, traces in runs.items():
        if system == "H200 SXM":
            continue
        server, off = _server(system, traces), []
        for trace in traces:
            if trace.benchmark in known:
                profile = profile_of(fitted([known[trace.benchmark]], h200()))
                off.append(errors(trace, profile, server)[0])
        yield Evidence(
            f"H200's profiles on 8x {system}, mean power, median of {len(off)} runs", SERVED,
            100.0 * float(np.median(np.abs(off))), "%", "printed, no bar", "pass",
            f"worst {100 * max(off, key=abs):+.0f} %; the server is a line from its measured floor",
        )  # fmt: skip


def _server(system: str, traces: list[Trace]) -> Server:
    if system == "H200 SXM":
        return h200()
    return pcie(system, min(trace.floor_w for trace in traces))


def _pair(
    name: str,
    reference: str,
    ours: list[tuple[float, float]],
    said: str = "",
    other: list[tuple[float, float]] | None = None,
) -> Iterator[Evidence]:
    """Yield the worst error of mean and of 95th percentile."""
    for k, (word, limit) in enumerate((("mean", MEAN_LIMIT), ("95th percentile", P95_LIMIT))):
        baseline = said
        if other is not None:
            baseline = f"{said}: {100 * max(abs(off[k]) for off in other):.1f} %"
        worst = 100.0 * max(abs(off[k]) for off in ours)
        yield Evidence.at_most(f"{name}: {word}", reference, worst, limit, "%", baseline)
