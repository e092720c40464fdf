"""Several policies at once: whose wish counts.

Written priority, the first that speaks wins:

1. the limits of devices and plant, and the rates (`controllers.actuators.admit`);
2. policies that say `safety = True` of themselves, in the order of the stack;
3. the other policies, in the order of the stack;
4. what device and site were built with.

For caps and clocks the priority is that of physics: the lowest wins, whoever asks for it, so
that no policy can lift what another holds down. A job stands, and a rack is shut down, as soon
as one policy wants it to.
Setpoints and flows of the facility go by the list, each exchanger and circuit by itself, and
so do moves, each job and each GPU that one would go to.
"""

from collections.abc import Callable, Collection, Sequence

import numpy as np

from controllers.policy import Decision, Facility
from controllers.supervision.moves import first_of
from site_models.arrays import Flags, Floats, Ints

Asked = Sequence[tuple[str, Decision]]
"""Name and decision of each policy, in the order of the stack."""

NOBODY = -1


def is_safety(policy: object) -> bool:
    """Say whether a policy guards people or hardware: it then says `safety = True`."""
    return bool(getattr(policy, "safety", False))


def combined(asked: Asked, default_cap_w: Floats, safety: Collection[str] = ()) -> Decision:
    """Return what the stack asks for: the default where no policy asks for anything.

    `safety` are the names of the safety policies. The reason names each policy that holds
    something, with what; on a tie the earlier policy of the stack is named.
    """
    cap_w, caps_of = _lowest(asked, default_cap_w, lambda decision: decision.gpu_cap_w)
    free = np.ones(len(default_cap_w))
    clock, clocks_of = _lowest(asked, free, lambda decision: decision.gpu_clock_share)
    by_rank = sorted(range(len(asked)), key=lambda i: (asked[i][0] not in safety, i))
    facility, settings_of = _facility(asked, by_rank)
    parts = []
    for i, (name, decision) in enumerate(asked):
        counts = {
            "GPUs": np.count_nonzero(caps_of == i),
            "clocks": np.count_nonzero(clocks_of == i),
            "setpoints": np.count_nonzero(settings_of[0] == i),
            "flows": np.count_nonzero(settings_of[1] == i),
            "jobs paused": len(decision.paused),
            "racks off": len(decision.racks_off),
            "jobs moved": len(decision.moves),
        }
        held = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        if held:
            parts.append(f"{name} ({held}): {decision.reason}")
    reason = "; ".join(parts) or ("device defaults" if asked else "no policy")
    paused = frozenset[str]().union(*(decision.paused for _, decision in asked))
    racks_off = frozenset[str]().union(*(decision.racks_off for _, decision in asked))
    moves = first_of(asked[i][1].moves for i in by_rank)
    return Decision(cap_w, reason, clock, facility, paused, racks_off, moves)


def _lowest(
    asked: Asked, default: Floats, part: Callable[[Decision], Floats | None]
) -> tuple[Floats, Ints]:
    """Return the lowest of a setting over all policies, and whose it is."""
    lowest, owner = default.copy(), np.full(len(default), NOBODY)
    for i, (_, decision) in enumerate(asked):
        values = part(decision)
        if values is not None:
            lower = values < lowest
            lowest = np.where(lower, values, lowest)
            owner[lower] = i
    return lowest, owner


def _facility(asked: Asked, by_rank: Sequence[int]) -> tuple[Facility | None, tuple[Ints, Ints]]:
    """Return the first wish by rank of each exchanger and circuit, and whose they are."""
    wishes = [(i, asked[i][1].facility) for i in by_rank]
    spoken = [(i, wish) for i, wish in wishes if wish is not None]
    if not spoken:
        none = np.zeros(0, dtype=np.int64)
        return None, (none, none)
    found = [np.full(part.shape, np.nan) for part in spoken[0][1]]
    owners = [np.full(part.shape, NOBODY) for part in spoken[0][1]]
    for i, wish in spoken:
        for part, owner, values in zip(found, owners, wish, strict=True):
            first: Flags = np.isnan(part) & ~np.isnan(values)
            part[first] = values[first]
            owner[first] = i
    return Facility(found[0], found[1]), (owners[0], owners[1])
