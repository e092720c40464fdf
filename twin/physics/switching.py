"""Which source feeds what: transfer switches, and A/B feeds when one is lost."""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from twin.physics.law import borrowing, compiled

HOLD_UP_S = 0.020
"""That a power supply bridges at full load. Source: ENGINEERING section 4, ORv3 PSU."""


class TransferSwitch(NamedTuple):
    """What a transfer switch is. Defaults: an open-transition ATS in front of a generator."""

    delay_s: float = 1.0
    """That a source must be gone before the other is taken. Estimate."""
    return_delay_s: float = 1800.0
    """That the preferred source must have been back before it is taken again. Estimate."""
    dead_s: float = 0.1
    """Between the two: contacts open. A UPS in eco mode has 2 ms (ENGINEERING section 4)."""


class Transfer(NamedTuple):
    """What a transfer switch remembers from step to step."""

    alternate: bool = False
    """It stands on the alternate source."""
    waited_s: float = 0.0
    dead_left_s: float = 0.0


@compiled
def advance_transfer(
    memory: Transfer,
    preferred_live: bool,
    alternate_live: bool,
    switch: TransferSwitch,
    dt_s: float,
) -> tuple[Transfer, float]:
    """Return the memory after a step with held sources, and how long the load was dark [s].

    Waits, opens, and closes on the other source; comes back once the preferred one has been
    live long enough, at once if the alternate is lost. Several of these may lie in one step.
    A load rides through what is shorter than its hold-up or its battery. Checked: two half
    steps equal one in ``tests/twin/physics/test_switching.py``.
    """
    alternate, waited_s, dead_left_s = memory.alternate, memory.waited_s, memory.dead_left_s
    left_s, dark_s = dt_s, 0.0
    while left_s > 0.0:
        if dead_left_s > 0.0:
            spent_s = min(dead_left_s, left_s)
            dead_left_s -= spent_s
            dark_s += spent_s
            left_s -= spent_s
            continue
        live = alternate_live if alternate else preferred_live
        other_live = preferred_live if alternate else alternate_live
        if not (other_live and (alternate or not live)):
            waited_s = 0.0
            dark_s += 0.0 if live else left_s
            break
        due_s = max((switch.return_delay_s if live else switch.delay_s) - waited_s, 0.0)
        spent_s = min(due_s, left_s)
        dark_s += 0.0 if live else spent_s
        waited_s += spent_s
        if due_s <= left_s:
            alternate, waited_s, dead_left_s = not alternate, 0.0, switch.dead_s
        left_s -= spent_s
    return Transfer(alternate, waited_s, dead_left_s), dark_s


@compiled
def shares_now(consumer: Ints, share: Floats, live: Flags) -> Floats:
    """Return the part of its consumer's power that each connection carries. 0..1

    Parameters
    ----------
    consumer
        Index of each connection's consumer. Shape (connections,)
    share
        Its part while all connections live; they sum to 1 over a consumer.
    live
        It and everything in front of it is in service.

    Notes
    -----
    What dead connections carried goes to the consumer's living ones in proportion to their
    own shares, equally if those are all 0 (a cold standby). A consumer without a living
    connection gets nothing. Checked: shares of a fed consumer sum to 1, for any connections.
    """
    count = consumer.max() + 1 if consumer.size else 0
    now = np.zeros(consumer.size)
    share_out(consumer, share, live, np.zeros(count), np.zeros(count), now)
    return now


@borrowing
def share_out(
    consumer: Ints, share: Floats, live: Flags, living: Floats, alive: Floats, now: Floats
) -> None:
    """Set `now`, shape (connections,), to what `shares_now` returns.

    `living` and `alive`, shape (consumers,), are overwritten: shares and number of the living.
    """
    for c in range(living.size):
        living[c], alive[c] = 0.0, 0.0
    for i in range(consumer.size):
        now[i] = 0.0
        if live[i]:
            living[consumer[i]] += share[i]
            alive[consumer[i]] += 1.0
    for i in range(consumer.size):
        c = consumer[i]
        if live[i]:
            now[i] = share[i] / living[c] if living[c] > 0.0 else 1.0 / alive[c]


@compiled
def worst_load_w(
    parent: Ints, consumer: Ints, feed: Ints, share: Floats, power_w: Floats
) -> Floats:
    """Return the most that each feed's own connections carry if any one feed is lost [W].

    Loss of a feed takes everything behind it. `parent` of each feed, a parent before its
    children, -1: none; `consumer`, `feed`, `share` of each connection; `power_w` of each
    consumer. Shape of the answer: (feeds,). The load with nothing lost counts as well, so
    2N holds where this stays within every rating.
    """
    feeds = parent.size
    worst_w = np.zeros(feeds)
    dead = np.zeros(feeds, dtype=np.bool_)
    for lost in range(-1, feeds):
        for f in range(feeds):
            dead[f] = f == lost or (parent[f] >= 0 and dead[parent[f]])
        now = shares_now(consumer, share, ~dead[feed])
        load_w = np.zeros(feeds)
        for i in range(feed.size):
            load_w[feed[i]] += now[i] * power_w[consumer[i]]
        worst_w = np.maximum(worst_w, load_w)
    return worst_w
