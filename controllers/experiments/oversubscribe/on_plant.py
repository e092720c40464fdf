"""The same servers on the simulated plant, under the real policy: confirmation and bursts."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from controllers.experiments.oversubscribe.servers import Servers
from controllers.policy import Policy
from controllers.simulated.rig import Rig
from controllers.trials.plain_sight import view_of
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import Plant
from site_models.repeat import expanded
from site_models.site import Site
from site_models.yaml_file import read_yaml
from twin.start import first_state, idle_inputs
from twin.state import State

SITE = Path(__file__).parent / "site.yaml"
START_S = 1_750_000_000.0
OUTDOORS = (25.0, 18.0)
SETTLE_S = 600
HELD = 1.0 - 1e-3
"""A clock below this share of the asked one is throttled."""
GPUS = 8


def row_of(servers: int, limit_w: float) -> Plant:
    """Return a plant of so many servers on a feed of this rating, with its breaker."""
    raw = read_yaml(SITE)
    feed = next(feed for feed in raw["halls"][0]["feeds"] if feed["name"] == "row")
    feed["rating_w"] = limit_w
    raw["halls"][0]["rows"][0]["racks"][0]["count"] = servers
    return compile_site(Site.model_validate(expanded(raw, str(SITE))))


class Confirmed(NamedTuple):
    """What the plant made of it."""

    throttled: float
    seconds_over: int
    worst: float
    hottest: float
    """Highest thermal state of the feed's breaker over the one that trips."""
    tripped_s: float
    """After how long; inf: never."""
    row_w: Floats
    """Every second."""


def confirmed(plant: Plant, policy: Policy, servers: Servers, seconds: int) -> Confirmed:
    """Return how the policy does on the requests of servers."""
    return _played(
        plant, policy, lambda second: np.repeat(servers.ask(second), GPUS),
        lambda clock: servers.serve(clock.reshape(-1, GPUS).mean(axis=1)), seconds,
    )  # fmt: skip


def burst(plant: Plant, policy: Policy, thermal: float, seconds: int = 900) -> Confirmed:
    """Return what becomes of all GPUs at their device limit at once, for a quarter of an hour.

    After a minute of idle site, from a breaker at `thermal` of its rating for ever.
    """
    idle_w, most_w = plant.arrays.gpus.idle_power_w, plant.arrays.gpus.power_max_w
    return _played(
        plant, policy, lambda second: most_w if second >= 60 else idle_w,
        lambda clock: None, seconds, thermal,
    )  # fmt: skip


def _played(
    plant: Plant, policy: Policy, ask: Callable[[int], Floats], serve: Callable[[Floats], None],
    seconds: int, thermal: float = 0.0,
) -> Confirmed:  # fmt: skip
    feeds, row = plant.arrays.feeds, plant.feed_names.index("row")
    state = _settled(plant)
    heat = state.feed_breaker_thermal.copy()
    heat[row] = thermal
    rig = Rig(plant, state._replace(feed_breaker_thermal=heat), idle_inputs(plant, *OUTDOORS),
              lambda time_s: asked[0], lambda time_s: OUTDOORS)  # fmt: skip
    asked: list[Floats] = [plant.arrays.gpus.idle_power_w]
    memory, row_w = policy.start(plant), np.zeros(seconds)
    throttled, hottest, tripped_s = 0, 0.0, np.inf
    rating_w, trip = float(feeds.rating_w[row]), float(feeds.breaker_trip_level[row])
    for second in range(seconds):
        asked[0] = ask(second)
        rig.read()
        clock = rig.state.gpu_clock_ratio
        serve(clock)
        row_w[second] = rig.state.feed_output_w[row]
        throttled += bool((clock < HELD).any()) or row_w[second] > rating_w
        hottest = max(hottest, float(rig.state.feed_breaker_thermal[row]) / trip)
        if rig.state.feed_open[row] > 0.0:
            tripped_s = min(tripped_s, float(second))
        decision, memory = policy.decide(view_of(rig, float(second > 0)), memory)
        rig.apply(rig.order._replace(gpu_cap_w=decision.gpu_cap_w), rig.state.time_s)
    over = int((row_w > rating_w).sum())
    worst = float(row_w.max()) / rating_w
    return Confirmed(throttled / seconds, over, worst, hottest, tripped_s, row_w)


def _settled(plant: Plant) -> State:
    """Return the idle servers after ten minutes."""
    inputs = idle_inputs(plant, *OUTDOORS)
    rig = Rig(
        plant, first_state(plant, inputs, START_S), inputs,
        lambda time_s: plant.arrays.gpus.idle_power_w, lambda time_s: OUTDOORS, dt_s=5.0,
    )  # fmt: skip
    for _ in range(SETTLE_S // 5):
        rig.read()
    return rig.state
