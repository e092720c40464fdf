"""What a setpoint costs by the laws is what the twin draws once it is at rest there."""

import numpy as np
import pytest

from controllers.cooling.cooling_cost import Course, drawn
from controllers.cooling.loop_need import flow_share, needed_flow_kg_per_s, sized_heat_w
from controllers.cooling.water_loops import pumped_loops, waters_of
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import Plant
from twin.start import idle_inputs
from twin.state import MODELLED, Inputs, State
from twin.steady import steady


def loaded(plant: Plant, load: float, dry_c: float, wet_c: float) -> Inputs:
    gpus, inputs = plant.arrays.gpus, idle_inputs(plant, dry_c, wet_c)
    return inputs._replace(
        gpu_power_w=gpus.idle_power_w + load * (gpus.power_max_w - gpus.idle_power_w),
        gpu_power_basis=np.full(len(plant.gpu_names), MODELLED, np.int64),
        rack_load_w=load * inputs.rack_load_w,
    )


def at_setpoints(plant: Plant, inputs: Inputs, water_c: float, apart: float) -> Inputs:
    """Return inputs with the first water and its users elsewhere, flows as they are needed."""
    water, setpoint_c = waters_of(plant)[0], inputs.exchanger_setpoint_c.copy()
    setpoint_c[water.holders] = water_c
    setpoint_c[water.users] = water_c + apart * water.apart_k
    share = np.ones(len(plant.circuit_names))
    sized_w = sized_w_of(plant, inputs, steady(plant, inputs))
    for k, racks in pumped_loops(plant).items():
        supply_c = setpoint_c[plant.arrays.exchangers.hot_circuit == k].max()
        flow = needed_flow_kg_per_s(plant, racks, sized_w[racks], supply_c)
        share[k] = flow_share(plant, k, racks, flow)
    return inputs._replace(exchanger_setpoint_c=setpoint_c, circuit_flow_share=share)


def sized_w_of(plant: Plant, inputs: Inputs, state: State) -> Floats:
    return sized_heat_w(plant, state, state.gpu_power_w, inputs.rack_load_w)


@pytest.mark.parametrize("water_c", [26.0, 30.0, 33.0])
@pytest.mark.parametrize("dry_c", [5.0, 20.0])
def test_movers_and_coolers_of_an_edge_site(water_c: float, dry_c: float) -> None:
    plant = compile_site("edge")
    inputs = loaded(plant, 0.7, dry_c, dry_c - 4.0)
    water, state = waters_of(plant)[0], steady(plant, inputs)
    course = Course(np.array([water_c]), water_c + water.apart_k[None, :])
    told = drawn(plant, state, inputs, water, sized_w_of(plant, inputs, state), course)
    there = steady(plant, at_setpoints(plant, inputs, water_c, 1.0))
    loops = list(pumped_loops(plant))
    drew_w = there.circuit_mover_power_w[[*loops, water.circuit]].sum()
    drew_w += there.exchanger_fan_power_w[water.holders].sum()
    drew_w += there.chiller_power_w[water.chillers].sum()
    assert told.short_w[0] == 0.0
    assert told.cooling_w[0] == pytest.approx(drew_w, rel=0.08)


@pytest.mark.parametrize(("water_c", "hall_c"), [(17.0, 23.0), (20.0, 24.0), (20.95, 26.5)])
def test_a_hall_whose_water_chillers_hold_above_its_setpoint(water_c: float, hall_c: float) -> None:
    plant = compile_site("pilot")
    inputs = loaded(plant, 0.7, 31.0, 24.0)
    water, state = waters_of(plant)[1], steady(plant, inputs)
    course = Course(np.array([water_c]), np.full((1, len(water.users)), hall_c))
    told = drawn(plant, state, inputs, water, sized_w_of(plant, inputs, state), course)
    setpoint_c = inputs.exchanger_setpoint_c.copy()
    setpoint_c[water.holders], setpoint_c[water.users] = water_c, hall_c
    there = steady(plant, inputs._replace(exchanger_setpoint_c=setpoint_c))
    hall = plant.arrays.exchangers.hot_circuit[water.users[0]]
    drew_w = there.circuit_mover_power_w[[hall, water.circuit]].sum()
    drew_w += there.exchanger_fan_power_w[water.holders].sum()
    drew_w += there.chiller_power_w[water.chillers].sum()
    assert there.chiller_heat_w.sum() > 0.0
    assert told.short_w[0] == 0.0
    assert told.cooling_w[0] == pytest.approx(drew_w, rel=0.01)
