"""Properties that hold for whatever comes: laws and step on a few hundred random cases each.

The seed is fixed, so that a row is the same every time; `hypothesis` looks further in the tests.
A count is of the cases in which the property does not hold.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from benchmarks.evidence import Evidence
from controllers.plant_edits import stopped
from site_models.arrays import Flags, Floats, Ints
from site_models.compile import compile_site
from site_models.plant import Gpus, Plant, freeze
from twin.physics.heat_exchange import (
    counterflow_effectiveness,
    exchanged_heat_w,
    ua_off_design,
)
from twin.start import first_state, idle_inputs
from twin.state import Inputs, State
from twin.step import step

SEED = 20240712
SITES = ("pilot", "edge", "hgx-h200")
STEP_CASES, LAW_CASES = 300, 600
BALANCE, SAME_K = 1e-9, 1e-9
STANDSTILL_S, STILL = 30.0, 1e-9
LEAST_W_PER_K = 1e-9
"""Of a stream that stands, where one is divided by."""
SHAKEN = (
    "gpu_temp_c",
    "gpu_body_c",
    "memory_temp_c",
    "gpu_coolant_c",
    "circuit_supply_c",
    "circuit_return_c",
)
"""Temperatures that a random state has somewhere else."""

T = TypeVar("T", State, Inputs)


def rows() -> Iterator[Evidence]:
    """Yield the rows of this subject."""
    chance = np.random.default_rng(SEED)
    plants = [compile_site(site) for site in SITES]
    yield energy(plants, chance)
    yield from exchangers(chance)
    yield permuted(plants, chance)
    yield standing(plants, chance)


def energy(plants: list[Plant], chance: np.random.Generator) -> Evidence:
    """Return the worst balance of random steps from random states."""
    worst = 0.0
    for case in range(STEP_CASES):
        plant = plants[case % len(plants)]
        inputs = random_inputs(plant, chance)
        state = random_state(plant, inputs, chance)
        after = step(plant, state, inputs, float(chance.uniform(0.1, 60.0)))
        worst = float(np.maximum(worst, after.ledger.balance_error))
    return Evidence.at_most(
        f"Energy closes: worst of {STEP_CASES} random steps of 0.1 to 60 s on {', '.join(SITES)}",
        "in - out - stored, over the energy in",
        worst,
        BALANCE,
        "-",
    )


def exchangers(chance: np.random.Generator) -> Iterator[Evidence]:
    """Yield crossing and monotony of the exchanger laws, zero flow among the cases."""
    n = LAW_CASES
    hot_c, cold_c = chance.uniform(5.0, 95.0, n), chance.uniform(5.0, 95.0, n)
    one, two, ua = (10.0 ** chance.uniform(0.0, 6.0, n) for _ in range(3))
    one[::20], two[5::20], ua[10::20] = 0.0, 0.0, 0.0
    heat_w = heat_of(hot_c, cold_c, one, two, ua)
    with np.errstate(divide="ignore", invalid="ignore"):
        hot_out = np.where(one > 0.0, hot_c - heat_w / one, hot_c)
        cold_out = np.where(two > 0.0, cold_c + heat_w / two, cold_c)
    low, high = np.minimum(hot_c, cold_c) - 1e-6, np.maximum(hot_c, cold_c) + 1e-6
    crossed = ~((low <= hot_out) & (hot_out <= high) & (low <= cold_out) & (cold_out <= high))
    yield none_of(crossed, "No stream leaves the range of the two inlets of an exchanger")
    more = 1.0 + chance.uniform(0.0, 3.0, n)
    slack = 1e-9 * np.abs(heat_w) + 1e-9
    for name, larger in (
        ("UA", heat_of(hot_c, cold_c, one, two, ua * more)),
        ("flow of the first stream", heat_of(hot_c, cold_c, one * more, two, ua)),
        ("flow of the second stream", heat_of(hot_c, cold_c, one, two * more, ua)),
    ):
        less = ~(np.abs(larger) >= np.abs(heat_w) - slack)
        yield none_of(less, f"Heat never falls with {name}")
    share, hot, cold = chance.uniform(0.2, 0.8, n), *chance.uniform(0.0, 1.5, (2, n))
    usual = ua_off_design(ua, share, hot, cold)
    for name, larger in (
        ("hot", ua_off_design(ua, share, hot * more, cold)),
        ("cold", ua_off_design(ua, share, hot, cold * more)),
    ):
        less = ~(larger >= usual * (1.0 - 1e-12))
        yield none_of(less, f"UA never falls with the flow of the {name} side")


def heat_of(hot_c: Floats, cold_c: Floats, one: Floats, two: Floats, ua: Floats) -> Floats:
    """Return the heat between two streams [W], negative from the second to the first."""
    least, most = np.minimum(one, two), np.maximum(np.maximum(one, two), LEAST_W_PER_K)
    effectiveness = counterflow_effectiveness(ua / np.maximum(least, LEAST_W_PER_K), least / most)
    return exchanged_heat_w(effectiveness, one, two, hot_c - cold_c)


def permuted(plants: list[Plant], chance: np.random.Generator) -> Evidence:
    """Return how far the answers of GPUs lie apart when they change places in their nodes."""
    worst = 0.0
    for case in range(STEP_CASES):
        plant = plants[case % len(plants)]
        order = places_in_nodes(plant, chance)
        inputs = random_inputs(plant, chance)
        state = random_state(plant, inputs, chance)
        dt_s = float(chance.uniform(0.1, 20.0))
        usual = step(plant, state, inputs, dt_s)
        fields: list[Any] = [np.ascontiguousarray(field[order]) for field in plant.arrays.gpus]
        moved = replace(
            plant,
            arrays=plant.arrays._replace(gpus=freeze(Gpus(*fields))),
        )
        other = step(moved, along(state, order), along(inputs, order), dt_s)
        apart_k = np.abs(other.gpu_temp_c - usual.gpu_temp_c[order])
        worst = float(np.maximum(worst, apart_k.max()))
    return Evidence.at_most(
        f"GPUs that change places change answers with them: worst of {STEP_CASES} random steps",
        "the same GPUs in their own places",
        worst,
        SAME_K,
        "K",
    )


def standing(plants: list[Plant], chance: np.random.Generator) -> Evidence:
    """Return in how many cases zero flow, fans or power gives a number that is none."""
    bad = np.zeros(STEP_CASES, dtype=np.bool_)
    for case in range(STEP_CASES):
        plant = plants[case % len(plants)]
        inputs = random_inputs(plant, chance)
        state = random_state(plant, inputs, chance)
        none = chance.uniform(size=4) < 0.6
        if none[0]:
            inputs = inputs._replace(
                gpu_power_w=np.zeros_like(inputs.gpu_power_w),
                rack_load_w=np.zeros_like(inputs.rack_load_w),
            )
        if none[1]:
            state = state._replace(rack_flow_kg_per_s=np.zeros_like(state.rack_flow_kg_per_s))
        if none[2]:
            state = state._replace(fan_speed=np.zeros_like(state.fan_speed))
        still = without_flow(plant, state) if none[3] else plant
        after = step(still, state, inputs, STANDSTILL_S)
        bad[case] = not finite(after, state)
    return none_of(bad, "Zero flow, fans and power on whole sites give finite numbers")


def none_of(bad: Flags, name: str) -> Evidence:
    """Return the row of a property: in how many cases it does not hold."""
    title = f"{name}: exceptions in {len(bad)} random cases"
    return Evidence.at_most(title, "the property itself", float(bad.sum()), 0.0, "")


def random_inputs(plant: Plant, chance: np.random.Generator) -> Inputs:
    """Return random loads from nothing to over the limit, in random weather."""
    dry_c = float(chance.uniform(-20.0, 48.0))
    idle = idle_inputs(plant, dry_c, dry_c - float(chance.uniform(0.0, 18.0)))
    share = chance.choice([0.0, 0.3, 1.0, 1.2]) * chance.uniform(size=len(plant.gpu_names))
    return idle._replace(
        gpu_power_w=share * plant.arrays.gpus.power_max_w,
        rack_load_w=idle.rack_load_w * chance.uniform(0.0, 1.2, len(plant.rack_names)),
    )


def random_state(plant: Plant, inputs: Inputs, chance: np.random.Generator) -> State:
    """Return a state with temperatures, flows and positions somewhere else."""
    state = first_state(plant, inputs, 0.0)
    shaken = {
        name: getattr(state, name) + chance.uniform(-10.0, 20.0, len(getattr(state, name)))
        for name in SHAKEN
    }
    flow_kg_per_s: Floats = plant.arrays.racks.flow_max_kg_per_s
    return state._replace(
        **shaken,
        fan_speed=chance.uniform(0.2, 1.0, len(state.fan_speed)),
        rack_flow_kg_per_s=flow_kg_per_s * chance.uniform(size=len(flow_kg_per_s)),
        exchanger_opening=chance.uniform(size=len(state.exchanger_opening)),
        exchanger_integral=chance.uniform(size=len(state.exchanger_integral)),
    )


def places_in_nodes(plant: Plant, chance: np.random.Generator) -> Ints:
    """Return a random order of the GPUs that keeps each in its node."""
    keys = chance.uniform(size=len(plant.gpu_names))
    order: Ints = np.lexsort((keys, plant.arrays.gpus.node)).astype(np.int64)
    return order


def along(values: T, order: Ints) -> T:
    """Return a state or inputs whose GPUs have changed places."""
    moved: dict[str, Any] = {
        name: np.ascontiguousarray(getattr(values, name)[order])
        for name in values._fields
        if name.startswith("gpu_") or name == "memory_temp_c"
    }
    return values._replace(**moved)


def without_flow(plant: Plant, state: State) -> Plant:
    """Return a plant whose pumps and fans stand: no coolant in racks, next to no air in nodes.

    A rating of zero is refused by the catalog, so what stands keeps a billionth of its rating.
    """
    every = range(len(plant.circuit_names))
    plant = stopped(plant, state, every)
    arrays = plant.arrays
    none = np.zeros(len(plant.rack_names))
    racks = arrays.racks._replace(flow_max_kg_per_s=none, flow_min_kg_per_s=none.copy())
    still_kg_per_s = STILL * arrays.nodes.airflow_max_kg_per_s
    nodes = arrays.nodes._replace(airflow_max_kg_per_s=still_kg_per_s)
    return replace(plant, arrays=arrays._replace(racks=freeze(racks), nodes=freeze(nodes)))


def finite(after: State, before: State) -> bool:
    """Say whether every number of a state is one, but for those that never were."""
    for name in after._fields:
        values = np.asarray(getattr(after, name), dtype=np.float64)
        known = ~np.isnan(np.asarray(getattr(before, name), dtype=np.float64))
        if not np.isfinite(values[known]).all():
            return False
    return True
