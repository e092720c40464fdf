"""Every ready scenario: it runs, conserves energy, and ends as an engineer expects.

`EXPECTED` names for each what is to be seen: who warms first, after how many seconds, what goes
dark, what comes back. Statements are orderings and windows that a truer model must keep, not
figures of this one. A scenario without an expectation is a row that falls short.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.evidence import Evidence
from benchmarks.fault_runs import Past, played
from benchmarks.fault_table import EXPECTED, Expectation
from controllers.scenario import ready_scenarios
from site_models.compile import compile_site
from site_models.plant import Plant, freeze

BALANCE = 1e-9
L_PER_MW, DENSITY_KG_PER_L, RISE_K, SECONDS = 500.0, 1.0099, 10.0, 20


def rows() -> Iterator[Evidence]:
    """Yield the rows of this subject."""
    for name in ready_scenarios():
        yield from of_scenario(name)
    yield five_hundred_litres()


def of_scenario(name: str) -> Iterator[Evidence]:
    """Yield what is expected of one ready scenario."""
    try:
        past = played(name)
    except Exception as error:  # a row must stand for a scenario that does not run
        why = " ".join(f"{type(error).__name__}: {error}".split())
        yield Evidence(f"{name} runs to its end", "", float("nan"), "", "", "short", "", why)
        return
    yield Evidence.at_most(
        f"{name}: worst energy balance of {len(past.truth)} steps",
        "energy in less heat out less stored, of every step",
        past.worst_balance,
        BALANCE,
        "-",
    )
    if not EXPECTED.get(name):
        why = "the table of expectations has none for this scenario"
        yield Evidence(f"{name} ends as expected", "", float("nan"), "", "", "short", "", why)
    for expected in EXPECTED.get(name, ()):
        yield judged(name, expected, past)


def judged(name: str, expected: Expectation, past: Past) -> Evidence:
    """Return the row of one expectation; one that cannot be looked at falls short."""
    reference = "what an engineer expects of the fault"
    title = f"{name}: {expected.text}"
    try:
        seen = float(expected.measure(past))
        why = "never within the scenario" if np.isnan(seen) else "not as expected"
    except (LookupError, ValueError, AttributeError) as error:
        seen, why = float("nan"), f"cannot be looked at: {error}"
    low, high = expected.low, expected.high
    return Evidence.within(title, reference, seen, low, high, expected.unit, why=why)


def five_hundred_litres() -> Evidence:
    """Return how fast a loop of 500 L/MW warms without its facility water.

    The pilot with its first loop's coolant set to that volume; the mean is weighted by it.
    """
    loop = "cdu-1-tcs"
    plant = compile_site("pilot")
    k = plant.circuit_names.index(loop)
    usual = played("facility_water_loss")
    heat_w = usual.loop_heat_w(loop)
    thin = with_volume(plant, k, heat_w / 1e6 * L_PER_MW)
    past = played("facility_water_loss", thin)
    rise_k = past.mean_c(past.after(SECONDS), loop) - past.mean_c(past.before, loop)
    text = f"{usual.rise_of_mean(loop, SECONDS):.1f} K with the loop as built"
    return Evidence.within(
        f"Loop of {L_PER_MW:g} L/MW without facility water: its mean after {SECONDS} s",
        f"its heat over its heat capacity: {RISE_K:g} K",
        rise_k,
        0.8 * RISE_K,
        1.2 * RISE_K,
        "K",
        text,
        "cold plates and their GPUs warm with the loop and take part of the heat",
    )


def with_volume(plant: Plant, circuit: int, litres: float) -> Plant:
    """Return a plant whose circuit holds that much coolant, shared between its sides as before."""
    c: Any = plant.arrays.circuits
    wanted = litres * DENSITY_KG_PER_L * float(c.cp_j_per_kg_k[circuit])
    held = c.supply_capacity_j_per_k[circuit] + c.return_capacity_j_per_k[circuit]
    pipes_m3 = c.supply_pipe_m3[circuit] + c.return_pipe_m3[circuit]
    held += c.density_kg_per_m3[circuit] * c.cp_j_per_kg_k[circuit] * pipes_m3
    changed = {}
    for side in (
        "supply_capacity_j_per_k",
        "return_capacity_j_per_k",
        "supply_pipe_m3",
        "return_pipe_m3",
    ):
        values = getattr(c, side).copy()
        values[circuit] *= wanted / held
        changed[side] = values
    arrays = plant.arrays._replace(circuits=freeze(c._replace(**changed)))
    return replace(plant, arrays=arrays)
