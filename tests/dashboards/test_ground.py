"""Whoever asks about nodes is told what advice on the same request says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from controllers.placement.models import Request
from controllers.placement.nodes import verdicts
from controllers.placement.steering import to_avoid
from dashboards.advice import advise
from dashboards.feed import Feed
from dashboards.ground import standing_now
from site_models.placing import Placing
from site_models.plant import Plant
from tests.fakes.broker import until
from tests.fakes.small_plant import small_arrays, small_plant
from tests.fakes.small_world import SmallWorld


@contextmanager
def fed(plant: Plant) -> Iterator[Feed]:
    """Give a feed that stands still after its first tick."""
    one = Feed(SmallWorld(plant=plant, ticks=1))
    one.start()
    until(lambda: one.ready, "a tick")
    yield one
    one.stop()


def told_apart(feed: Feed, request: Request) -> tuple[dict[str, float], dict[str, float]]:
    """Return the nodes that advice offers and those that a node's verdict lets through."""
    now = standing_now(feed, request)
    found = verdicts(now.stand, now.traffic, request, feed.plant.node_names, now.now_s)
    passed = {one.node: round(one.score, 6) for one in found if one.score is not None}
    return {one.nodes[0]: one.score for one in advise(feed, request).advice}, passed


def heating(time_s: float) -> tuple[float, float]:
    """Return dry and wet bulb that rise by thirty kelvin an hour."""
    return 20.0 + time_s / 120.0, 10.0 + time_s / 120.0


def test_a_verdict_sees_the_hottest_hour_as_advice_does(monkeypatch: pytest.MonkeyPatch) -> None:
    wish = Request(job="j", gpus=4, required_level="node", limit=100, duration_s=7200.0)
    with fed(small_plant()) as feed:
        offered, passed = told_apart(feed, wish)
        assert offered == passed
        assert len(passed) == 10
        monkeypatch.setattr(feed.world, "outdoors", heating, raising=False)
        offered, later = told_apart(feed, wish.model_copy(update={"duration_s": 7201.0}))
        assert offered == later != passed


@pytest.mark.parametrize("of_site", [(), ("feed",)])
@pytest.mark.parametrize("asked", [None, True, False])
def test_a_verdict_survives_what_advice_has_to(
    of_site: tuple[str, ...], asked: bool | None
) -> None:
    arrays = small_arrays()
    tight = arrays.feeds._replace(rating_w=np.array([15e4, 11e4, 32e3, 32e3, 3e4]))
    plant = small_plant(arrays._replace(feeds=tight))
    plant = replace(plant, placing=Placing.model_validate({"n_minus_1": of_site}))
    wish = Request(job="j", gpus=4, required_level="node", limit=100, n_minus_1=asked)
    with fed(plant) as feed:
        offered, passed = told_apart(feed, wish)
        now = standing_now(feed, wish)
        avoided = to_avoid(now.stand, now.traffic, wish, now.now_s)
        assert offered == passed
        strict = bool(of_site) if asked is None else asked
        assert bool(offered) != strict
        assert (set(avoided) == set(plant.node_names)) == strict
