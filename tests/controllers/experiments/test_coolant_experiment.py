"""The coolant experiment: weeks by their rule, work the same for all, a rule that answers asks."""

from dataclasses import replace

import numpy as np

from controllers.cooling.reset_by_need import CoolantReset
from controllers.experiments.coolant_reset.baselines import Fixed
from controllers.experiments.coolant_reset.findings import findings
from controllers.experiments.coolant_reset.loads import draws, week_of_work
from controllers.experiments.coolant_reset.play import play
from controllers.experiments.coolant_reset.trials import (
    FIXED,
    FLOW_FIRST,
    OURS,
    TEMPERATURE_FIRST,
    Trial,
)
from controllers.experiments.coolant_reset.trim_and_respond import TrimAndRespond
from controllers.experiments.coolant_reset.weeks import spans
from tests.fakes.small_plant import small_plant, small_state
from tests.fakes.small_run import view_of

PLANT = small_plant()
HOUR_S = 3600.0


def test_weeks_are_those_of_their_rule_and_short_spans_their_middle() -> None:
    hot, cool = spans(None, 7)
    assert hot.mean_wet_bulb_c > 23.0 > 5.0 > cool.mean_wet_bulb_c
    mean_c = np.mean([wet_c for _, wet_c in hot.hours()])
    np.testing.assert_allclose(mean_c, hot.mean_wet_bulb_c)
    middle, _ = spans(None, 1)
    assert middle.start_s == hot.start_s + 3 * 86_400.0
    assert middle.week_s == hot.week_s


def test_work_is_the_same_for_all_and_within_what_gpus_can_draw() -> None:
    first, again = week_of_work(PLANT, 1), week_of_work(PLANT, 1)
    np.testing.assert_array_equal(first, again)
    assert first.shape == (1440, 3)
    assert 0.2 < first.mean() < 0.9
    gpus = PLANT.arrays.gpus
    for minute in (0, 700):
        gpu_w, rack_w = draws(PLANT, first[minute])
        assert np.all(gpu_w >= gpus.idle_power_w)
        assert np.all(gpu_w <= gpus.power_max_w)
        assert np.all(rack_w == 0.0)


def rule(flow_first: bool = False) -> TrimAndRespond:
    coldest_c = PLANT.arrays.exchangers.setpoint_c - 5.0
    return TrimAndRespond(coldest_c, CoolantReset(), flow_first=flow_first)


def test_trim_and_respond_trims_what_nobody_asks_for_after_its_delay() -> None:
    policy = rule()
    view = replace(view_of(PLANT, small_state(PLANT, 0.3)), dt_s=60.0)
    memory = policy.start(PLANT)
    for _ in range(14):
        _, memory = policy.decide(view, memory)
    assert memory.loop[1] == 1.0
    _, memory = policy.decide(view, memory)
    np.testing.assert_allclose(memory.loop[1], 0.98)
    np.testing.assert_allclose(memory.water[2], 0.98)


def test_trim_and_respond_answers_racks_whose_valves_stand_open_until_they_close() -> None:
    policy = rule()
    state = small_state(PLANT, 0.3)
    wide = replace(
        view_of(PLANT, state._replace(rack_valve=np.array([0.97, 0.5, 0.0]))), dt_s=300.0
    )
    held = replace(
        view_of(PLANT, state._replace(rack_valve=np.array([0.90, 0.5, 0.0]))), dt_s=300.0
    )
    memory = policy.start(PLANT)._replace(loop=np.full(4, 0.5), waited_s=0.0)
    for view, after in ((wide, 0.51), (held, 0.52)):
        _, memory = policy.decide(view, memory)
        np.testing.assert_allclose(memory.loop[1], after)


def test_the_two_orders_of_the_rule_give_up_warmth_or_flow_first() -> None:
    view = replace(view_of(PLANT, small_state(PLANT, 0.3)), dt_s=1.0)
    for flow_first in (False, True):
        policy = rule(flow_first)
        memory = policy.start(PLANT)._replace(loop=np.full(4, 0.5), waited_s=-1e3)
        decision, _ = policy.decide(view, memory)
        assert decision.facility is not None
        assert (decision.facility.circuit_flow_share[1] < 1.0) == flow_first
        coldest_c = policy.coldest_c[0]
        assert (decision.facility.exchanger_setpoint_c[0] == coldest_c) == flow_first


def test_an_hour_of_every_policy_adds_up_and_is_judged() -> None:
    span, _ = spans(None, 1)
    work = week_of_work(PLANT, 1)
    policies = {
        FIXED: Fixed(PLANT.arrays.exchangers.setpoint_c.copy()),
        TEMPERATURE_FIRST: rule(),
        FLOW_FIRST: rule(True),
        OURS: CoolantReset(),
    }
    done = [
        Trial("small", span, name, play(PLANT, policy, span, work, HOUR_S, HOUR_S), 34.0)
        for name, policy in policies.items()
    ]
    for one in done:
        use = one.played.use
        assert use.cooling_j == sum(use.parts_j.values())
        assert use.site_j > use.it_j + use.cooling_j
        assert len(one.played.hour) == 1
        np.testing.assert_allclose(one.played.cooling_w[0] * HOUR_S, use.cooling_j)
    judged = list(findings(done))
    assert [line.status for line in judged if "nearest GPU" in line.name] == ["reached"]
    assert [line.status for line in judged if "fastest" in line.name] == ["reached"] * 2
