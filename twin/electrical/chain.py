"""The power chain during one substep: from the racks up to its sources."""

import math

from site_models.arrays import Floats
from site_models.plant import Arrays, Feeds
from twin.electrical.live import generator_limit_w
from twin.physics.breakers import breaker_tau_s, breaker_thermal, seconds_to_trip
from twin.physics.converters import converter_input_w
from twin.physics.law import borrowing
from twin.physics.storage import battery_drain_w, battery_power_w
from twin.physics.switching import share_out
from twin.scratch import Scratch
from twin.state import State

GENERATOR_OVERLOAD = 1.1
"""Load over what a generator accepts that its own protection takes off. Estimate."""


@borrowing
def load_feeds(
    arrays: Arrays, state: State, scratch: Scratch, to_air_w: Floats, h_s: float
) -> tuple[float, float, float]:
    """Sum the power tree from the leaves up; add indoor losses to `to_air_w`.

    Losses are those of the stages and of what goes into and out of their batteries. Moves
    the memory of batteries and breakers by the substep: what trips is open in the next.
    Returns power through the utility meters, power from generators, and losses given to the
    outdoor air [W]. What was live at the substep's start, `set_power`, is live in all of it.
    """
    feeds, charge_w, out_w = arrays.feeds, scratch.charge_w, state.feed_output_w
    _set_charges(feeds, state, charge_w, h_s)
    _hang_consumers(arrays, state, scratch, out_w)
    metered_w, generated_w, outdoors_w = 0.0, 0.0, 0.0
    for f in range(feeds.parent.size - 1, -1, -1):
        _age_breaker(feeds, state, f, h_s)
        state.feed_power_w[f] = 0.0
        state.feed_battery_w[f] = 0.0
        if state.feed_live[f] == 0.0:
            continue
        in_w = converter_input_w(
            out_w[f],
            feeds.rating_w[f],
            feeds.loss_fixed[f],
            feeds.loss_linear[f],
            feeds.loss_square[f],
        )
        battery_w = in_w if state.feed_on_battery[f] > 0.0 else -charge_w[f]
        loss_w = in_w - out_w[f]
        if feeds.battery_j[f] > 0.0:
            drain_w = battery_drain_w(battery_w, feeds.battery_efficiency[f])
            state.feed_battery_j[f] -= drain_w * h_s
            loss_w += drain_w - battery_w
        drawn_w = in_w - battery_w
        state.feed_power_w[f] = drawn_w
        state.feed_battery_w[f] = battery_w
        if feeds.air_circuit[f] >= 0:
            to_air_w[feeds.air_circuit[f]] += loss_w
        else:
            outdoors_w += loss_w
        if state.transfer_alternate[f] > 0.0:
            generated_w += drawn_w
            if drawn_w > GENERATOR_OVERLOAD * generator_limit_w(feeds, state, f):
                state.feed_open[f] = 1.0
        elif feeds.parent[f] >= 0:
            out_w[feeds.parent[f]] += drawn_w
        else:
            metered_w += drawn_w
    return metered_w, generated_w, outdoors_w


@borrowing
def _hang_consumers(arrays: Arrays, state: State, scratch: Scratch, out_w: Floats) -> None:
    """Set what hangs on every stage itself: racks, pumps, fans and chillers.

    What a dead connection carried goes to the rack's living ones.
    """
    links, circuits, exchangers = arrays.rack_feeds, arrays.circuits, arrays.exchangers
    out_w[:] = 0.0
    live, share = scratch.link_live, scratch.link_share
    for i in range(links.rack.size):
        live[i] = state.feed_live[links.feed[i]] > 0.0
    share_out(links.rack, links.share, live, scratch.living, scratch.alive, share)
    for i in range(links.rack.size):
        out_w[links.feed[i]] += share[i] * state.rack_power_w[links.rack[i]]
    for k in range(circuits.kind.size):
        if circuits.mover_feed[k] >= 0:
            out_w[circuits.mover_feed[k]] += state.circuit_mover_power_w[k]
    for x in range(exchangers.hot_circuit.size):
        if exchangers.fan_feed[x] >= 0:
            out_w[exchangers.fan_feed[x]] += state.exchanger_fan_power_w[x]
    for c in range(arrays.chillers.circuit.size):
        if arrays.chillers.feed[c] >= 0:
            out_w[arrays.chillers.feed[c]] += state.chiller_power_w[c]


@borrowing
def _set_charges(feeds: Feeds, state: State, charge_w: Floats, h_s: float) -> None:
    """Set what every battery takes in the substep [W].

    Within its charger's limit, what still fits, and the room that every stage above left a
    substep ago. Each battery takes its part of that room only, so several settle together.
    """
    batteries = 0
    for f in range(feeds.parent.size):
        batteries += feeds.battery_j[f] > 0.0
        charge_w[f] = 0.0
    for f in range(feeds.parent.size):
        full = state.feed_battery_j[f] >= feeds.battery_j[f]
        if full or state.feed_live[f] == 0.0 or state.feed_on_battery[f] > 0.0:
            continue
        room_w = math.inf
        at = f
        while state.transfer_alternate[at] == 0.0 and feeds.parent[at] >= 0:
            at = feeds.parent[at]
            room_w = min(room_w, feeds.rating_w[at] - state.feed_output_w[at])
        if state.transfer_alternate[at] > 0.0:
            room_w = min(room_w, generator_limit_w(feeds, state, at) - state.feed_power_w[at])
        allowed_w = max(-state.feed_battery_w[f], 0.0) + room_w / batteries
        allowed_w = min(max(allowed_w, 0.0), feeds.charge_power_w[f])
        charge_w[f] = -battery_power_w(
            -allowed_w,
            state.feed_battery_j[f],
            feeds.battery_j[f],
            feeds.battery_power_w[f],
            feeds.charge_power_w[f],
            feeds.battery_efficiency[f],
            h_s,
        )


@borrowing
def _age_breaker(feeds: Feeds, state: State, f: int, h_s: float) -> None:
    """Warm or cool a stage's breaker by what flows out of the stage; trip it in its time."""
    if feeds.breaker_rating_a[f] <= 0.0:
        return
    ratio = state.feed_output_w[f] / feeds.rating_w[f] * state.feed_live[f]
    tau_s = breaker_tau_s(feeds.breaker_rating_a[f])
    thermal = state.feed_breaker_thermal[f]
    after_s = seconds_to_trip(
        thermal, ratio, tau_s, feeds.breaker_trip_level[f], feeds.breaker_magnetic[f]
    )
    state.feed_breaker_thermal[f] = breaker_thermal(thermal, ratio, tau_s, h_s)
    if state.feed_live[f] > 0.0 and after_s <= h_s:
        state.feed_open[f] = 1.0
