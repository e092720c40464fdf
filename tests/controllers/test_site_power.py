"""What the site draws is what its utility meters show; the grid's target is held there."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.loop import Loop, begun
from controllers.policies.demand_response import DemandResponse
from controllers.policy import LoadTarget
from controllers.scenario import Job, Scenario
from controllers.simulated.what_if import staged_from
from controllers.site_power import (
    METER_S,
    SitePower,
    believed_site_w,
    metered_site_w,
    site_power,
)
from controllers.supervision.supervisor import Supervisor
from site_models.arrays import Floats
from telemetry.frame import Frame
from telemetry.source import Source
from tests.fakes.small_plant import small_plant

PLANT = small_plant()
ROOTS = np.flatnonzero(PLANT.arrays.feeds.parent < 0)
START = datetime(2026, 7, 14, 18, 0, tzinfo=UTC)
START_S = START.timestamp()
BIAS = 1.06
"""The meter stands before a transformer, and an office, that nobody has told the twin of."""
powers_w = st.floats(1.0, 1e9)


class Biased:
    """A source whose utility meter shows more; without it where `meter` is false."""

    def __init__(self, source: Source, meter: bool) -> None:
        self._source, self._meter = source, meter
        self.shown_w: list[float] = []

    @property
    def axes(self) -> Mapping[str, Sequence[str]]:
        return self._source.axes

    def read(self) -> Frame | None:
        frame = self._source.read()
        if frame is None:
            return None
        shown_w = BIAS * frame.values["facility_power_w"]
        self.shown_w.append(float(shown_w[0]))
        values = {k: v for k, v in frame.values.items() if k != "feed_power_w"}
        values["facility_power_w"] = shown_w if self._meter else np.array([np.nan])
        return replace(frame, values=values)


def at_the_meter_w(meter: bool) -> tuple[Floats, float]:
    """Return what the grid's meter shows of an event, and the target; `meter`: we see it too."""
    job = Job(name="work", gpus=("*",), share=0.9, allowed_slowdown=0.5)
    scenario = Scenario(site="small", start=START, duration_s=400.0, jobs=(job,))
    stage = staged_from(scenario, Path("meter"), PLANT, lambda time_s: (25.0, 18.0), 1.0)
    believed_w = believed_site_w(PLANT, stage.rig.state)
    target = LoadTarget(0.85 * BIAS * believed_w, START_S + 130.0, START_S + 400.0, "test")
    stage.around.targets.set("event", target)
    source = Biased(stage.rig, meter)
    keeper = Supervisor(PLANT, {"grid": DemandResponse()}, stage.rig, modes={"grid": "armed"})
    loop = Loop(
        PLANT, source, stage.believe, keeper, begun(PLANT, stage.rig.state, stage.rig.inputs),
        "WHAT-IF", around=stage.around,
    )  # fmt: skip
    for _ in loop:
        pass
    within = np.array(source.shown_w[131:])
    return within[: len(within) // 15 * 15].reshape(-1, 15).mean(axis=1), target.power_w


def test_the_grid_gets_what_it_asks_for_at_its_meter_and_not_by_our_belief() -> None:
    means_w, target_w = at_the_meter_w(meter=True)
    assert (means_w <= target_w).mean() >= 0.95
    assert means_w.mean() >= 0.97 * target_w
    unseen_w, target_w = at_the_meter_w(meter=False)
    assert unseen_w.mean() > 1.03 * target_w


def test_a_fresh_reading_of_the_site_counts_else_all_of_its_feeds_together() -> None:
    feed_w = np.full(len(PLANT.arrays.feeds.parent), 10.0)
    site, feeds = {"facility_power_w": np.array([7.0])}, {"feed_power_w": feed_w}
    assert metered_site_w(PLANT, Frame(0.0, {**site, **feeds})) == 7.0
    assert metered_site_w(PLANT, Frame(0.0, feeds)) == 10.0 * len(ROOTS)
    old = {"facility_power_w": np.array([METER_S + 1.0])}
    assert metered_site_w(PLANT, Frame(0.0, {**site, **feeds}, old)) == 10.0 * len(ROOTS)
    assert math.isnan(metered_site_w(PLANT, Frame(0.0, site, old)))
    feed_w[ROOTS[0]] = np.nan
    assert math.isnan(metered_site_w(PLANT, Frame(0.0, feeds)))
    assert math.isnan(metered_site_w(PLANT, Frame(0.0, {})))


@given(powers_w, powers_w, st.floats(0.1, 100.0))
def test_what_the_meter_shows_counts_and_its_silence_moves_nothing(
    metered_w: float, believed_w: float, dt_s: float
) -> None:
    spoke = site_power(SitePower(), metered_w, believed_w, dt_s)
    assert spoke.power_w == metered_w
    assert spoke.metered
    for silent in (math.nan, 0.0):
        after = site_power(spoke, silent, believed_w, dt_s)
        assert after.power_w == pytest.approx(metered_w)
        assert not after.metered
        assert site_power(after, silent, 2.0 * believed_w, dt_s).power_w == pytest.approx(
            2.0 * metered_w
        )


def test_without_a_meter_the_belief_counts() -> None:
    never = site_power(SitePower(), math.nan, 5.0, 1.0)
    assert (never.power_w, never.metered) == (5.0, False)
    assert math.isnan(never.over)
