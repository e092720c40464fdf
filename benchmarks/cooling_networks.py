"""Networks of a cooling system that are solved twice: by the twin and by WNTR.

WNTR runs two solvers: EPANET 2.2, the only one with Darcy and Weisbach's law, and its own
simulator, which then is given resistances K only. Each side gets the same numbers; EPANET's
own constants (gravity 32.2 ft/s2, 0.02517 for minor losses, viscosity in 1.1e-5 ft2/s) are
used to say them in its terms.
"""

import contextlib
import importlib
import io
import math
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from site_models.arrays import Floats
from site_models.catalog import open_catalog
from site_models.kinds.flow_curve import FlowCurve
from twin.cooling.network import Branch, Network, Pipe, PumpCurve, Setting
from twin.physics.hydraulics import curve_through, kv_square

DENSITY_KG_PER_M3 = 1009.9
"""PG25 at 40 C."""
FOOT_M = 0.3048
EPANET_VISCOSITY_M2_PER_S = 1.1e-5 * FOOT_M**2
RELATIVE_VISCOSITY = 1.311
"""PG25 at 40 C in EPANET's unit: 1.3397e-6 m2/s."""
VISCOSITY_PA_S = RELATIVE_VISCOSITY * EPANET_VISCOSITY_M2_PER_S * DENSITY_KG_PER_M3
FALLING_FLOWS_M3_PER_S = np.arange(200.0, 1401.0) / 6e4
"""EPANET refuses a pump curve that rises, as the XDU1350's does below 197 L/min, and draws
straight lines between points: it gets the falling part in steps of 1 L/min."""
TRAYS, SWITCHES, RACKS = 18, 9, 8
"""Of an NVL72 rack, and racks on one CDU."""


def catalog_curve(name: str) -> tuple[float, float, float]:
    """Return rest [Pa], linear [Pa s/m3] and square term [Pa s2/m6] of a catalog curve."""
    found = open_catalog().get(FlowCurve, name)
    linear, square = curve_through(
        float(found.rest_pa),
        float(found.first_flow_m3_per_s),
        float(found.first_pa),
        float(found.second_flow_m3_per_s),
        float(found.second_pa),
    )
    return float(found.rest_pa), linear, square


def set_out(network: Network, shut: tuple[str, ...] = ()) -> Setting:
    """Return the setting with PG25 at 40 C and every other valve open."""
    return network.setting(DENSITY_KG_PER_M3, VISCOSITY_PA_S, shut)


def grid() -> Network:
    """Return a grid of pipes between two vessels: laminar, in transition and turbulent."""
    pipes = (
        ("a", "high", "p", 6.0, 0.025), ("b", "p", "q", 4.0, 0.016), ("c", "p", "r", 3.0, 0.012),
        ("d", "q", "s", 5.0, 0.010), ("e", "r", "s", 4.0, 0.020), ("f", "q", "r", 2.0, 0.032),
        ("g", "s", "t", 6.0, 0.025), ("h", "p", "s", 30.0, 0.008), ("i", "t", "u", 2.0, 0.020),
        ("j", "t", "u", 9.0, 0.006), ("k", "u", "low", 4.0, 0.025),
    )  # fmt: skip
    branches = [Branch(n, s, e, pipe=Pipe(x, d, 4.5e-5)) for n, s, e, x, d in pipes]
    vessels = [
        Branch("upper vessel", "floor", "high", lift_pa=6.0e4),
        Branch("lower vessel", "floor", "low", lift_pa=1.2e4),
    ]
    return Network((*branches, *vessels), "floor")


def tray_rungs(rack: str) -> list[Branch]:
    """Return a rack's manifold: 27 trays between two headers, each a hose with its couplings.

    A compute tray passes about 5.6 and a switch tray 2 L/min at 80 kPa (ENGINEERING section 3);
    headers of 44 mm run up the rack with a tray every 45 mm.
    """
    rungs = []
    for i in range(TRAYS + SWITCHES):
        tray = i < TRAYS // 2 or i >= TRAYS // 2 + SWITCHES
        low, high = (f"{rack}s{i - 1}", f"{rack}s{i}") if i else (f"{rack}s", f"{rack}s0")
        back, out = (f"{rack}r{i - 1}", f"{rack}r{i}") if i else (f"{rack}r", f"{rack}r0")
        hose = Pipe(1.2, 0.0098) if tray else Pipe(1.2, 0.0064)
        plates = kv_square(0.39 if tray else 0.14, DENSITY_KG_PER_M3)
        rungs += [
            Branch(f"{rack}s{i}", low, high, pipe=Pipe(0.045, 0.044)),
            Branch(f"{rack}t{i}", high, out, plates, pipe=hose),
            Branch(f"{rack}r{i}", out, back, pipe=Pipe(0.045, 0.044)),
        ]
    return rungs


def cdu_loop(rack: tuple[float, float] | None = None) -> Network:
    """Return an XDU1350 with eight racks on two headers, every tray a branch: 681 branches.

    Each rack hangs on the headers by a valve (Kv 12) and its hoses; between racks 0.75 m of
    pipe. With K and K1 given, `rack` stands for the 27 trays of each.
    """
    branches = [Branch("pump", "in", "h-1", pump=PumpCurve(*catalog_curve("xdu1350")))]
    valve = kv_square(12.0, DENSITY_KG_PER_M3)
    for i in range(RACKS):
        behind = f"b{i - 1}" if i else "in"
        k = f"k{i}"
        trays = [Branch(f"{k}t", f"{k}s", f"{k}r", *rack)] if rack else tray_rungs(k)
        branches += [
            Branch(f"h{i}", f"h{i - 1}", f"h{i}", pipe=Pipe(0.75, 0.082, 4.5e-5)),
            Branch(f"valve{i}", f"h{i}", f"{k}s", valve),
            *trays,
            Branch(f"hose{i}", f"{k}r", f"b{i}", pipe=Pipe(2.5, 0.038)),
            Branch(f"b{i}", f"b{i}", behind, pipe=Pipe(0.75, 0.082, 4.5e-5)),
        ]
    return Network(tuple(branches), "in")


def valve_loop() -> Network:
    """Return a pump and three racks in parallel behind throttled valves: K m|m| only."""
    pump = PumpCurve(320.0e3, 0.0, -80.0e3 / 0.008**2)
    branches = [Branch("pump", "in", "out", pump=pump), Branch("main", "out", "row", 300.0)]
    for i, opening in enumerate((1.0, 0.6, 0.35)):
        throttled = kv_square(9.0 * opening, DENSITY_KG_PER_M3)
        branches += [
            Branch(f"valve{i}", "row", f"s{i}", throttled),
            Branch(f"rack{i}", f"s{i}", "back", (1.0 + 0.2 * i) * 1.7e4),
        ]
    branches.append(Branch("return", "back", "home", 250.0))
    return Network((*branches, Branch("filter", "home", "in", 90.0)), "in")


def flows_by_wntr(network: Network, setting: Setting, own_solver: bool = False) -> Floats:
    """Return the mass flow of every branch that WNTR finds [kg/s]; NaN for lifts.

    Raises ImportError without WNTR.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wntr: Any = importlib.import_module("wntr")
        model, heads_per_pa = _model(wntr, network, own_solver)
        _add_links(wntr, model, network, setting, heads_per_pa)
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            if own_solver:
                solver = wntr.sim.WNTRSimulator(model)
                results = solver.run_sim(
                    solver_options={"TOL": 1e-12, "MAXITER": 500}, convergence_error=True
                )
            else:
                solver = wntr.sim.EpanetSimulator(model)
                results = solver.run_sim(str(Path(folder) / "run"), convergence_error=True)
    flows = results.link["flowrate"].iloc[0]
    return np.array(
        [
            float(flows[f"l{b}"]) * setting.density_kg_per_m3 if f"l{b}" in flows else math.nan
            for b in range(len(network.branches))
        ]
    )


def _model(wntr: Any, network: Network, own_solver: bool) -> tuple[Any, float]:
    """Return an empty model with the nodes, and its metres of head per pascal."""
    gravity = 9.81 if own_solver else 32.2 * FOOT_M
    heads_per_pa = 1.0 / (DENSITY_KG_PER_M3 * gravity)
    model = wntr.network.WaterNetworkModel()
    options = model.options.hydraulic
    options.inpfile_units, options.headloss = "LPM", "H-W" if own_solver else "D-W"
    options.viscosity, options.accuracy, options.trials = RELATIVE_VISCOSITY, 1e-8, 500
    options.headerror, options.flowchange = 1e-7, 1e-9
    model.options.time.duration = 0
    vessels = {b.end: b.lift_pa for b in network.branches if b.lift_pa}
    if any(b.pump for b in network.branches):
        vessels[network.reference] = 0.0
    for n, node in enumerate(network.nodes):
        if node in vessels:
            model.add_reservoir(f"n{n}", base_head=vessels[node] * heads_per_pa)
        elif not (node == network.reference and vessels):
            model.add_junction(f"n{n}", base_demand=0.0, elevation=0.0)
    return model, heads_per_pa


def _add_links(
    wntr: Any, model: Any, network: Network, setting: Setting, heads_per_pa: float
) -> None:
    own_solver = model.options.hydraulic.headloss == "H-W"
    rho = setting.density_kg_per_m3
    minor = 8.0 / (9.81 * math.pi**2) if own_solver else 0.02517 / FOOT_M
    for b, branch in enumerate(network.branches):
        ends = (f"l{b}", f"n{network.start[b]}", f"n{network.end[b]}")
        status = "OPEN" if setting.opening[b] > 0.0 else "CLOSED"
        diameter_m = branch.pipe.diameter_m if branch.pipe else 0.04
        loss = branch.square_pa_s2_per_kg2 * rho**2 * heads_per_pa * diameter_m**4 / minor
        if branch.lift_pa:
            continue
        if branch.pump:
            curve = branch.pump
            flows = np.array([8e-3]) if own_solver else FALLING_FLOWS_M3_PER_S
            head_pa = curve.rest_pa + curve.linear_pa_s_per_m3 * flows
            head_pa = head_pa + curve.square_pa_s2_per_m6 * flows**2
            points = list(zip(flows.tolist(), (head_pa * heads_per_pa).tolist(), strict=True))
            model.add_curve("head", "HEAD", points)
            model.add_pump(*ends, "HEAD", "head")
        elif branch.pipe:
            pipe = branch.pipe
            model.add_pipe(*ends, pipe.length_m, pipe.diameter_m, pipe.roughness_m, loss, status)
        else:
            model.add_valve(*ends, diameter_m, "TCV", 0.0, loss, "OPEN")
            valve = model.get_link(ends[0])
            valve.initial_setting, valve.minor_loss = loss, 0.0
            valve.initial_status = "ACTIVE" if setting.opening[b] > 0.0 else "CLOSED"
