"""How a network flows: the steady solution, and a part of it as one resistance."""

import math
from dataclasses import dataclass

import numpy as np

from site_models.arrays import Flags, Floats
from site_models.errors import InputError
from twin.cooling.network import Branch, Network, Setting, check_setting
from twin.cooling.network_loops import Tree, find_tree, pressures_pa, through
from twin.physics.loop_flow import NO_RESISTANCE, SOLVED, Laws, settle_loops
from twin.unsolved import NotSolvedError

FIRST_FLOW_KG_PER_S = 0.1
"""Where the search starts in a loop of which nothing is known."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A steady flow."""

    flow_kg_per_s: Floats
    """By branch, in its direction; exactly 0 where shut."""
    pressure_pa: Floats
    """By node, over the reference node; NaN where no open way leads to it."""
    mass_residual_kg_per_s: float
    """Largest imbalance of any node."""
    turns: int
    """Newton steps taken."""
    open: Flags
    tree: Tree


def solve(network: Network, setting: Setting, start: Flow | None = None) -> Flow:
    """Return the steady flow; `start`, an earlier answer, saves turns.

    Raises InputError for an impossible setting or a running pump without an open way back to
    its inlet, NotSolvedError if the pressures of some loop cannot be closed.
    Checked against WNTR in ``benchmarks/validation/hydraulics.py``, against closed forms and
    for its messages in ``tests/twin/cooling/test_network.py``.
    """
    check_setting(network, setting)
    is_open = setting.opening > 0.0
    if start is not None and np.array_equal(start.open, is_open):
        tree = start.tree
    else:
        late = np.array([b.non_return for b in network.branches])
        root = network.nodes.index(network.reference)
        tree = find_tree(network.start, network.end, is_open, late, root, len(network.nodes))
    _check_pumps(network, setting, is_open, tree)
    circulation = np.full(tree.loops.total, FIRST_FLOW_KG_PER_S)
    if start is not None:
        circulation[:] = start.flow_kg_per_s[tree.chords]
    flow, loss_pa = np.zeros(len(network.branches)), np.zeros(len(network.branches))
    outcome, turns, worst = settle_loops(
        laws_of(network, setting), tree.loops, circulation, flow, loss_pa
    )
    if outcome != SOLVED:
        raise NotSolvedError(_why(network, tree, outcome, turns, worst, loss_pa))
    return Flow(
        flow_kg_per_s=flow,
        pressure_pa=pressures_pa(network.start, network.end, loss_pa, tree),
        mass_residual_kg_per_s=_imbalance(network, flow),
        turns=turns,
        open=is_open,
        tree=tree,
    )


def laws_of(network: Network, setting: Setting) -> Laws:
    """Return the pressure laws of all branches as set, for the compiled solver."""
    rho, mu = setting.density_kg_per_m3, setting.viscosity_pa_s
    count = len(network.branches)
    square, linear, source, pipe_square = np.zeros((4, count))
    reynolds, roughness = np.ones(count), np.zeros(count)
    for b, branch in enumerate(network.branches):
        square[b] = branch.square_pa_s2_per_kg2
        if setting.opening[b] > 0.0:
            square[b] += branch.valve_pa_s2_per_kg2 / setting.opening[b] ** 2
        linear[b], source[b] = branch.linear_pa_s_per_kg, branch.lift_pa
        if branch.pump is not None:
            n = setting.speed[b]
            square[b] -= branch.pump.square_pa_s2_per_m6 / rho**2
            linear[b] -= n * branch.pump.linear_pa_s_per_m3 / rho
            source[b] += n * n * branch.pump.rest_pa
        if branch.pipe is not None:
            pipe = branch.pipe
            pipe_square[b] = 8.0 * pipe.length_m / (math.pi**2 * rho * pipe.diameter_m**5)
            reynolds[b] = 4.0 / (math.pi * pipe.diameter_m * mu)
            roughness[b] = pipe.roughness_m / pipe.diameter_m
    late = np.array([b.non_return for b in network.branches])
    return Laws(square, linear, source, pipe_square, reynolds, roughness, late)


def equivalent(
    network: Network, inlet: str, outlet: str, drop_pa: float, setting: Setting
) -> tuple[float, float]:
    """Return K [Pa s2/kg2] and K1 [Pa s/kg] of all that lies between two nodes.

    Exact at `drop_pa` and at a quarter of it, about full and half flow; a rack of many trays
    becomes one branch. Misfit between them: ``tests/twin/cooling/test_network.py``.
    """
    flows = []
    for lift_pa in (drop_pa, 0.25 * drop_pa):
        drive = Branch("between its ends", outlet, inlet, lift_pa=lift_pa)
        whole = Network((*network.branches, drive), outlet)
        driven = Setting(
            np.append(setting.opening, 1.0),
            np.append(setting.speed, 0.0),
            setting.density_kg_per_m3,
            setting.viscosity_pa_s,
        )
        flows.append(float(solve(whole, driven).flow_kg_per_s[-1]))
    if min(flows) <= 0.0:
        raise InputError(f"network: no open way from {inlet!r} to {outlet!r}")
    full, half = drop_pa / flows[0], 0.25 * drop_pa / flows[1]
    square = (full - half) / (flows[0] - flows[1])
    return square, full - square * flows[0]


def _imbalance(network: Network, flow_kg_per_s: Floats) -> float:
    net = np.zeros(len(network.nodes))
    np.add.at(net, network.end, flow_kg_per_s)
    np.subtract.at(net, network.start, flow_kg_per_s)
    return float(np.max(np.abs(net)))


def _check_pumps(network: Network, setting: Setting, is_open: Flags, tree: Tree) -> None:
    for b, branch in enumerate(network.branches):
        runs = branch.pump is not None and setting.speed[b] > 0.0 and is_open[b]
        if runs and not through(tree.loops, b):
            shut = [x.name for x, o in zip(network.branches, is_open, strict=True) if not o]
            raise InputError(
                f"network: no open way from pump {branch.name!r} ({branch.end!r}) back to its "
                f"inlet {branch.start!r}; shut: {', '.join(shut[:8]) or 'nothing'}"
            )


def _why(
    network: Network, tree: Tree, outcome: int, turns: int, worst: int, loss_pa: Floats
) -> str:
    around = [b for b in range(loss_pa.size) if worst in through(tree.loops, b)]
    names = ", ".join(network.branches[b].name for b in around[:12])
    nodes = ", ".join(network.nodes[network.start[b]] for b in around[:12])
    if outcome == NO_RESISTANCE:
        return f"network: nothing resists the flow in the loop of {names} (nodes {nodes})"
    signs = {b: tree.loops.sign[tree.loops.first[b] + through(tree.loops, b).index(worst)]
             for b in around}  # fmt: skip
    left_pa = sum(signs[b] * loss_pa[b] for b in around)
    return (
        f"network: not solved after {turns} turns: the loop of {names} (nodes {nodes}) "
        f"stays open by {left_pa:.3g} Pa"
    )
