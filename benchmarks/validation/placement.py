"""Whether placement advice comes true: what it says of a place, and what the rig then does there.

The rig is the same twin played forwards, so this holds the advice against the model, not the
model against a machine: it shows that the fast answer is the slow one's.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.evidence import Evidence
from benchmarks.placed_jobs import DT_S, RUNS_S, Placed, placed_jobs

PLACEMENTS = 200
HERE = (
    f"our own rig on pilot, {PLACEMENTS} random placements one after another over three disjoint"
    f" cooling loops, then {RUNS_S:.0f} s all together, at {DT_S:.0f} s a step, 2 to 9 other jobs"
    " running, half of them here and there with most uplinks down"
)


def rows() -> Iterator[Evidence]:
    """Yield peak GPU temperature, collective time, and what neighbours lose."""
    seen = list(placed_jobs(PLACEMENTS))
    off_k = np.array([one.told_c - one.peak_c for one in seen])
    held_k = np.abs(np.array([one.now_c - one.peak_c for one in seen]))
    yield Evidence.at_most(
        "placement: predicted peak GPU temperature, 95th percentile of the error",
        HERE,
        float(np.percentile(np.abs(off_k), 95)),
        1.5,
        "K",
        baseline=(
            f"as before the job {np.percentile(held_k, 95):.1f} K; ours at worst"
            f" {-off_k.min():.1f} K too cool, {off_k.max():.1f} K too warm: what is told of a job"
            " that states its collective is its power without the wait for that"
        ),
    )
    yield from _exchange([one for one in seen if one.took_s > 0.0 and np.isfinite(one.told_s)])


def _exchange(known: list[Placed]) -> Iterator[Evidence]:
    """Yield what a job's step exchanges before another comes, and what that costs others."""
    off = np.array([abs(one.told_s / one.took_s - 1.0) for one in known])
    alone = np.array([abs(one.alone_s / one.took_s - 1.0) for one in known])
    crossed, crowded = sum(one.crossed for one in known), [one for one in known if one.crowded]
    yield Evidence.at_most(
        "placement: predicted collective time, largest error",
        HERE,
        float(off.max(initial=0.0)) * 100.0,
        3.0,
        "%",
        baseline=(
            f"as if alone on the network {alone.max(initial=0.0) * 100.0:.0f} %; {len(known)} jobs"
            f" that exchange, {crossed} across domains, {len(crowded)} of them on a network shared"
            " with others"
        ),
    )
    lost = np.array([one.loss for one in known])
    told = np.array([one.told_loss for one in known])
    slowed = int(np.count_nonzero(lost > 0.01))
    yield Evidence.at_most(
        "placement: predicted slowdown of the neighbour that a job slows most, largest error",
        HERE,
        float(np.abs(told - lost).max(initial=0.0)) * 100.0,
        3.0,
        "points",
        baseline=(
            f"as if nobody noticed {lost.max(initial=0.0) * 100.0:.0f} points; {slowed} jobs slow"
            " one by over 1 %"
        ),
    )
