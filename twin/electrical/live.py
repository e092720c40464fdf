"""Which stages of the power chain give power in a substep, from the utility meters down."""

from site_models.arrays import Floats, Ints
from site_models.plant import Arrays, Feeds
from twin.physics.generators import (
    Generator,
    GeneratorSet,
    advance_generator,
    generator_capacity_w,
)
from twin.physics.law import borrowing
from twin.physics.switching import Transfer, TransferSwitch, advance_transfer
from twin.scratch import Scratch, clear
from twin.state import State

DARK_SHARE = 0.5
"""A stage whose transfer switch is open for this part of a substep is dark in all of it; the
tenth of a second between two contacts is bridged by what turns and by power supplies."""


@borrowing
def set_power(arrays: Arrays, state: State, scratch: Scratch, h_s: float) -> None:
    """Set which stages are live at the substep's start, and what they leave in the dark.

    A stage lives by its parent, or by its generator once that has started and its transfer
    switch has closed on it. A UPS lives on while its battery lasts. Nothing is started by a
    battery: a UPS that has dropped its load waits for its source.
    """
    feeds, firm = arrays.feeds, scratch.firm
    for f in range(feeds.parent.size):
        p = feeds.parent[f]
        fed = feeds.supplied[f] and (p < 0 or state.feed_live[p] > 0.0)
        full = fed and (p < 0 or firm[p] > 0.0)
        if feeds.generator_w[f] > 0.0:
            fed, full = _switched(feeds, state, f, fed, full, h_s)
        if not feeds.in_service[f]:
            state.feed_open[f] = 0.0
        closed = feeds.in_service[f] and state.feed_open[f] == 0.0
        on_battery = False
        if feeds.battery_j[f] > 0.0:
            on_battery = closed and not full and _carries(feeds, state, f, h_s)
            fed = full or on_battery
            full = fed
        state.feed_on_battery[f] = 1.0 if on_battery else 0.0
        state.feed_live[f] = 1.0 if closed and fed and state.feed_open[f] == 0.0 else 0.0
        firm[f] = state.feed_live[f] if full else 0.0
    _set_consumers(arrays, state, scratch.wired)


@borrowing
def _switched(
    feeds: Feeds, state: State, f: int, fed: bool, full: bool, h_s: float
) -> tuple[bool, bool]:
    """Return whether a stage with a generator has a source, and one that takes all its load.

    The set is called as soon as the parent is gone and until it has been back for long
    enough. Until it accepts its rating, block by block, a UPS behind it stays on battery.
    """
    unit = _unit(feeds, f)
    memory = Generator(state.generator_turning_s[f], state.generator_cooling_s[f])
    offered_w = generator_capacity_w(memory, unit)
    called = not fed or state.transfer_alternate[f] > 0.0
    memory = advance_generator(memory, called, unit, h_s)
    state.generator_turning_s[f] = memory.turning_s
    state.generator_cooling_s[f] = memory.cooling_s
    transfer, dark_s = advance_transfer(
        Transfer(
            state.transfer_alternate[f] > 0.0,
            state.transfer_waited_s[f],
            state.transfer_dead_left_s[f],
        ),
        fed,
        offered_w > 0.0,
        TransferSwitch(
            feeds.transfer_delay_s[f], feeds.transfer_return_s[f], feeds.transfer_dead_s[f]
        ),
        h_s,
    )
    state.transfer_alternate[f] = 1.0 if transfer.alternate else 0.0
    state.transfer_waited_s[f] = transfer.waited_s
    state.transfer_dead_left_s[f] = transfer.dead_left_s
    lit = dark_s < DARK_SHARE * h_s
    if transfer.alternate:
        return lit, lit and offered_w >= unit.rating_w
    return lit, lit and full


@borrowing
def _unit(feeds: Feeds, f: int) -> GeneratorSet:
    return GeneratorSet(
        feeds.generator_w[f],
        feeds.generator_start_s[f],
        feeds.generator_block[f],
        feeds.generator_interval_s[f],
        feeds.generator_cooldown_s[f],
    )


@borrowing
def generator_limit_w(feeds: Feeds, state: State, f: int) -> float:
    """Return what the generator of a stage accepts at the substep's end [W]."""
    memory = Generator(state.generator_turning_s[f], state.generator_cooling_s[f])
    return generator_capacity_w(memory, _unit(feeds, f))


@borrowing
def _carries(feeds: Feeds, state: State, f: int, h_s: float) -> bool:
    """Say whether a battery carries its stage through the substep; an overload opens it.

    The load is taken as it was: a battery that it would empty within the substep counts as
    empty at its start, at most one substep early.
    """
    if state.feed_live[f] == 0.0:
        return False
    load_w = state.feed_power_w[f] + state.feed_battery_w[f]
    if load_w > feeds.battery_power_w[f]:
        state.feed_open[f] = 1.0
        return False
    left_j = state.feed_battery_j[f] * feeds.battery_efficiency[f]
    enough: bool = left_j > 0.0 and left_j >= load_w * h_s
    return enough


@borrowing
def _set_consumers(arrays: Arrays, state: State, wired: Floats) -> None:
    """Set what has power: racks by any of their feeds, the others by their only one."""
    links, chillers = arrays.rack_feeds, arrays.chillers
    clear(wired)
    for r in range(arrays.racks.row.size):
        state.rack_powered[r] = 0.0
    for i in range(links.rack.size):
        wired[links.rack[i]] = 1.0
        if state.feed_live[links.feed[i]] > 0.0:
            state.rack_powered[links.rack[i]] = 1.0
    for r in range(arrays.racks.row.size):
        if not arrays.racks.in_service[r]:
            state.rack_powered[r] = 0.0
        elif wired[r] == 0.0:
            state.rack_powered[r] = 1.0
    _follow(arrays.circuits.mover_feed, state.feed_live, state.circuit_powered)
    _follow(arrays.exchangers.fan_feed, state.feed_live, state.exchanger_powered)
    _follow(chillers.feed, state.feed_live, state.chiller_powered)


@borrowing
def _follow(feed: Ints, live: Floats, powered: Floats) -> None:
    """Set what has power by the feed of each; 1 where none is named."""
    for i in range(feed.size):
        powered[i] = live[feed[i]] if feed[i] >= 0 else 1.0
