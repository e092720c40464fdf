"""How the experiment was done, in words."""

from collections.abc import Sequence

from controllers.experiment import listed
from controllers.experiments.demand_response.case import Case, Tried

FIXED = (
    "Site: one unit of superpod-h100 with a quarter of its plant on its design day, 34 °C dry"
    " and 20 °C wet bulb all the time: 256 H100 in 32 servers, a network rack, chillers running.",
    "Jobs by GPUs: pre-training 50 % (a quarter of it mixture of experts), fine-tuning 25 %,"
    " prefill 12.5 %, decode 12.5 %, from the catalog; always work to do. The seed draws places,"
    " tiers and starts, and with the starts the times of checkpoints.",
    "Power is what passes the utility meters, cooling and losses included, as means of each step"
    " of 5 s, judged on means of 15 s. The baseline is the mean of the ten minutes before the"
    " message. Cooling is pumps, chillers, towers and room fans; server fans are IT.",
    "A job's loss is what it misses by half an hour after the event, ways down and back included,"
    " over what it makes in the event when nothing is asked.",
    "Inference, which somebody waits for, has the strictest tiers; the other jobs' are drawn."
    " Drawn for all work alike the ceiling is lower: printed beside each case as ceiling_any_draw,"
    " and for equal tiers played as well.",
    "The ceiling: every job at the lowest clock that keeps its tier, at rest, from the profiles"
    " themselves. Jobs are slowed by locked clocks; none is paused.",
    "Uniform capping lowers the same power cap on all GPUs until the meters show the target, as"
    " quickly and as slowly as our policy corrects itself. The device model takes all power above"
    " idle for switching power under a cap, which flatters caps against clocks.",
    "The policy sees the twin's own belief of site power, here without error; memory and links"
    " draw in proportion to the pace of the work, by the equation of board power.",
    "Figures ending in _95 are half the width of the 95 % interval of the mean over the seeds, by"
    " Student's t; _min and _max are the worst seed, which is the one that findings count.",
)
"""A line each."""

HELD = 0.995
"""Share of 15 s means at or below a target from which it counts as held."""


def notes(
    settled: Sequence[int],
    seeds: Sequence[int],
    met: Sequence[tuple[Case, Sequence[Tried]]],
    short: Sequence[tuple[Case, Sequence[Tried]]],
) -> tuple[str, ...]:
    """Return how it was done, a line each."""
    return (
        *FIXED,
        _chosen(settled, seeds),
        *(_room(case, tried) for case, tried in met),
        *(_given(case, tried) for case, tried in short),
    )


def _chosen(settled: Sequence[int], seeds: Sequence[int]) -> str:
    return (
        "The policy's times and margins, which jobs get the strict tiers, and how checkpoints are"
        f" answered were settled on seeds {listed(settled)}; scored are seeds {listed(seeds)},"
        " on which nothing was chosen."
    )


def _room(case: Case, tried: Sequence[Tried]) -> str:
    """Return what was asked, what the tiers allow, and what was given."""
    least, most = min(one.most for one in tried), max(one.most for one in tried)
    given = sum(one.verdict.cut for one in tried) / len(tried)
    seeds = "1 seed" if len(tried) == 1 else f"{len(tried)} seeds"
    return (
        f"{case.name}, {seeds}: {_whole(case.event.cut)} asked, the tiers allow"
        f" {_tenths(least)} to {_tenths(most)}, {_tenths(given)} given."
    )


def _given(case: Case, tried: Sequence[Tried]) -> str:
    """Return what the seeds' tiers allow, what was given, and what the policy says of it."""
    each = ", ".join(
        f"{_tenths(one.most)} allowed and {_tenths(one.verdict.cut)} given" for one in tried
    )
    worst = min(tried, key=lambda one: one.most)
    held = sum(one.verdict.met >= HELD for one in tried)
    return (
        f"{case.name}, target -{_whole(case.event.cut)}, seed by seed: {each}; held on {held} of"
        f" {len(tried)}, for the ceiling has no reserve for margins and the ways down and back."
        f" With the least room the policy says: {worst.verdict.reason}."
    )


def _whole(share: float) -> str:
    return f"{100.0 * share:g} %"


def _tenths(share: float) -> str:
    return f"{100.0 * share:.1f} %"
