"""A trim-and-respond rule for the whole cooling plant, after ASHRAE Guideline 36."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from controllers.cooling.reset_bounds import accepted_c
from controllers.cooling.reset_by_need import CoolantReset
from controllers.cooling.water_loops import pumped_loops, waters_of
from controllers.policy import Decision, Facility, View
from site_models.arrays import Flags, Floats
from site_models.plant import HOLDS_FLOW, Plant


class Resets(NamedTuple):
    """What trim-and-respond remembers. 1: everything coldest and fastest, 0: the opposite."""

    loop: Floats
    """Shape (circuits,), of loops and halls."""
    water: Floats
    """Shape (circuits,)"""
    rack_asks: Flags
    user_asks: Flags
    waited_s: float


@dataclass(frozen=True, slots=True, eq=False)
class TrimAndRespond:
    """ASHRAE Guideline 36: trim a plant's reset, respond to the requests of those it serves.

    Every five minutes, after a quarter of an hour, a reset falls by 2 % and rises by 3 % for
    each request beyond the ignored ones, at most 7 %. Of a loop, the upper half of the reset
    leads the supply from warmest to coldest, the lower half the pumps from least to all. Racks
    ask once from 95 % of their valve until 85 %, twice and three times when their coolant comes
    back 2 and 3 K too warm; users of water likewise by their valves and their supply; halls by
    the air that servers breathe and their fans; any GPU within its margin asks three times.
    Where fewer than ten ask, none is ignored, else two. Its limits are those of our policy on
    the warm side, the fixed setpoints on the cold side.

    Sources: ASHRAE Guideline 36-2021, 5.1.14 (logic), 5.20.5 (plant reset), as the Modelica
    Buildings Library's `TrimAndRespond`, `PlantReset` and `PlantRequests` document them.
    """

    coldest_c: Floats
    limits: CoolantReset
    every_s: float = 300.0
    delay_s: float = 900.0
    trim: float = 0.02
    respond: float = 0.03
    most: float = 0.07
    flow_first: bool = False
    """Of a loop, give up flow before cold: not the guideline's order, often the stronger rule."""

    def start(self, plant: Plant) -> Resets:
        """Return everything at its coldest."""
        circuits = np.ones(len(plant.circuit_names))
        asks = np.zeros(len(plant.rack_names), np.bool_)
        users = np.zeros(len(plant.exchanger_names), np.bool_)
        return Resets(circuits, circuits.copy(), asks, users, self.every_s - self.delay_s)

    def decide(self, view: View, memory: Resets) -> tuple[Decision, Resets]:
        """Return setpoints and flow shares for the resets of now."""
        waited_s = memory.waited_s + view.dt_s
        racks = _latched(memory.rack_asks, *_rack_signal(view))
        opening = view.state.exchanger_opening
        users = _latched(memory.user_asks, opening > 0.95, opening < 0.85)
        loop, water = memory.loop, memory.water
        if waited_s >= self.every_s:
            waited_s = 0.0
            loop = self._moved(loop, *self._loop_requests(view, racks))
            water = self._moved(water, *self._water_requests(view, users))
        cap_w = view.plant.arrays.gpus.power_max_w.copy()
        decided = Decision(cap_w, "trim and respond", facility=self._asked(view, loop, water))
        return decided, Resets(loop, water, racks, users, waited_s)

    def _moved(self, reset: Floats, requests: Floats, served: Floats) -> Floats:
        beyond = np.maximum(requests - np.where(served >= 10, 2, 0), 0)
        response = np.minimum(self.respond * beyond, self.most)
        return np.asarray(np.clip(reset - self.trim + response, 0.0, 1.0))

    def _loop_requests(self, view: View, racks: Flags) -> tuple[Floats, Floats]:
        """Return requests and number of those served, of loops and halls by circuit."""
        plant, state = view.plant, view.state
        r, nodes, gpus = plant.arrays.racks, plant.arrays.nodes, plant.arrays.gpus
        count = len(plant.circuit_names)
        over_k = np.nan_to_num(state.rack_return_c - r.return_setpoint_c, nan=-1.0)
        asks = np.where(over_k > 3.0, 3, np.where(over_k > 2.0, 2, racks.astype(np.int64)))
        wet = r.liquid_circuit >= 0
        requests = np.bincount(r.liquid_circuit[wet], asks[wet], count)
        served = np.bincount(r.liquid_circuit[wet], minlength=count).astype(np.float64)
        in_air = np.flatnonzero((nodes.liquid_circuit < 0) & (nodes.gpu_count > 0))
        room = nodes.air_circuit[in_air]
        warm = (state.node_inlet_c[in_air] > 27.0) | (state.fan_speed[in_air] > 0.95)
        requests += np.bincount(room, warm, count)
        served += np.bincount(room, minlength=count)
        margin_k = self.limits.margin_k
        hot = state.gpu_temp_c > gpus.temp_limit_c - margin_k
        hot |= state.memory_temp_c > gpus.memory_limit_c - margin_k
        own = nodes.liquid_circuit[gpus.node]
        own = np.where(own >= 0, own, nodes.air_circuit[gpus.node])
        return requests + 3.0 * np.bincount(own, hot, count), served

    def _water_requests(self, view: View, users: Flags) -> tuple[Floats, Floats]:
        x, count = view.plant.arrays.exchangers, len(view.plant.circuit_names)
        over_k = view.state.circuit_supply_c[x.hot_circuit] - view.inputs.exchanger_setpoint_c
        asks = np.where(over_k > 3.0, 3, np.where(over_k > 2.0, 2, users.astype(np.int64)))
        cooled = x.cold_circuit >= 0
        requests = np.bincount(x.cold_circuit[cooled], asks[cooled], count)
        served = np.bincount(x.cold_circuit[cooled], minlength=count)
        return requests.astype(np.float64), served.astype(np.float64)

    def _asked(self, view: View, loop: Floats, water: Floats) -> Facility:
        plant, x = view.plant, view.plant.arrays.exchangers
        warmest_c = warmest_setpoints(plant, self.limits)
        setpoint_c, share = self.coldest_c.copy(), np.ones(len(loop))
        loops = pumped_loops(plant)
        for one in waters_of(plant):
            setpoint_c[one.holders] = _between(
                self.coldest_c[one.holders], warmest_c[one.holders], water[one.circuit]
            )
            for u in one.users:
                k = int(x.hot_circuit[u])
                colder = loop[k] if k not in loops else self._parts(loop[k])[0]
                setpoint_c[u] = _between(self.coldest_c[u], warmest_c[u], colder)
        for k in loops:
            low = self.limits.share_min
            share[k] = low + (1.0 - low) * self._parts(loop[k])[1]
        return Facility(setpoint_c, share)

    def _parts(self, reset: float) -> tuple[float, float]:
        """Return how cold and how fast a loop is to be, 0..1 each, at a reset."""
        upper, lower = max(2.0 * reset - 1.0, 0.0), min(2.0 * reset, 1.0)
        return (lower, upper) if self.flow_first else (upper, lower)


def warmest_setpoints(plant: Plant, limits: CoolantReset) -> Floats:
    """Return the warmest setpoints that equipment accepts, less the policy's reserve."""
    accepted = accepted_c(plant, limits.reserve_k)
    return np.asarray(accepted[plant.arrays.exchangers.hot_circuit])


def _between(cold_c: Floats, warm_c: Floats, colder: float) -> Floats:
    return warm_c + (np.minimum(cold_c, warm_c) - warm_c) * colder


def _latched(asks: Flags, on: Flags, off: Flags) -> Flags:
    return (asks | on) & ~off


def _rack_signal(view: View) -> tuple[Flags, Flags]:
    """Return which racks begin and which cease to ask for more."""
    r, circuits, state = view.plant.arrays.racks, view.plant.arrays.circuits, view.state
    held = (r.liquid_circuit >= 0) & (circuits.pump_control[r.liquid_circuit] == HOLDS_FLOW)
    over_k = np.nan_to_num(state.rack_return_c - r.return_setpoint_c, nan=-9.0)
    on = np.where(held, over_k > 0.0, state.rack_valve > 0.95)
    return on, np.where(held, over_k < -1.0, state.rack_valve < 0.85)
