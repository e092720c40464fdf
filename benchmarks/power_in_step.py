"""The power chain with memory, run through the step: battery, generator, breaker, A/B feeds."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.evidence import Evidence
from site_models.compile import compile_site
from site_models.plant import Plant
from twin.electrical.feed_room import feed_standing
from twin.physics.breakers import breaker_tau_s, seconds_to_trip
from twin.start import rated_inputs
from twin.state import Inputs, State
from twin.steady import steady
from twin.step import step

DESIGN_DAY_C = (38.6, 23.9)
OVERLOAD = 1.5


def in_the_step() -> Iterator[Evidence]:
    """Yield what the chain of `pilot` and `superpod-h100` does at rated load."""
    plant = compile_site("pilot")
    inputs = rated_inputs(plant, *DESIGN_DAY_C)
    rest = steady(plant, inputs)
    yield ride_through(plant, rest, inputs)
    yield from utility_lost(plant, rest, inputs)
    yield breaker(plant, rest, inputs)
    yield either_feed()


def ride_through(plant: Plant, rest: State, inputs: Inputs) -> Evidence:
    """Return how long the UPS lives on its battery, against energy over power on paper."""
    ups, feeds = plant.feed_names.index("ups"), plant.arrays.feeds
    lost = _with(plant, "supplied", ups, False)
    state, given_j, seconds = rest, 0.0, 0
    while (state := step(lost, state, inputs, 1.0)).feed_live[ups] and seconds < 3600:
        given_j += state.feed_battery_w[ups]
        seconds += 1
    by_hand_s = feeds.battery_j[ups] * feeds.battery_efficiency[ups] / (given_j / seconds)
    return Evidence.at_most(
        f"UPS of pilot on battery at {given_j / seconds / 1e3:.0f} kW: lives {seconds} s",
        f"energy times efficiency over mean power by hand, {by_hand_s:.2f} s",
        abs(seconds - by_hand_s),
        1.0,
        "s",
        f"at the rating of the UPS, as sized: 300 s; battery of {feeds.battery_j[ups] / 3.6e6:.0f}"
        " kWh",
        "the load of the substep before decides whether the next is carried",
    )


def utility_lost(plant: Plant, rest: State, inputs: Inputs) -> Iterator[Evidence]:
    """Yield when the generator takes over, and that energy closes through all of it."""
    mechanical = plant.feed_names.index("mechanical")
    lost = _with(plant, "supplied", plant.feed_names.index("utility"), False)
    state, dark_s, battery_s, worst = rest, 0, 0, 0.0
    for second in range(2400):
        state = step(lost if second < 120 else plant, state, inputs, 1.0)
        dark_s += int(state.feed_live[mechanical] == 0.0)
        battery_s += int(state.feed_on_battery.any())
        worst = max(worst, state.ledger.balance_error)
    yield Evidence.within(
        "Utility of pilot lost: mechanical load dark until the generator takes over",
        "NFPA 110 Type 10, 10 s to readiness, and the transfer switch",
        float(dark_s),
        10.0,
        20.0,
        "s",
        f"UPS on battery for {battery_s} s, until all load blocks are accepted",
    )
    yield Evidence.at_most(
        "Energy through loss, discharge, transfer, recharge and return, worst of 2400 steps",
        "in less out less stored, batteries included",
        worst,
        1e-9,
        "of a step's energy",
    )


def breaker(plant: Plant, rest: State, inputs: Inputs) -> Evidence:
    """Return when an overloaded busway trips, against the law from the same warm start."""
    busway = plant.feed_names.index("busway-1")
    rating_w = float(rest.feed_output_w[busway]) / OVERLOAD
    small = _with(plant, "rating_w", busway, rating_w)
    state = rest._replace(
        feed_breaker_thermal=np.where(np.arange(len(plant.feed_names)) == busway, 1.0, 0.0)
    )
    feeds = plant.arrays.feeds
    law_s = float(
        seconds_to_trip(
            1.0,
            OVERLOAD,
            breaker_tau_s(feeds.breaker_rating_a[busway]),
            feeds.breaker_trip_level[busway],
            feeds.breaker_magnetic[busway],
        )
    )
    seconds = 0
    while state.feed_open[busway] == 0.0 and seconds < 7200:
        state = step(small, state, inputs, 1.0)
        seconds += 1
    return Evidence.at_most(
        f"Busway at {OVERLOAD:.0%} of its breaker, warm: trips in the step after {seconds} s",
        f"closed form of the thermal element, {law_s:.1f} s",
        abs(seconds - law_s) / law_s,
        0.01,
        "",
        "a threshold without memory trips at once, or never",
        "the load moves a little while the hall follows",
    )


def either_feed() -> Evidence:
    """Return the fullest stage of the 2N site if any one stage below its board is lost."""
    plant = compile_site("superpod-h100")
    state = steady(plant, rated_inputs(plant, 34.0, 20.0))
    share = feed_standing(plant, state).worst_load_w / plant.arrays.feeds.rating_w
    fullest = int(np.argmax(share))
    return Evidence.at_most(
        "superpod-h100 at rated load, any one stage lost: fullest stage over its rating",
        "sum over the tree for each loss",
        float(share[fullest]),
        1.0,
        "",
        f"{plant.feed_names[fullest]}; nothing lost"
        f" {float((state.feed_output_w / plant.arrays.feeds.rating_w)[fullest]):.2f}",
    )


def _with(plant: Plant, column: str, feed: int, value: Any) -> Plant:
    """Return the plant with one figure of a feed exchanged."""
    feeds = plant.arrays.feeds
    changed = getattr(feeds, column).copy()
    changed[feed] = value
    changed.setflags(write=False)
    return replace(plant, arrays=plant.arrays._replace(feeds=feeds._replace(**{column: changed})))
