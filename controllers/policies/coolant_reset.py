"""Supply temperatures and flows by need: as warm and as slow as is cheapest and safe."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from controllers.loop_need import (
    flow_share,
    needed_flow_kg_per_s,
    sized_heat_w,
    warmest_supply_c,
)
from controllers.policy import Decision, Facility, View
from controllers.setpoint_search import Bounds, Prices, cheapest_c
from controllers.water_loops import pumped_loops
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
class CoolantReset:
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
    Checked in ``tests/controllers/test_coolant_reset.py``: bounds, rates and direction on random
    states, a closed loop on a small plant.
    """

    margin_k: float = field(
        default=5.0,
        metadata={"doc": "Distance of GPUs and memory to their limit", "unit": "K",
                  "minimum": 1.0},
    )  # fmt: skip
    reserve_k: float = field(
        default=1.0,
        metadata={"doc": "Distance of supplies to what the equipment accepts", "unit": "K",
                  "minimum": 0.0},
    )  # fmt: skip
    ready: float = field(
        default=0.3,
        metadata={"doc": "Part of the way to full load that flows are ready for", "unit": "",
                  "minimum": 0.0, "maximum": 1.0},
    )  # fmt: skip
    share_min: float = field(
        default=0.25,
        metadata={"doc": "Least flow over the built one", "unit": "", "minimum": 0.1,
                  "maximum": 1.0},
    )  # fmt: skip
    coolant_lowest_c: float = field(
        default=18.0,
        metadata={"doc": "Coldest supply of a CDU", "unit": "degC"},
    )
    air_lowest_c: float = field(
        default=18.0,
        metadata={"doc": "Coldest supply air", "unit": "degC"},
    )
    water_lowest_c: float = field(
        default=8.0,
        metadata={"doc": "Coldest facility water", "unit": "degC"},
    )
    water_rate_k_per_min: float = field(
        default=0.5,
        metadata={"doc": "Fastest move of a water or coolant setpoint", "unit": "K/min",
                  "minimum": 0.01},
    )  # fmt: skip
    air_rate_k_per_min: float = field(
        default=0.25,
        metadata={"doc": "Fastest move of a supply air setpoint", "unit": "K/min",
                  "minimum": 0.01},
    )  # fmt: skip
    more_flow_per_min: float = field(
        default=0.5,
        metadata={"doc": "Fastest rise of a flow share", "unit": "1/min", "minimum": 0.01},
    )
    less_flow_per_min: float = field(
        default=0.1,
        metadata={"doc": "Fastest fall of a flow share", "unit": "1/min", "minimum": 0.01},
    )
    search_s: float = field(
        default=300.0,
        metadata={"doc": "Longest time between searches", "unit": "s", "minimum": 1.0},
    )
    it_weight: float = field(
        default=1.0,
        metadata={"doc": "Weight of leakage and server fans against cooling power", "unit": "",
                  "minimum": 0.0, "maximum": 1.0},
    )  # fmt: skip
    water_j_per_kg: float = field(
        default=3600.0,
        metadata={"doc": "Energy that a kilogram of make-up water counts for", "unit": "J/kg",
                  "minimum": 0.0},
    )  # fmt: skip

    def start(self, plant: Plant) -> Reset:
        """Return the setpoints and flows that the site was built with."""
        built_c = plant.arrays.exchangers.setpoint_c.copy()
        return Reset(built_c, np.ones(len(plant.circuit_names)), built_c.copy(), 0.0, -1.0)

    def decide(self, view: View, memory: Reset) -> tuple[Decision, Reset]:
        """Return the setpoints and flow shares for this instant, and no cap."""
        heat_w = float(view.state.rack_power_w.sum())
        waited_s = memory.waited_s + view.dt_s
        moved = abs(heat_w - memory.searched_w) > CHANGED * max(memory.searched_w, 1.0)
        bounds = self._bounds(view, memory)
        sized_w = self._sized_w(view)
        aim_c = memory.aim_c
        if memory.waited_s < 0.0 or moved or waited_s >= self.search_s:
            prices = Prices(self.it_weight, self.water_j_per_kg)
            aim_c = cheapest_c(view, sized_w, aim_c, bounds, prices)
            heat_w, waited_s = heat_w, 0.0
        else:
            heat_w = memory.searched_w
        setpoint_c = self._led(view, memory.setpoint_c, np.clip(aim_c, bounds.low_c, bounds.high_c))
        share = self._shares(view, memory.share, sized_w, setpoint_c)
        decided = Decision(
            view.plant.arrays.gpus.power_max_w.copy(),
            _reason(view.plant, setpoint_c, share),
            facility=Facility(setpoint_c, share),
        )
        return decided, Reset(setpoint_c, share, aim_c, heat_w, waited_s)

    def _sized_w(self, view: View) -> Floats:
        """Return the heat that flows are to be ready for, shape (racks,)."""
        racks, state = view.plant.arrays.racks, view.state
        now_w = sized_heat_w(view.plant, state, state.gpu_power_w, view.inputs.rack_load_w)
        most_w = np.maximum(view.inputs.rack_load_w, racks.lumped_power_w)
        full_w = sized_heat_w(view.plant, state, view.inputs.gpu_cap_w, most_w)
        return now_w + self.ready * np.maximum(full_w - now_w, 0.0)

    def _bounds(self, view: View, memory: Reset) -> Bounds:
        """Return between which each setpoint must be: equipment, and the margin of the GPUs."""
        plant, x = view.plant, view.plant.arrays.exchangers
        circuits, hot = plant.arrays.circuits, plant.arrays.exchangers.hot_circuit
        lowest_c = np.where(circuits.kind == AIR, self.air_lowest_c, self.water_lowest_c)
        for k in pumped_loops(plant):
            lowest_c[k] = self.coolant_lowest_c
        low_c = np.maximum(lowest_c[hot], x.setpoint_least_c)
        room_k = self._room_k(view)
        high_c = np.minimum(
            circuits.supply_limit_c[hot] - self.reserve_k, memory.setpoint_c + room_k[hot]
        )
        warmest_c = self._warmest_c(view, memory)
        high_c = np.minimum(high_c, warmest_c[hot])
        return Bounds(np.minimum(low_c, x.setpoint_c), np.maximum(high_c, low_c))

    def _warmest_c(self, view: View, memory: Reset) -> Floats:
        """Return the supply that holds a loop's GPUs off their limit at full power and flow."""
        plant, gpus, nodes = view.plant, view.plant.arrays.gpus, view.plant.arrays.nodes
        full_w = sized_heat_w(
            plant, view.state, view.inputs.gpu_cap_w, plant.arrays.racks.lumped_power_w
        )
        warmest_c = np.full(len(plant.circuit_names), np.inf)
        flow = np.zeros(len(plant.rack_names))
        for k, racks in pumped_loops(plant).items():
            unit = plant.arrays.exchangers.hot_circuit == k
            supply_c = float(memory.setpoint_c[unit].max(initial=-np.inf))
            flow[racks] = needed_flow_kg_per_s(plant, racks, full_w[racks], np.float64(supply_c))
        if len(gpus.node):
            left_c = warmest_supply_c(plant, view.inputs.gpu_cap_w, flow) - self.margin_k
            loop = nodes.liquid_circuit[gpus.node]
            wet = loop >= 0
            np.minimum.at(warmest_c, loop[wet], left_c[wet])
        return warmest_c

    def _room_k(self, view: View) -> Floats:
        """Return how much warmer the GPUs of each circuit may get; below 0: too warm now."""
        plant, gpus, nodes = view.plant, view.plant.arrays.gpus, view.plant.arrays.nodes
        room_k = np.full(len(plant.circuit_names), np.inf)
        if len(gpus.node):
            left_k = np.minimum(
                gpus.temp_limit_c - view.state.gpu_temp_c,
                gpus.memory_limit_c - view.state.memory_temp_c,
            )
            wet = nodes.liquid_circuit[gpus.node] >= 0
            by = np.where(wet, nodes.liquid_circuit[gpus.node], nodes.air_circuit[gpus.node])
            np.minimum.at(room_k, by, left_k - self.margin_k)
        return room_k

    def _led(self, view: View, before_c: Floats, aim_c: Floats) -> Floats:
        """Return the setpoints a step nearer to their aims."""
        arrays = view.plant.arrays
        air = arrays.circuits.kind[arrays.exchangers.hot_circuit] == AIR
        rate = np.where(air, self.air_rate_k_per_min, self.water_rate_k_per_min)
        reach_k = rate * min(view.dt_s, MINUTE_S) / MINUTE_S
        return np.asarray(np.clip(aim_c, before_c - reach_k, before_c + reach_k))

    def _shares(self, view: View, before: Floats, sized_w: Floats, setpoint_c: Floats) -> Floats:
        """Return the flow shares a step nearer to what the racks need."""
        plant, hot = view.plant, view.plant.arrays.exchangers.hot_circuit
        aim = np.ones(len(before))
        room_k = self._room_k(view)
        for k, racks in pumped_loops(plant).items():
            held_c = float(setpoint_c[hot == k].max(initial=-np.inf))
            supply_c = np.float64(max(held_c, view.state.circuit_delivered_c[k]))
            flow = needed_flow_kg_per_s(plant, racks, sized_w[racks], supply_c)
            share = float(flow_share(plant, k, racks, flow))
            aim[k] = 1.0 if room_k[k] < 0.0 else min(max(share, self.share_min), 1.0)
        minutes = min(view.dt_s, MINUTE_S) / MINUTE_S
        low = before - self.less_flow_per_min * minutes
        return np.asarray(np.clip(aim, low, before + self.more_flow_per_min * minutes))


def _reason(plant: Plant, setpoint_c: Floats, share: Floats) -> str:
    cdus, loops = plant.cdu_exchangers, list(pumped_loops(plant))
    if not len(cdus):
        return "facility setpoints by need"
    supply_c, least = setpoint_c[cdus], share[loops]
    return (
        f"CDUs to supply {supply_c.min():.1f} to {supply_c.max():.1f} °C,"
        f" loops at {least.min():.0%} to {least.max():.0%} of their built flow"
    )


POLICY = CoolantReset
