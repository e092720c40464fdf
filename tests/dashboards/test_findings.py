"""What is wrong is said once for each piece of equipment, worst first."""

from dataclasses import replace
from typing import Any

import numpy as np

from controllers.snapshot import Snapshot
from dashboards.closest import closest
from dashboards.findings import Finding, Severity, findings, level_of
from dashboards.index import Index
from dashboards.summary import summarise
from tests.fakes.small_world import SmallWorld, small_snapshot
from twin.fabric.links import with_links
from twin.physics.clocks import SW_THERMAL
from twin.state import INFERRED

WORLD = SmallWorld()
INDEX = Index(WORLD.plant)


def shot(**changes: Any) -> Snapshot:
    """Return a cool, idle snapshot with fields of its state, or of itself, replaced."""
    base = small_snapshot(WORLD.plant, 1, 0.0, WORLD.supervisor)
    of_state = {name: value for name, value in changes.items() if name in base.state._fields}
    own = {name: value for name, value in changes.items() if name not in of_state}
    return replace(base, state=base.state._replace(**of_state), **own)


def found(**changes: Any) -> list[Finding]:
    return list(findings(INDEX, summarise(INDEX, shot(**changes), 0.0)))


def test_nothing_is_wrong_with_an_idle_site() -> None:
    assert [one for one in found() if one.severity is not Severity.NOTE] == []


def test_gpus_over_their_limit_are_one_line_for_each_rack() -> None:
    temp_c = np.full(48, 50.0)
    temp_c[0:3], temp_c[17] = 90.0, 86.0
    first, second = [one for one in found(gpu_temp_c=temp_c) if one.where in ("r0", "r1")]
    assert first.severity is Severity.OVER
    assert first.what.startswith("3 GPUs over the limit of 88 °C")
    assert first.href == "/rack?id=r0"
    assert second.severity is Severity.NEAR
    assert second.what.startswith("1 GPU near the limit")


def test_a_value_at_its_limit_is_near_and_beyond_it_over() -> None:
    assert level_of(0.0, 1.0) is Severity.NEAR
    assert level_of(-1e-9, 1.0) is Severity.OVER
    assert level_of(2.0, 1.0) is Severity.NOTE
    assert level_of(float("nan"), 1.0) is Severity.NOTE


def test_loads_coolant_and_health_are_told() -> None:
    state = shot().state
    power_w, supply_c = state.feed_power_w.copy(), state.circuit_supply_c.copy()
    power_w[1], supply_c[1] = 120_000.0, 46.5
    lines = found(feed_power_w=power_w, circuit_supply_c=supply_c, health=("gap of 300 s",))
    told = {one.where: (one.severity, one.what) for one in lines}
    assert told["ups"] == (Severity.OVER, "carries 120.0 kW of 110.0 kW rated (109 %)")
    assert told["tcs0"] == (Severity.NEAR, "supply 46.5 °C, limit 47.0 °C")
    assert told["health"] == (Severity.NEAR, "gap of 300 s")


def test_a_ups_on_battery_and_a_tripped_feed_are_told_and_what_hangs_below_is_not() -> None:
    lines = found(
        feed_on_battery=np.array([0.0, 1.0, 0.0, 0.0, 0.0]),
        feed_live=np.array([0.0, 1.0, 0.0, 1.0, 0.0]),
        feed_open=np.array([0.0, 0.0, 1.0, 0.0, 0.0]),
    )
    told = {one.where: (one.severity, one.what) for one in lines}
    assert told["utility"] == (Severity.OVER, "gives no power")
    assert told["ups"][0] is Severity.NEAR
    assert told["ups"][1].startswith("on battery, 100 %, ")
    assert told["pdu-a"][1] == "tripped; open until it is reset"
    assert "mech" not in told


def test_the_worst_comes_first() -> None:
    severities = [one.severity for one in found(rack_power_w=np.array([31e3, 29e3, 1e3]))]
    assert severities == sorted(severities, reverse=True)
    assert severities[:2] == [Severity.OVER, Severity.NEAR]


def test_inferred_power_is_said() -> None:
    inputs = shot().inputs
    basis = np.full(48, INFERRED)
    lines = found(inputs=inputs._replace(gpu_power_basis=basis))
    assert any("48 GPUs inferred from the node's meter" in one.what for one in lines)


def test_what_stands_closest_comes_first_and_every_kind_has_a_line() -> None:
    summary = summarise(INDEX, shot(rack_power_w=np.array([29.5e3, 1e3, 1e3])), 0.0)
    lines = closest(INDEX, summary)
    assert (lines[0].where, lines[0].severity) == ("r0", Severity.NEAR)
    assert lines[0].what == "29.5 of 30.0 kW"
    assert [one.share for one in lines] == sorted((one.share for one in lines), reverse=True)
    assert any(one.where.startswith("gpu") for one in lines)


def test_of_equals_the_first_is_closest_as_on_the_card_and_leads_to_its_rack() -> None:
    temp_c = np.full(48, 60.0)
    summary = summarise(INDEX, shot(gpu_temp_c=temp_c), 0.0)
    name = WORLD.plant.gpu_names[summary.worst_gpu]
    lines = {one.where: one for one in closest(INDEX, summary, most=99)}
    assert name in lines
    rack = WORLD.plant.rack_names[int(INDEX.rack_of_gpu[summary.worst_gpu])]
    assert lines[name].href == f"/rack?id={rack}"
    assert (lines["r0"].kind, lines["r0"].href) == ("power", "/rack?id=r0")


def test_links_down_or_slow_are_one_finding_with_its_page() -> None:
    ill = with_links(with_links(WORLD.plant, np.array([48]), 0.0), np.array([3, 4]), 0.5)
    told = [(one.what, one.href) for one in found(plant=ill) if one.where == "fabric"]
    assert told == [("links: 1 down, 2 slow", "/fabric")]


def test_gpus_that_turned_themselves_off_are_told_although_they_are_cool() -> None:
    off = np.zeros(48, dtype=np.bool_)
    off[:16] = True
    (line,) = [one for one in found(gpu_off=off) if one.severity is Severity.OVER]
    assert (line.where, line.href, line.word) == ("GPUs", "/rack?id=r0", "Down")
    assert line.what == "16 turned themselves off at their shutdown temperature, in r0"


def test_gpus_without_power_are_one_line_for_all_racks() -> None:
    power_w = shot().state.gpu_power_w.copy()
    power_w[4:20] = 0.0
    (line,) = [one for one in found(gpu_power_w=power_w) if one.severity is Severity.OVER]
    assert line.what == "16 draw no power, in r0 and 1 more"


def test_a_loop_without_flow_names_the_racks_that_it_leaves_dry() -> None:
    flow = shot().state.rack_flow_kg_per_s.copy()
    flow[:2] = 0.0
    told = [one.what for one in found(rack_flow_kg_per_s=flow) if one.severity is Severity.OVER]
    assert any(what.startswith("no coolant runs through r0") for what in told)


def test_a_unit_that_fails_is_told_and_one_built_out_of_service_is_not() -> None:
    units = WORLD.plant.arrays.exchangers
    without = units._replace(in_service=np.zeros_like(units.in_service))
    failed = replace(WORLD.plant, arrays=WORLD.plant.arrays._replace(exchangers=without))
    told = {one.where: one.what for one in found(plant=failed) if one.severity is Severity.OVER}
    assert set(told) == set(WORLD.plant.exchanger_names)
    assert set(told.values()) == {"failed"}
    shown = summarise(Index(failed), replace(shot(), plant=failed), 0.0)
    assert [one for one in findings(Index(failed), shown) if one.severity is Severity.OVER] == []


def test_clocks_that_heat_holds_down_are_one_line() -> None:
    bits = np.zeros(48, dtype=np.int64)
    bits[3:9] = SW_THERMAL
    (line,) = [one for one in found(gpu_event_reasons=bits) if one.severity is Severity.NEAR]
    assert (line.where, line.what) == (
        "GPUs",
        "6 slow themselves down by temperature, in r0",
    )
