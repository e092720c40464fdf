"""Supply temperatures and flows by need: as warm and as slow as is cheapest and safe."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from controllers.cooling.loop_need import flow_share, needed_flow_kg_per_s, sized_heat_w
from controllers.cooling.reset_bounds import room_k, setpoint_bounds
from controllers.cooling.reset_parameters import ResetParameters
from controllers.cooling.setpoint_search import Bounds, Prices, cheapest_c
from controllers.cooling.staged_coolers import evened_c
from controllers.cooling.water_loops import pumped_loops
from controllers.policy import Decision, Facility, View
from site_models.arrays import Floats
from site_models.plant import AIR, Plant

MINUTE_S = 60.0
CHANGED = 0.05
"""A load that moved by this share since the last search is a reason for the next."""


class Reset(NamedTuple):
    """What the policy remembers."""

    setpoint_c: Floats
    """Last asked for. Shape (exchangers,)"""
    share: Floats
    """Last asked for. Shape (circuits,)"""
    aim_c: Floats
    """Where the setpoints are led. Shape (exchangers,)"""
    searched_w: float
    """Heat of all racks at the last search."""
    waited_s: float
    """Since the last search; below 0: none was made yet."""


@dataclass(frozen=True, slots=True)
class CoolantReset(ResetParameters):
    """Lead every loop, hall and facility water circuit to its cheapest safe setpoint.

    *Flow* of a loop: no tray's coolant is to leave warmer than its rack allows, at the load of
    now and a part `ready` of the way to full load; the pumps hold no more than passes that
    with the widest valve nearly open. *Temperatures*: every `search_s`, or when the load has
    moved, setpoints of water and of what it cools are weighed on the plant's own laws, pumps,
    fans, chillers, leakage and make-up water together, so that tower or dry cooler stand
    against chiller, and pumps against fans, at the weather of now. *Margin*: no supply is
    warmer than would hold every GPU `margin_k` under its limit at the cap in force and the
    flow asked for; a GPU that is nearer all the same draws its loop colder by as much and its
    pumps to full flow. Everything moves no faster than its rate.

    Chillers are expected to trim at their built distance above the setpoint of their water.
    Circuits with towers or water-cooled chillers are led to the warmest that their users allow.
    Checked in ``tests/controllers/policies/test_coolant_reset.py``: bounds, rates and direction on
    random states, a closed loop on a small plant.
    """

    def start(self, plant: Plant) -> Reset:
        """Return the setpoints and flows that the site was built with."""
        built_c = plant.arrays.exchangers.setpoint_c.copy()
        return Reset(built_c, np.ones(len(plant.circuit_names)), built_c.copy(), 0.0, -1.0)

    def decide(self, view: View, memory: Reset) -> tuple[Decision, Reset]:
        """Return the setpoints and flow shares for this instant, and no cap."""
        aimed = self.aimed(view, memory)
        after = self.towards(view, aimed, aimed.aim_c, 1.0)
        cap_w = view.plant.arrays.gpus.power_max_w.copy()
        facility = Facility(after.setpoint_c, after.share)
        return Decision(cap_w, reason_of(view.plant, after), facility=facility), after

    def aimed(self, view: View, memory: Reset) -> Reset:
        """Return the memory with aims for this instant; setpoints and flows have not moved."""
        heat_w = float(view.state.rack_power_w.sum())
        waited_s = memory.waited_s + view.dt_s
        moved = abs(heat_w - memory.searched_w) > CHANGED * max(memory.searched_w, 1.0)
        if memory.waited_s >= 0.0 and not moved and waited_s < self.search_s:
            return memory._replace(waited_s=waited_s)
        prices = Prices(self.it_weight, self.water_j_per_kg, self.led_k)
        bounds = self.bounds(view, memory)
        aim_c = cheapest_c(view, self._sized_w(view), memory.aim_c, bounds, prices)
        return memory._replace(aim_c=aim_c, searched_w=heat_w, waited_s=0.0)

    def towards(self, view: View, memory: Reset, aim_c: Floats, more: float) -> Reset:
        """Return the memory with setpoints nearer to an aim, and flows to `more` than is needed."""
        bounds = self.bounds(view, memory)
        aim_c = evened_c(view, aim_c) if self.led_k > 0.0 else aim_c
        setpoint_c = self._led(view, memory.setpoint_c, np.clip(aim_c, *bounds))
        share = self._shares(view, memory.share, setpoint_c, more)
        return memory._replace(setpoint_c=setpoint_c, share=share)

    def bounds(self, view: View, memory: Reset) -> Bounds:
        """Return between which each setpoint must be now."""
        lowest_c = (self.air_lowest_c, self.coolant_lowest_c, self.water_lowest_c)
        return setpoint_bounds(view, memory.setpoint_c, lowest_c, self.margin_k, self.reserve_k)

    def _sized_w(self, view: View) -> Floats:
        """Return the heat that flows are to be ready for, shape (racks,)."""
        racks, state = view.plant.arrays.racks, view.state
        now_w = sized_heat_w(view.plant, state, state.gpu_power_w, view.inputs.rack_load_w)
        most_w = np.maximum(view.inputs.rack_load_w, racks.lumped_power_w)
        full_w = sized_heat_w(view.plant, state, view.inputs.gpu_cap_w, most_w)
        return now_w + self.ready * np.maximum(full_w - now_w, 0.0)

    def _led(self, view: View, before_c: Floats, aim_c: Floats) -> Floats:
        """Return the setpoints a step nearer to their aims."""
        arrays = view.plant.arrays
        air = arrays.circuits.kind[arrays.exchangers.hot_circuit] == AIR
        rate = np.where(air, self.air_rate_k_per_min, self.water_rate_k_per_min)
        reach_k = rate * min(view.dt_s, MINUTE_S) / MINUTE_S
        return np.asarray(np.clip(aim_c, before_c - reach_k, before_c + reach_k))

    def _shares(self, view: View, before: Floats, setpoint_c: Floats, more: float) -> Floats:
        """Return the flow shares a step nearer to what the racks need."""
        plant, hot = view.plant, view.plant.arrays.exchangers.hot_circuit
        aim, sized_w = np.ones(len(before)), self._sized_w(view)
        left_k = room_k(view, self.margin_k)
        for k, racks in pumped_loops(plant).items():
            held_c = float(setpoint_c[hot == k].max(initial=-np.inf))
            supply_c = max(held_c, float(view.state.circuit_delivered_c[k]))
            flow = needed_flow_kg_per_s(plant, racks, sized_w[racks], supply_c)
            share = more * float(flow_share(plant, k, racks, flow))
            aim[k] = 1.0 if left_k[k] < 0.0 else min(max(share, self.share_min), 1.0)
        minutes = min(view.dt_s, MINUTE_S) / MINUTE_S
        low = before - self.less_flow_per_min * minutes
        return np.asarray(np.clip(aim, low, before + self.more_flow_per_min * minutes))


def reason_of(plant: Plant, asked: Reset) -> str:
    """Return what is asked for in one line."""
    cdus, loops = plant.cdu_exchangers, list(pumped_loops(plant))
    if not len(cdus):
        return "facility setpoints by need"
    supply_c, share = asked.setpoint_c[cdus], asked.share[loops]
    return (
        f"CDUs to supply {supply_c.min():.1f} to {supply_c.max():.1f} °C,"
        f" loops at {share.min():.0%} to {share.max():.0%} of their built flow"
    )
