"""Fixed setpoints: what a plant does that is run as cold as it can be, or as it was built."""

from dataclasses import dataclass

import numpy as np

from controllers.cooling.cooling_cost import Course, drawn
from controllers.cooling.loop_need import sized_heat_w
from controllers.cooling.water_loops import pumped_loops, waters_of
from controllers.experiments.coolant_reset.weeks import Span
from controllers.policy import Decision, Facility, View
from site_models.arrays import Floats
from site_models.plant import Plant
from twin.start import rated_inputs
from twin.state import MODELLED
from twin.steady import steady

COLDEST_C = 18.0
"""No fixed facility supply is colder: the coldest that a CDU is let supply here."""


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """Setpoints that stand, pumps at what the site was built to hold.

    Each rack then gets its vendor table's flow for the rated load at the supply it has: the
    racks' own valves follow that rule, and trays of constant draw keep it there at any load.
    """

    setpoint_c: Floats

    def start(self, plant: Plant) -> tuple[()]:
        """Return nothing to remember."""
        return ()

    def decide(self, view: View, memory: tuple[()]) -> tuple[Decision, tuple[()]]:
        """Return the same as ever."""
        share = np.ones(len(view.plant.circuit_names))
        facility = Facility(self.setpoint_c.copy(), share)
        cap_w = view.plant.arrays.gpus.power_max_w.copy()
        return Decision(cap_w, "fixed setpoints", facility=facility), memory


def coldest_setpoints_c(plant: Plant, span: Span) -> Floats:
    """Return fixed setpoints with the coldest water that the plant holds in every hour.

    For all circuits that cool loops of racks, at rated load and in each hour of the week, by
    the laws that `controllers.cooling.cooling_cost` weighs; loops stand above their water as built.
    Chilled water for halls stays as built: it could be held far colder, and nobody would.
    """
    x, circuits = plant.arrays.exchangers, plant.arrays.circuits
    setpoint_c = x.setpoint_c.copy()
    loops = pumped_loops(plant)
    hours = span.hours()
    first = rated_inputs(plant, *hours[0])
    first = first._replace(gpu_power_basis=np.full(len(plant.gpu_names), MODELLED, np.int64))
    state = steady(plant, first)
    sized_w = sized_heat_w(plant, state, first.gpu_cap_w, first.rack_load_w)
    for water in waters_of(plant):
        if not all(int(k) in loops for k in x.hot_circuit[water.users]):
            continue
        grid_c = np.arange(COLDEST_C, circuits.supply_limit_c[water.circuit], 0.5)
        held = np.ones(len(grid_c), np.bool_)
        for dry_c, wet_c in hours:
            inputs = first._replace(dry_bulb_c=dry_c, wet_bulb_c=wet_c)
            course = Course(grid_c, grid_c[:, None] + water.apart_k)
            short_w = drawn(plant, state, inputs, water, sized_w, course).short_w
            held &= short_w <= 0.0
        water_c = float(grid_c[held][0]) if held.any() else float(grid_c[-1])
        setpoint_c[water.holders] = water_c
        setpoint_c[water.users] = np.maximum(
            water_c + water.apart_k, x.setpoint_least_c[water.users]
        )
    return setpoint_c
