"""Whether placement advice comes true: what it says of a place, and what the rig then does there.

The rig is the same twin played forwards, so this holds the advice against the model, not the
model against a machine: it shows that the fast answer is the slow one's.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.evidence import Evidence
from benchmarks.placed_jobs import DT_S, RUNS_S, Placed, Round, placed_rounds

PLACEMENTS = 200
HERE = (
    f"our own rig on pilot, {PLACEMENTS} random placements one after another over three disjoint"
    f" cooling loops, then {RUNS_S:.0f} s all together, at {DT_S:.0f} s a step, 2 to 9 other jobs"
    " running, half of them here and there with most uplinks down"
)
SAME = 0.01
"""Jobs whose exchange changes by less than this share once others have come."""


def rows() -> Iterator[Evidence]:
    """Yield heat, throttling, collective time, what neighbours lose, power and energy."""
    rounds = list(placed_rounds(PLACEMENTS))
    seen = [one for found in rounds for one in found.placed]
    yield from _heat(seen)
    yield from _exchange([one for one in seen if one.took_s > 0.0 and np.isfinite(one.told_s)])
    yield from _meters(rounds)


def _heat(seen: list[Placed]) -> Iterator[Evidence]:
    """Yield GPU temperature, throttling and return temperature."""
    off_k = np.array([one.told_c - one.peak_c for one in seen])
    held_k = np.abs(np.array([one.now_c - one.peak_c for one in seen]))
    kept = np.array([one.took_s == 0.0 or abs(one.later_s / one.took_s - 1) < SAME for one in seen])
    yield Evidence.at_most(
        "placement: predicted peak GPU temperature, 95th percentile of the error",
        HERE,
        float(np.percentile(np.abs(off_k), 95)),
        1.5,
        "K",
        baseline=(
            f"as before the job {np.percentile(held_k, 95):.1f} K; ours in the middle"
            f" {np.percentile(np.abs(off_k), 50):.2f} K, at worst {-off_k.min():.1f} K too cool and"
            f" {max(off_k.max(), 0.0):.1f} K too warm, {np.abs(off_k[kept]).max(initial=0.0):.1f} K"
            f" of the {np.count_nonzero(kept)} jobs whose exchange no later job changes"
        ),
    )
    throttle = np.array([one.throttle for one in seen])
    told = np.array([one.told_throttle for one in seen])
    yield Evidence.at_most(
        "placement: predicted throttle share, largest error",
        HERE,
        float(np.abs(told - throttle).max(initial=0.0)) * 100.0,
        1.0,
        "points",
        baseline=f"the rig throttled at most {throttle.max(initial=0.0) * 100.0:.1f} %",
    )
    wet = [one for one in seen if np.isfinite(one.told_return_c)]
    back_k = np.abs(np.array([one.told_return_c - one.return_c for one in wet]))
    yield Evidence.at_most(
        "placement: predicted return temperature of the warmest rack, 95th percentile of the error",
        HERE,
        float(np.percentile(back_k, 95)),
        1.0,
        "K",
        baseline=(
            f"{len(wet)} jobs in liquid; in the middle {np.percentile(back_k, 50):.3f} K,"
            f" at worst {back_k.max():.1f} K"
        ),
    )


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


def _meters(rounds: list[Round]) -> Iterator[Evidence]:
    """Yield what the jobs of a round add at the utility meters, all together."""
    where = f"{HERE}; against the same {RUNS_S:.0f} s without the jobs of the round"
    power = [found.told_w / found.rose_w - 1.0 for found in rounds]
    energy = [found.told_j / found.used_j - 1.0 for found in rounds]
    told = (("facility power at the end", power), ("energy of the site over the run", energy))
    for what, found in told:
        off = np.abs(np.array(found)) * 100.0
        yield Evidence.at_most(
            f"placement: predicted rise of {what}, 95th percentile of the error",
            where,
            float(np.percentile(off, 95)),
            15.0,
            "%",
            baseline=(
                f"{len(found)} rounds of up to three jobs; in the middle"
                f" {np.percentile(off, 50):.1f} %, at worst {off.max():.1f} %"
            ),
        )
