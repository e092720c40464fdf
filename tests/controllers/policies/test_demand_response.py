"""The answer to the grid on a site made by hand: power in proportion to its GPUs', and late."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.jobs.job_curves import CLOCKS, job_curves
from controllers.parameters import made, schema
from controllers.policies.demand_response import DemandResponse
from controllers.policy import Decision, JobOn, LoadTarget, View
from site_models.arrays import Floats
from site_models.errors import InputError
from tests.fakes.small_plant import START_S, small_inputs, small_plant, small_state

PLANT = small_plant()
GPUS = len(PLANT.gpu_names)
FULL_W = 0.9 * PLANT.arrays.gpus.power_max_w
TIERS = (0.0, 0.1, 0.25, 0.5)
DT_S, LAG_S = 1.0, 40.0
BASE_W = 10e3
"""What stays of the site's power whatever its GPUs do."""
WARM_S = 120.0


class HandMade:
    """A site whose cooling, a fifth of its GPUs' power, follows with a lag."""

    def __init__(self, tiers: tuple[float, ...] = TIERS, core_share: float = 0.7) -> None:
        each = GPUS // len(tiers)
        self.jobs = [
            JobOn(f"tier{k}", np.arange(k * each, (k + 1) * each), allowed_slowdown=tier)
            for k, tier in enumerate(tiers)
        ]
        self.curves = job_curves(PLANT, self.jobs, FULL_W, core_share, 0.6)
        self.clock = np.ones(GPUS)
        self.lost_s, self.ever_lost_s = np.zeros(len(tiers)), np.zeros(len(tiers))
        self.cooling_w = 0.2 * float(FULL_W.sum())
        self.meter = np.nan
        """What the utility meter shows over what the site draws; NaN: there is none."""
        self.stands: int | None = None
        """The job that writes a checkpoint: it draws next to nothing."""

    def loss(self) -> Floats:
        return self._at(self.curves.loss)

    def gpu_power_w(self) -> Floats:
        """Return the power of each GPU."""
        power_w = FULL_W.copy()
        for job, job_w in zip(self.jobs, self._at(self.curves.power_w), strict=True):
            power_w[job.gpus] = job_w / len(job.gpus)
        if self.stands is not None:
            power_w[self.jobs[self.stands].gpus] = PLANT.arrays.gpus.idle_power_w.min()
        return power_w

    def step(self) -> None:
        self.lost_s += self.loss() * DT_S
        self.ever_lost_s += self.loss() * DT_S
        aim_w = 0.2 * float(self.gpu_power_w().sum())
        self.cooling_w += (aim_w - self.cooling_w) * DT_S / LAG_S

    @property
    def site_w(self) -> float:
        return BASE_W + float(self.gpu_power_w().sum()) + self.cooling_w

    def view(self, time_s: float, target: LoadTarget | None) -> View:
        """Return what the policy is shown."""
        state = small_state(PLANT, 0.5, time_s)
        feed_w = state.feed_power_w.copy()
        feed_w[PLANT.arrays.feeds.parent < 0] = self.site_w
        past_s = 0.0 if target is None else max(time_s - target.start_s, 0.0)
        slowdown = self.lost_s / max(past_s, DT_S) if past_s else np.zeros(len(self.jobs))
        return View(
            plant=PLANT,
            state=state._replace(gpu_power_w=self.gpu_power_w(), feed_power_w=feed_w),
            inputs=small_inputs(PLANT, 0.5),
            time_s=time_s,
            dt_s=DT_S,
            frame_age_s=0.0,
            gpu_age_s=np.zeros(GPUS),
            jobs=tuple(
                replace(job, slowdown=float(s))
                for job, s in zip(self.jobs, np.clip(slowdown, 0, 1), strict=True)
            ),
            target=target,
            site_metered_w=self.meter * self.site_w,
        )

    def _at(self, rows: Floats) -> Floats:
        return np.array(
            [
                np.interp(self.clock[job.gpus[0]], CLOCKS, row)
                for job, row in zip(self.jobs, rows, strict=True)
            ]
        )


Course = Iterator[tuple[float, float, Decision]]


def played(
    site: HandMade,
    target: Callable[[float], LoadTarget | None],
    for_s: float,
    policy: DemandResponse | None = None,
) -> Course:
    """Yield time since the start, site power and decision, second by second."""
    policy = policy or DemandResponse()
    memory = policy.start(PLANT)
    for k in range(int(for_s / DT_S)):
        now_s = k * DT_S
        asked = target(now_s)
        if asked is not None and now_s == asked.start_s - START_S:
            site.lost_s[:] = 0.0
        decision, memory = policy.decide(site.view(START_S + now_s, asked), memory)
        assert decision.gpu_clock_share is not None or asked is None or now_s > 0.0
        clock = decision.gpu_clock_share
        site.clock = np.ones(GPUS) if clock is None else clock
        site.step()
        yield now_s, site.site_w, decision


def event(power_w: float, notice_s: float = 60.0, for_s: float = 1200.0) -> LoadTarget:
    """Return a target that starts so long after it is told."""
    start_s = START_S + WARM_S + notice_s
    return LoadTarget(power_w, start_s, start_s + for_s, "test", "grid")


def shown(target: LoadTarget) -> Callable[[float], LoadTarget | None]:
    """Return who tells of a target from WARM_S until it is over."""

    def at(now_s: float) -> LoadTarget | None:
        return target if WARM_S <= now_s < target.end_s - START_S else None

    return at


def means_w(power_w: Floats, window: int = 15) -> Floats:
    """Return 15 s means."""
    whole = len(power_w) // window * window
    return np.asarray(power_w[:whole].reshape(-1, window).mean(axis=1))


@pytest.mark.slow
@pytest.mark.parametrize("notice_s", [30.0, 60.0])
@pytest.mark.parametrize("core_share", [0.6, 0.7, 0.8])
def test_a_target_within_reach_is_met_from_its_start_to_its_end(
    notice_s: float, core_share: float
) -> None:
    site = HandMade(core_share=core_share)
    target = event(0.87 * site.site_w, notice_s)
    rows = [row[:2] for row in played(site, shown(target), 1500.0)]
    now_s, power_w = np.array(rows).T
    begin_s, end_s = target.start_s - START_S, target.end_s - START_S
    means = means_w(power_w[(now_s >= begin_s) & (now_s < end_s)])
    assert (means <= target.power_w).mean() >= 0.985
    assert means.mean() >= 0.98 * target.power_w


@pytest.mark.parametrize("shows", [0.95, 1.0, 1.06])
def test_a_target_is_met_at_the_meter_also_where_that_shows_something_else(shows: float) -> None:
    site = HandMade()
    target = event(0.87 * shows * site.site_w)
    site.meter = shows
    metered_w = []
    for now_s, site_w, _ in played(site, shown(target), 1200.0):
        site.meter = np.nan if 500.0 <= now_s < 900.0 else shows
        metered_w.append(shows * site_w)
    power_w = np.array(metered_w[int(target.start_s - START_S) :])
    means = means_w(power_w)
    assert (means <= target.power_w).mean() >= 0.98, "while the meter is silent as well"
    assert means.mean() >= 0.98 * target.power_w


def test_where_no_meter_speaks_the_belief_is_held_and_the_grid_sees_the_difference() -> None:
    site = HandMade()
    target = event(0.87 * 1.06 * site.site_w)
    power_w = np.array([1.06 * row[1] for row in played(site, shown(target), 1200.0)])
    assert means_w(power_w[int(target.start_s - START_S) :]).mean() > 1.03 * target.power_w


def test_no_tier_is_broken_whatever_is_asked_nor_on_the_ways_down_and_back() -> None:
    site = HandMade()
    target = event(0.5 * site.site_w)
    least_w, said = np.inf, ""
    for now_s, site_w, decision in played(site, shown(target), WARM_S + 60.0 + 1500.0):
        least_w = min(least_w, site_w)
        said = decision.reason if now_s == WARM_S + 600.0 else said
    slowdown = site.ever_lost_s / 1200.0
    assert (slowdown <= np.array(TIERS) + 1e-6).all()
    assert (slowdown >= 0.93 * np.array(TIERS)).all()
    assert "below what the tiers allow" in said


def test_after_the_event_the_site_comes_back_and_does_not_overshoot() -> None:
    site = HandMade()
    before_w = site.site_w
    target = event(0.9 * before_w, for_s=600.0)
    rows = [row[:2] for row in played(site, shown(target), 1800.0)]
    now_s, power_w = np.array(rows).T
    after_w = power_w[now_s >= target.end_s - START_S]
    assert after_w.max() <= 1.02 * before_w
    assert after_w[-1] == pytest.approx(before_w, rel=1e-3)
    assert abs(np.diff(after_w)).max() < 0.01 * before_w


@pytest.mark.parametrize("job", [0, 2])
def test_what_a_checkpoint_leaves_free_is_not_given_to_others(job: int) -> None:
    site = HandMade()
    target = event(0.87 * site.site_w)
    power_w, clocks = [], []
    for now_s, site_w, decision in played(site, shown(target), 900.0):
        site.stands = job if 500.0 <= now_s < 540.0 else None
        power_w.append(site_w)
        clocks.append(decision.gpu_clock_share)
    after, others = np.array(power_w[541:600]), np.arange(GPUS // 4, GPUS // 2)
    assert min(power_w[502:540]) < 0.97 * target.power_w
    assert means_w(after).max() <= target.power_w
    before, during = clocks[499], clocks[539]
    assert before is not None
    assert during is not None
    assert (during - before)[others].max() <= 0.002


def test_a_checkpoint_before_the_event_does_not_hide_what_a_job_draws() -> None:
    site, policy = HandMade(), DemandResponse()
    memory, usual_w = policy.start(PLANT), site.gpu_power_w()
    for now_s in range(200):
        site.stands = 0 if now_s >= 180 else None
        _, memory = policy.decide(site.view(START_S + now_s, None), memory)
    np.testing.assert_allclose(memory.full_w, usual_w, rtol=0.07)


def test_the_cheapest_work_goes_first() -> None:
    site = HandMade((0.5, 0.5))
    site.jobs[1] = replace(site.jobs[1], compute_share=0.0)
    site.curves = job_curves(PLANT, site.jobs, FULL_W, 0.7, 0.6)
    target = event(0.95 * site.site_w)
    for now_s, _, decision in played(site, shown(target), 400.0):
        if now_s > WARM_S + 100.0 and decision.gpu_clock_share is not None:
            assert decision.gpu_clock_share[0] > 0.99
            assert decision.gpu_clock_share[-1] < 0.95


def test_without_a_target_nothing_is_asked_for() -> None:
    site = HandMade()
    for _, _, decision in played(site, lambda now_s: None, 20.0):
        assert decision.gpu_clock_share is None
        assert (decision.gpu_cap_w == PLANT.arrays.gpus.power_max_w).all()


def test_jobs_that_nobody_tells_of_are_left_alone() -> None:
    site = HandMade(tiers=(0.5,))
    target = event(0.8 * site.site_w)
    view = replace(site.view(target.start_s, target), jobs=())
    decision, _ = DemandResponse().decide(view, DemandResponse().start(PLANT))
    assert decision.gpu_clock_share is not None
    assert (decision.gpu_clock_share == 1.0).all()
    assert "below what the tiers allow" in decision.reason


def test_a_second_target_goes_on_from_where_the_first_left_the_site() -> None:
    site = HandMade()
    usual_w = site.site_w
    first = event(0.9 * usual_w, for_s=300.0)
    second = LoadTarget(0.87 * usual_w, first.end_s, first.end_s + 900.0)

    def asked(now_s: float) -> LoadTarget | None:
        return shown(first)(now_s) or (second if now_s > WARM_S + 300.0 else None)

    rows = [row[:2] for row in played(site, asked, WARM_S + 660.0)]
    now_s, power_w = np.array(rows).T
    between = (now_s >= first.end_s - START_S) & (now_s < second.end_s - START_S)
    assert power_w[between].max() <= 0.905 * usual_w
    assert power_w[-30:].mean() == pytest.approx(0.87 * usual_w, rel=0.01)


@settings(max_examples=25)
@given(
    st.floats(0.0, 2.0),
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4),
    st.floats(0.0, 1.0),
    st.floats(-100.0, 2000.0),
)
def test_every_answer_is_a_clock_and_pure(
    part: float, tiers: list[float], slowdown: float, past_s: float
) -> None:
    site = HandMade(tuple(tiers))
    target = event(part * site.site_w)
    view = site.view(target.start_s + past_s, target)
    view = replace(view, jobs=tuple(replace(job, slowdown=slowdown) for job in view.jobs))
    policy = DemandResponse()
    memory = policy.start(PLANT)
    first, second = policy.decide(view, memory)[0], policy.decide(view, memory)[0]
    clock = first.gpu_clock_share
    if clock is not None:
        assert second.gpu_clock_share is not None
        np.testing.assert_array_equal(clock, second.gpu_clock_share)
        assert ((clock >= CLOCKS[0] - 1e-12) & (clock <= 1.0)).all()
    assert np.isnan(memory.full_w).all()


def test_parameters_have_a_schema_and_bounds() -> None:
    assert set(schema(DemandResponse)["properties"]) >= {"ramp_s", "margin", "knee"}
    with pytest.raises(InputError, match="margin"):
        made(DemandResponse, {"margin": 3.0})
