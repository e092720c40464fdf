"""The kernel's towers and water-cooled chillers at rest, against golden numbers and by hand.

The plant is `superpod-h100` without economisers; flows, ratings and setpoints are set so that
it comes to rest in the state that a golden number is for.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.evidence import Evidence
from site_models.compile import compile_site
from site_models.plant import Plant, freeze
from twin.start import rated_inputs
from twin.state import State
from twin.steady import steady

LIMIT_PERCENT = 0.1
YORK_GOLDEN = ((25.56, 5.56, 3.843), (25.56, 10.0, 6.039))
"""Wet bulb [C], range, approach [K] at rated flows."""
CHILLER_GOLDEN = ((8.89, 26.67, 80.2e3), (12.78, 20.0, 82.8e3))
"""Leaving, entering water [C], power at full load [W] of a 471.2 kW machine."""
RATED_W = 471.2e3


def tower_rows() -> Iterator[Evidence]:
    """Yield the approach of the kernel's towers at rest, full fans, range and wet bulb given."""
    for wet_bulb_c, range_k, golden_k in YORK_GOLDEN:
        plant = without_economisers()
        state = tower_at_rest(plant, wet_bulb_c, range_k)
        cw = plant.circuit_names.index("cw")
        approach_k = float(state.circuit_supply_c[cw]) - wet_bulb_c
        found_k = float(state.circuit_return_c[cw] - state.circuit_supply_c[cw])
        yield Evidence.at_most(
            f"tower in the kernel at rest: approach at {wet_bulb_c} C and {range_k} K",
            f"golden {golden_k} K, ENGINEERING 3", 100.0 * abs(approach_k / golden_k - 1.0),
            LIMIT_PERCENT, "%", f"range at rest {found_k:.4f} K",
        )  # fmt: skip


def chiller_rows() -> Iterator[Evidence]:
    """Yield the power of the kernel's chillers at rest and full load, both waters given."""
    for leaving_c, entering_c, golden_w in CHILLER_GOLDEN:
        plant, state = chillers_at_rest(leaving_c, entering_c)
        scale = float(plant.arrays.chillers.capacity_w[0]) / RATED_W
        power_w = float(state.chiller_power_w[0]) / scale
        yield Evidence.at_most(
            f"chiller in the kernel at rest: power at {leaving_c} / {entering_c} C, full load",
            f"golden {golden_w / 1e3:.1f} kW, ENGINEERING 3", 100.0 * abs(power_w / golden_w - 1.0),
            LIMIT_PERCENT, "%", f"load scaled by {scale:.2f} to run four machines full",
        )  # fmt: skip


def account_rows() -> Iterator[Evidence]:
    """Yield heat and water of the whole plant at rest on a Dallas design day, by hand."""
    plant = compile_site("superpod-h100")
    state = steady(plant, rated_inputs(plant, 38.6, 23.9))
    towers = plant.arrays.exchangers.tower >= 0
    cw = plant.circuit_names.index("cw")
    given_w = float(
        state.chiller_heat_w.sum()
        + state.chiller_power_w.sum()
        + state.circuit_mover_power_w[cw]
        + state.exchanger_heat_w[plant.arrays.exchangers.economiser].sum()
    )
    taken_w = float(state.exchanger_heat_w[towers].sum())
    yield Evidence.at_most(
        "towers take what chillers took, their power and the pumps'", "by hand",
        100.0 * abs(taken_w / given_w - 1.0), 1e-6, "%",
    )  # fmt: skip
    yield Evidence.at_most(
        "energy of a site with water-cooled chillers closes", "meters, heat out, heat stored",
        state.ledger.balance_error, 1e-9, "-",
    )  # fmt: skip
    flow = float(state.circuit_flow_kg_per_s[cw])
    by_hand = taken_w / 3.6e6 * 1.47 * 4.0 / 3.0 + flow * 2e-5
    yield Evidence.at_most(
        "make-up water of the kernel's towers", "by hand: 1.47 L/kWh, 4 cycles, 0.002 % drift",
        100.0 * abs(state.ledger.water_kg / by_hand - 1.0), LIMIT_PERCENT, "%",
        f"{state.ledger.water_kg / state.ledger.it_energy_j * 3.6e6:.2f} L/kWh of IT at 23.9 C",
    )  # fmt: skip


def edited(plant: Plant, group: str, **fields: Any) -> Plant:
    """Return a plant with fields of one of its groups of arrays exchanged."""
    old = getattr(plant.arrays, group)
    new = {k: np.broadcast_to(v, getattr(old, k).shape).copy() for k, v in fields.items()}
    changed = freeze(old._replace(**new))
    return replace(plant, arrays=plant.arrays._replace(**{group: changed}))


def without_economisers() -> Plant:
    """Return the plant with every economiser out of service."""
    plant = compile_site("superpod-h100")
    x = plant.arrays.exchangers
    return edited(plant, "exchangers", in_service=x.in_service & ~x.economiser)


def tower_at_rest(plant: Plant, wet_bulb_c: float, range_k: float) -> State:
    """Return the rest of a plant whose tower water falls by `range_k`, flows as rated.

    The heat depends a little on the temperature found: a few rounds settle the flow.
    """
    cw = plant.circuit_names.index("cw")
    towers = plant.arrays.exchangers.tower >= 0
    plant = edited(plant, "towers", approach_k=0.0, liquid_to_gas_rated=1.0)
    state = steady(plant, rated_inputs(plant, wet_bulb_c + 10.0, wet_bulb_c))
    for _ in range(4):
        heat_w = float(state.exchanger_heat_w[towers].sum())
        circuits, x = plant.arrays.circuits, plant.arrays.exchangers
        flow = heat_w / range_k / float(circuits.cp_j_per_kg_k[cw])
        flows, powers = circuits.flow_max_kg_per_s.copy(), circuits.mover_power_max_w.copy()
        flows[cw], powers[cw] = flow, 0.0
        least = np.where(np.arange(len(flows)) == cw, flow, circuits.flow_min_kg_per_s)
        rated = np.where(towers, flow / towers.sum(), x.hot_flow_rated_kg_per_s)
        plant = edited(plant, "circuits", flow_max_kg_per_s=flows, flow_min_kg_per_s=least,
                       mover_power_max_w=powers)  # fmt: skip
        plant = edited(plant, "exchangers", hot_flow_rated_kg_per_s=rated)
        state = steady(plant, rated_inputs(plant, wet_bulb_c + 10.0, wet_bulb_c))
    return state


def chillers_at_rest(leaving_c: float, entering_c: float) -> tuple[Plant, State]:
    """Return a plant whose four chillers just carry their load, and its rest."""
    plant = edited(without_economisers(), "chillers", trim_setpoint_c=leaving_c)
    inputs = rated_inputs(plant, entering_c, entering_c - 12.0)
    tower = plant.arrays.exchangers.tower >= 0
    setpoint_c = np.where(tower, entering_c, inputs.exchanger_setpoint_c)
    inputs = inputs._replace(exchanger_setpoint_c=setpoint_c)
    load_w = float(steady(plant, inputs).chiller_heat_w.sum())
    c, v = plant.arrays.chillers, plant.arrays.curves
    q, x, y = int(c.capacity_curve[0]), leaving_c, entering_c
    part = (v.c0[q] + v.c1[q] * x + v.c2[q] * x * x + v.c3[q] * y + v.c4[q] * y * y
            + v.c5[q] * x * y)  # fmt: skip
    just_w = load_w / len(c.circuit) / float(part) * (1.0 + 1e-6)
    plant = edited(plant, "chillers", capacity_w=just_w)
    return plant, steady(plant, inputs)
