"""Network flows against WNTR, continuity, and two parallel branches."""

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.cooling_networks import (
    RACKS,
    cdu_loop,
    flows_by_wntr,
    grid,
    set_out,
    tray_rungs,
    valve_loop,
)
from benchmarks.evidence import Evidence
from twin.cooling.network import Branch, Network, Setting
from twin.cooling.network_flow import Flow, equivalent, solve

EPANET = "EPANET 2.2 by WNTR, Darcy-Weisbach, Swamee-Jain with Dunlop's cubic on both sides"
OWN = "WNTR's own simulator, K m|m| on both sides"
CASES: tuple[tuple[str, str, Callable[[], Network], tuple[str, ...], bool], ...] = (
    ("grid of 11 pipes between two vessels, laminar to turbulent", EPANET, grid, (), False),
    ("CDU loop, 8 racks of 27 trays, rack 3 shut", EPANET, cdu_loop, ("valve3",), False),
    ("pump and three racks behind throttled valves", OWN, valve_loop, (), True),
)
RACK_DROP_PA = 120e3
"""About what a rack of that loop has between its headers."""
FLOWING_KG_PER_S = 1e-6
"""Shut branches are not compared: EPANET lets 1e-5 kg/s through them, here it is 0."""


def rows() -> Iterator[Evidence]:
    """Yield the rows of this subject."""
    solved = []
    for name, reference, build, shut, own_solver in CASES:
        network = build()
        setting = set_out(network, shut)
        flow = solve(network, setting)
        solved.append(flow)
        baseline = _by_racks(network, flow, shut) if build is cdu_loop else ""
        yield _against_wntr(name, reference, network, setting, flow, own_solver, baseline)
    yield Evidence.at_most(
        "Continuity at every node of these three networks",
        "what flows in flows out",
        max(f.mass_residual_kg_per_s for f in solved),
        1e-9,
        "kg/s",
    )
    yield _parallel()


def _against_wntr(
    name: str,
    reference: str,
    network: Network,
    setting: Setting,
    flow: Flow,
    own_solver: bool,
    baseline: str,
) -> Evidence:
    """Return the largest error of any branch's flow, relative to that flow."""
    name = f"Branch flows: {name}"
    try:
        theirs = flows_by_wntr(network, setting, own_solver)
    except ImportError as missing:
        return Evidence.skipped(name, reference, f"WNTR cannot be imported: {missing}")
    known = np.isfinite(theirs) & (np.abs(flow.flow_kg_per_s) > FLOWING_KG_PER_S)
    worst = float(np.max(np.abs(flow.flow_kg_per_s[known] / theirs[known] - 1.0)))
    return Evidence.at_most(name, reference, worst, 1e-4, "of the flow", baseline)


def _by_racks(network: Network, flow: Flow, shut: tuple[str, ...]) -> str:
    """Return how far the racks' flows are when each rack is one K and K1."""
    rack = Network(tuple(tray_rungs("k0")), "k0r")
    lumped = cdu_loop(equivalent(rack, "k0s", "k0r", RACK_DROP_PA, set_out(rack)))
    found = solve(lumped, set_out(lumped, shut))
    valves = [f"valve{i}" for i in range(RACKS) if f"valve{i}" not in shut]
    one = np.array([found.flow_kg_per_s[lumped.index(v)] for v in valves])
    all_trays = np.array([flow.flow_kg_per_s[network.index(v)] for v in valves])
    worst = np.max(np.abs(one / all_trays - 1.0))
    return (
        f"a rack as one K and K1, {len(lumped.branches)} branches: {worst:.1g} of the rack's flow"
    )


def _parallel() -> Evidence:
    """Return the error of m1/m2 = sqrt(K2/K1) for two ways of 3e4 and 7e5 Pa s2/kg2."""
    ways = (Branch("one", "a", "b", 3e4), Branch("two", "a", "b", 7e5))
    network = Network((*ways, Branch("drive", "b", "a", lift_pa=5e4)), "b")
    one, two, _ = solve(network, set_out(network)).flow_kg_per_s
    return Evidence.at_most(
        "Two parallel branches: m1/m2 over sqrt(K2/K1), less 1",
        "closed form",
        float(abs(one / two / np.sqrt(7e5 / 3e4) - 1.0)),
        1e-9,
        "",
    )
