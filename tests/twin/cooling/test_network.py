"""Networks: closed forms, shut and non-return valves, lumped racks, and what fails says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from site_models.errors import InputError
from twin.cooling.network import Branch, Network, Pipe, PumpCurve, Setting
from twin.cooling.network_flow import Flow, equivalent, solve
from twin.unsolved import NotSolvedError

DENSITY, VISCOSITY = 1009.9, 1.353e-3
XDU = PumpCurve(476456.77, 0.092063e3 * 6e4, -0.000234e3 * 3.6e9)
RACK = {"square_pa_s2_per_kg2": 16943.0, "linear_pa_s_per_kg": 3665.7}


def racks(count: int, valve: float = 2e4, header: float = 1.0) -> Network:
    """Return a pump and racks behind valves between two headers."""
    branches = [Branch("pump", "in", "h-1", pump=XDU)]
    for i in range(count):
        behind = f"b{i - 1}" if i else "in"
        branches += [
            Branch(f"h{i}", f"h{i - 1}", f"h{i}", pipe=Pipe(header, 0.1)),
            Branch(f"rack{i}", f"h{i}", f"b{i}", **RACK, valve_pa_s2_per_kg2=valve),
            Branch(f"b{i}", f"b{i}", behind, pipe=Pipe(header, 0.1)),
        ]
    return Network(tuple(branches), "in")


def ladder(trays: int) -> Network:
    """Return a rack's manifold between the nodes s and r."""
    branches = []
    for i in range(trays):
        low, back = (f"s{i - 1}", f"r{i - 1}") if i else ("s", "r")
        branches += [
            Branch(f"s{i}", low, f"s{i}", pipe=Pipe(0.045, 0.044)),
            Branch(f"t{i}", f"s{i}", f"r{i}", 8e6, pipe=Pipe(1.2, 0.01)),
            Branch(f"r{i}", f"r{i}", back, pipe=Pipe(0.045, 0.044)),
        ]
    return Network(tuple(branches), "r")


def plain(network: Network, *shut: str) -> Setting:
    return network.setting(DENSITY, VISCOSITY, shut)


def by_name(network: Network, flow: Flow) -> dict[str, float]:
    names = (b.name for b in network.branches)
    return dict(zip(names, flow.flow_kg_per_s.tolist(), strict=True))


@given(st.floats(1.0, 1e8), st.floats(1.0, 1e8), st.floats(1e2, 1e6))
@settings(max_examples=50)
def test_parallel_branches_share_as_the_roots_of_their_resistances(
    one: float, two: float, lift_pa: float
) -> None:
    ways = (Branch("one", "a", "b", one), Branch("two", "a", "b", two))
    network = Network((*ways, Branch("lift", "b", "a", lift_pa=lift_pa)), "b")
    flows = solve(network, plain(network)).flow_kg_per_s
    assert flows[0] / flows[1] == pytest.approx(np.sqrt(two / one), rel=1e-6)
    assert flows[0] == pytest.approx(np.sqrt(lift_pa / one), rel=1e-6)


def test_nothing_is_lost_at_any_node_and_pressures_add_up() -> None:
    network = racks(8)
    flow = solve(network, plain(network, "rack3"))
    assert flow.mass_residual_kg_per_s < 1e-12
    pressure = dict(zip(network.nodes, flow.pressure_pa.tolist(), strict=True))
    head = pressure["h-1"]
    litres = by_name(network, flow)["pump"] / DENSITY
    curve = XDU.rest_pa + XDU.linear_pa_s_per_m3 * litres + XDU.square_pa_s2_per_m6 * litres**2
    assert head == pytest.approx(curve, rel=1e-9)
    assert pressure["in"] == 0.0
    assert head > pressure["h0"] > pressure["h7"] > pressure["b7"] > pressure["b0"] > 0.0


def test_a_rack_valved_off_stands_still_and_the_others_get_more() -> None:
    network = racks(8)
    before = by_name(network, solve(network, plain(network)))
    after = by_name(network, solve(network, plain(network, "rack3")))
    assert after["rack3"] == 0.0
    assert all(after[f"rack{i}"] > before[f"rack{i}"] for i in (0, 1, 2, 4, 5, 6, 7))
    assert after["pump"] < before["pump"]


@given(st.permutations(range(1, 19)), st.floats(0.2, 1.0))
@settings(max_examples=20)
def test_the_order_of_branches_does_not_matter(order: list[int], opening: float) -> None:
    network = racks(6)
    mixed = Network((network.branches[0], *(network.branches[i] for i in order)), "in")
    found = []
    for n in (network, mixed):
        setting = plain(n)
        setting.opening[n.index("rack2")] = opening
        found.append(by_name(n, solve(n, setting)))
    for name, kg_per_s in found[0].items():
        assert found[1][name] == pytest.approx(kg_per_s, rel=1e-8)


@given(st.floats(0.05, 0.95))
@settings(max_examples=20)
def test_half_speed_halves_every_flow_of_quadratic_branches(speed: float) -> None:
    ways = [Branch(f"w{i}", "a", "b", 1e4 * (i + 1)) for i in range(3)]
    network = Network((*ways, Branch("pump", "b", "a", pump=XDU)), "b")
    full = plain(network)
    slow = replace(full, speed=full.speed * speed)
    ratio = solve(network, slow).flow_kg_per_s / solve(network, full).flow_kg_per_s
    np.testing.assert_allclose(ratio, speed, rtol=1e-7)


def test_an_earlier_answer_saves_turns_and_changes_nothing() -> None:
    network = racks(8)
    setting = plain(network)
    first = solve(network, setting)
    assert solve(network, setting, first).turns == 0
    setting.opening[network.index("rack1")] = 0.7
    fresh, warm = solve(network, setting), solve(network, setting, first)
    assert warm.turns < fresh.turns
    np.testing.assert_allclose(warm.flow_kg_per_s, fresh.flow_kg_per_s, rtol=1e-8)
    shut = plain(network, "rack1")
    np.testing.assert_allclose(
        solve(network, shut, warm).flow_kg_per_s, solve(network, shut).flow_kg_per_s, rtol=1e-8
    )


def test_a_standing_pump_behind_its_non_return_valve_passes_next_to_nothing() -> None:
    pair = [Branch(f"pump{i}", "in", "out", 50.0, pump=XDU, non_return=True) for i in (0, 1)]
    network = Network((*pair, Branch("rest", "out", "in", 2e3)), "in")
    setting = plain(network)
    both = by_name(network, solve(network, setting))
    assert both["pump0"] == pytest.approx(both["pump1"])
    setting.speed[1] = 0.0
    one = by_name(network, solve(network, setting))
    assert -1e-3 < one["pump1"] <= 0.0
    assert 0.0 < one["rest"] < both["rest"]


def test_without_speed_everything_stands() -> None:
    network = racks(4)
    setting = plain(network)
    still = solve(network, replace(setting, speed=np.zeros(len(network.branches))))
    np.testing.assert_allclose(still.flow_kg_per_s, 0.0, atol=1e-6)


def test_a_node_that_nothing_reaches_has_no_pressure() -> None:
    network = Network((*racks(2).branches, Branch("spare", "far", "farther", 1.0)), "in")
    found = solve(network, plain(network)).pressure_pa
    assert np.isnan(found[network.nodes.index("far")])
    assert np.isfinite(found[network.nodes.index("b1")])


@pytest.mark.parametrize("drop_pa", [3e4, 6e4, 8e4, 12e4])
def test_a_rack_of_trays_is_one_resistance_within_half_a_percent(drop_pa: float) -> None:
    rack = ladder(27)
    square, linear = equivalent(rack, "s", "r", 1e5, plain(rack))
    drive = Branch("drive", "r", "s", lift_pa=drop_pa)
    whole = Network((*rack.branches, drive), "r")
    flow = by_name(whole, solve(whole, plain(whole)))["drive"]
    assert square * flow**2 + linear * flow == pytest.approx(drop_pa, rel=5e-3)


def test_racks_as_one_branch_each_flow_as_racks_of_trays() -> None:
    square, linear = equivalent(ladder(9), "s", "r", 1e5, plain(ladder(9)))
    lumped = Network(
        (Branch("rack", "s", "r", square, linear), Branch("p", "r", "s", lift_pa=1e5)), "r"
    )
    whole = Network((*ladder(9).branches, Branch("p", "r", "s", lift_pa=1e5)), "r")
    one, all_trays = (by_name(n, solve(n, plain(n)))["p"] for n in (lumped, whole))
    assert one == pytest.approx(all_trays, rel=1e-8)


def test_a_pump_without_a_way_back_is_named_with_what_is_shut() -> None:
    network = racks(3)
    with pytest.raises(
        InputError, match=r"no open way from pump 'pump' .*shut: rack0, rack1, rack2"
    ):
        solve(network, plain(network, "rack0", "rack1", "rack2"))


def test_a_part_without_a_way_through_is_told() -> None:
    rack = ladder(2)
    with pytest.raises(InputError, match="no open way from 's' to 'r'"):
        equivalent(rack, "s", "r", 1e5, plain(rack, "t0", "t1"))


def test_a_loop_without_resistance_is_named() -> None:
    network = Network((Branch("lift", "a", "b", lift_pa=1e5), Branch("gap", "b", "a")), "a")
    with pytest.raises(NotSolvedError, match=r"nothing resists the flow in the loop of lift, gap"):
        solve(network, plain(network))


def test_what_cannot_be_solved_names_its_loop_and_how_far_it_is() -> None:
    """Pressures beyond what a number holds."""
    ways = (Branch("wild", "a", "b", lift_pa=1e308), Branch("way", "b", "a", 1e-300))
    network = Network(ways, "a")
    with pytest.raises(NotSolvedError, match=r"the loop of wild, way \(nodes a, b\)"):
        solve(network, plain(network))


@pytest.mark.parametrize(
    ("branches", "message"),
    [
        ((Branch("x", "a", "b"), Branch("x", "b", "a")), "'x' is there twice"),
        ((Branch("x", "a", "a"),), "'x' ends where it starts, at 'a'"),
        ((Branch("x", "a", "b", -1.0),), "'x': expected finite resistances"),
        ((Branch("x", "a", "b", float("nan")),), "'x': expected finite resistances"),
        ((Branch("x", "a", "b", pipe=Pipe(0.0, 0.1)),), "'x': expected a pipe with length"),
        ((Branch("x", "a", "b", pump=PumpCurve(1e5, 0.0, 1.0)),), "'x': expected a curve"),
        ((Branch("x", "c", "b"),), "reference node 'a' is at no branch"),
    ],
)
def test_what_cannot_be_a_network_is_refused(branches: tuple[Branch, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Network(branches, "a")


@pytest.mark.parametrize("wrong", [-0.1, 1.5, float("nan")])
def test_an_impossible_opening_or_speed_names_its_branch(wrong: float) -> None:
    network = racks(2)
    for change in ("opening", "speed"):
        setting = plain(network)
        getattr(setting, change)[network.index("rack1")] = wrong
        with pytest.raises(InputError, match=f"'rack1': {change} .*expected 0..1"):
            solve(network, setting)
    with pytest.raises(InputError, match="density and viscosity"):
        solve(network, network.setting(DENSITY, 0.0))
    with pytest.raises(InputError, match="'pump9': not found"):
        network.index("pump9")
