"""Packing on the production trace openb against the published record.

The measure's form and its constants were chosen on seeds 1 to 6; scored are 42 to 51. The mix
is the trace's distribution of tasks, as published; no policy sees their order.
"""

import time
from collections.abc import Iterator

import numpy as np

from benchmarks.evidence import Evidence
from benchmarks.openb_others import Others, packing_alone, with_heat_and_power
from benchmarks.openb_policies import typical
from benchmarks.openb_replay import (
    BEST_FIT,
    DESCENT,
    GPU_PACKING,
    OURS,
    RANDOM,
    replayed,
)
from benchmarks.openb_trace import FOLDER, Trace, arrivals, published, read_trace
from controllers.placement.mix import Mix, mix_of
from controllers.placement.score import Weights
from site_models.arrays import Floats

SEEDS = tuple(range(42, 52))
AT = (95, 100, 130)
"""Percent arrived."""
RECORD = 95.4
NOT_BELOW = 0.1
"""Points below the published curve."""
WITHIN = 1.0
"""Points that heat and power may cost."""
SOURCE = "openb default trace, published curves (USENIX ATC 2023), mean of seeds 42..51"
SIMPLE = {"Random": RANDOM, "GpuPacking": GPU_PACKING, "BestFit": BEST_FIT}


def rows() -> Iterator[Evidence]:
    """Yield the rows of this subject."""
    if not FOLDER.is_dir():
        yield Evidence.skipped("Allocated GPU share on openb", SOURCE, "no shared data")
        return
    trace = read_trace()
    mix = mix_of(trace.tasks, trace.counted)
    alone = packing_alone(trace.cluster)
    ours, slowest_s = _runs(trace, mix, OURS, alone)
    descent, _ = _runs(trace, typical(mix), DESCENT, alone)
    curve = published("FGD")
    others = "; ".join(_beside(trace, mix, name, policy) for name, policy in SIMPLE.items())
    for i, percent in enumerate(AT):
        low = RECORD if percent == AT[-1] else curve.mean[percent] - NOT_BELOW
        yield Evidence.within(
            f"Allocated GPU share at {percent} % arrived load (spread {ours[:, i].std():.2f})",
            SOURCE, float(ours[:, i].mean()), round(low, 3), 100.0, "%",
            f"FGD published {curve.mean[percent]:.2f} +- {curve.spread[percent]:.2f},"
            f" replayed here {descent[:, i].mean():.2f}"
            + (f"; {others}" if percent == AT[-1] else ""),
        )  # fmt: skip
    yield Evidence.at_most(
        "One run of 10,900 tasks on 1,213 nodes, slowest of ten, time of one core",
        "the clock", slowest_s, 10.0, "s",
    )  # fmt: skip
    yield Evidence.at_most(
        "The published policy replayed here, from its curve at 95, 100 and 130 %",
        SOURCE,
        max(abs(float(descent[:, i].mean()) - curve.mean[at]) for i, at in enumerate(AT)),
        0.15, "points", "our check that the protocol is the published one",
    )  # fmt: skip
    yield _combined(trace, mix, float(ours[:, -1].mean()), curve.mean[AT[-1]])


def _combined(trace: Trace, mix: Mix, alone: float, record: float) -> Evidence:
    """Return packing as one part of the score beside heat and power."""
    weights = Weights()
    both, _ = _runs(trace, mix, OURS, with_heat_and_power(trace.cluster, weights, weights.packing))
    none, _ = _runs(trace, mix, BEST_FIT, with_heat_and_power(trace.cluster, weights, 0.0))
    return Evidence.within(
        "The same at 130 % with made-up heat and power beside packing, weights of the advice",
        f"{SOURCE}: record {record:.2f}",
        float(both[:, -1].mean()), round(record - WITHIN, 3), 100.0, "%",
        f"packing alone {alone:.2f}; heat and power without packing {none[:, -1].mean():.2f}",
    )  # fmt: skip


def _beside(trace: Trace, mix: Mix, name: str, policy: int) -> str:
    ours, _ = _runs(trace, mix, policy, packing_alone(trace.cluster))
    return f"{name} {published(name).mean[AT[-1]]:.2f} ({ours[:, -1].mean():.2f})"


def _runs(trace: Trace, mix: Mix, policy: int, others: Others) -> tuple[Floats, float]:
    """Return percent allocated at `AT` for every seed, and the slowest run's core time [s]."""
    found, took_s = [], []
    replayed(trace.cluster, mix, arrivals(trace, 0)[:20], policy, others)
    for seed in SEEDS:
        kinds = arrivals(trace, seed)
        began_s = time.process_time()
        arrived, allocated = replayed(trace.cluster, mix, kinds, policy, others, seed)
        took_s.append(time.process_time() - began_s)
        found.append([share_at(arrived, allocated, percent) for percent in AT])
    return np.array(found), max(took_s)


def share_at(arrived: Floats, allocated: Floats, percent: int) -> float:
    """Return percent allocated, as the published curve means it: over what rounds there."""
    return float(100.0 * allocated[np.round(100.0 * arrived) == percent].mean())
