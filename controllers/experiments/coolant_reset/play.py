"""A policy in closed loop with the twin's own plant, in long steps, and what it used."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from controllers.experiments.coolant_reset.loads import draws
from controllers.experiments.coolant_reset.weeks import Span
from controllers.policy import Facility, View
from controllers.water_loops import pumped_loops
from site_models.arrays import Floats
from site_models.plant import AIR, Plant
from twin.start import idle_inputs
from twin.state import MODELLED, Inputs, State
from twin.steady import NotSettledError, steady
from twin.start import first_state
from twin.step import advance, copied, plain

DECIDE_S, LOOK_S, SUBSTEP_S = 60.0, 20.0, 4.0
"""A decision a minute; temperatures are watched every 20 s; heats are held for 4 s."""
LEAD_S = 6 * 3600.0
"""Before the span begins, not counted: every policy comes to its own."""
"""Watts over this many joules."""


class Use(NamedTuple):
    """What a span took."""

    cooling_j: float
    """Pumps, fans of coolers and room units, chillers."""
    parts_j: dict[str, float]
    fans_j: float
    """Of servers: within IT."""
    site_j: float
    it_j: float
    water_kg: float
    closest_k: float
    """Least distance of any GPU, or its memory, to its limit."""
    fastest_k_per_min: float
    """Move of any water or coolant setpoint."""
    fastest_air_k_per_min: float
    warmest_over_k: float
    """Of any supply over what its equipment accepts."""
    flow_kg_per_s: float
    """Mean of a rack with coolant."""


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What a policy did over a span, with hourly means for plots."""

    use: Use
    hour: Floats
    cooling_w: Floats
    supply_c: Floats
    """Warmest of the loops' supplies."""


def play(plant: Plant, policy: Any, span: Span, share: Floats) -> Played:
    """Return what a policy used over a span under a course of work, shape (minutes, racks).

    The policy sees the true state. Loads are asked, not given: GPUs answer with their own
    leakage and thermal control. The lead runs on the last hours of the same work.
    """
    start_s = span.start_s - LEAD_S
    minutes = int((LEAD_S + span.days * 86_400.0) / DECIDE_S)
    lead = int(LEAD_S / DECIDE_S)
    inputs = driven(plant, idle_inputs(plant, *span.air(start_s)), span, start_s, share[-lead])
    try:
        state = steady(plant, inputs, start_s)
    except NotSettledError:
        state = first_state(plant, inputs, start_s)
    memory, meter = policy.start(plant), Meter(plant)
    outlook_dt_s = 0.0
    for minute in range(minutes):
        time_s = start_s + DECIDE_S * minute
        inputs = driven(plant, inputs, span, time_s, share[minute - lead])
        view = View(plant, state, inputs, time_s, outlook_dt_s, 0.0, np.zeros(len(plant.gpu_names)))
        decision, memory = policy.decide(view, memory)
        outlook_dt_s = DECIDE_S
        facility = decision.facility
        inputs = inputs._replace(
            exchanger_setpoint_c=facility.exchanger_setpoint_c,
            circuit_flow_share=facility.circuit_flow_share,
        )
        held = plain(inputs)
        state = copied(state)
        for _ in range(int(DECIDE_S / LOOK_S)):
            ledger = advance(plant.arrays, state, held, LOOK_S, int(LOOK_S / SUBSTEP_S))
            if minute >= lead:
                meter.take(state, ledger)
        state = state._replace(time_s=time_s + DECIDE_S)
        meter.asked(facility, minute >= lead)
    return meter.told()


def driven(plant: Plant, inputs: Inputs, span: Span, time_s: float, share: Floats) -> Inputs:
    """Return the inputs of a minute."""
    gpu_w, rack_w = draws(plant, share)
    dry_c, wet_c = span.air(time_s)
    return inputs._replace(
        gpu_power_w=gpu_w,
        gpu_power_basis=np.full(len(gpu_w), MODELLED, np.int64),
        rack_load_w=rack_w,
        dry_bulb_c=dry_c,
        wet_bulb_c=wet_c,
    )


class Meter:
    """Sums what is used, and keeps the extremes."""

    def __init__(self, plant: Plant) -> None:
        arrays = plant.arrays
        self._plant, self._loops = plant, list(pumped_loops(plant))
        self._air = arrays.circuits.kind == AIR
        self._air_units = self._air[arrays.exchangers.hot_circuit]
        self._wet = arrays.racks.liquid_circuit >= 0
        self._parts = dict.fromkeys(("pumps", "room fans", "coolers", "chillers"), 0.0)
        self._fans_j = self._site_j = self._it_j = self._water_kg = self._flow = 0.0
        self._closest_k, self._over_k = np.inf, -np.inf
        self._fastest = self._fastest_air = 0.0
        self._before_c: Floats | None = None
        self._hourly: list[tuple[float, float]] = []
        self._looks = 0

    def take(self, state: State, ledger: tuple[float, ...]) -> None:
        """Count one look."""
        arrays = self._plant.arrays
        movers_w = state.circuit_mover_power_w
        now = {
            "pumps": float(movers_w[~self._air].sum()),
            "room fans": float(movers_w[self._air].sum()),
            "coolers": float(state.exchanger_fan_power_w.sum()),
            "chillers": float(state.chiller_power_w.sum()),
        }
        for part, power_w in now.items():
            self._parts[part] += power_w * LOOK_S
        speed = state.fan_speed
        self._fans_j += float(arrays.nodes.fan_power_max_w @ speed**3) * LOOK_S
        self._site_j += ledger[0]
        self._it_j += ledger[3]
        self._water_kg += ledger[4]
        self._flow += float(state.rack_flow_kg_per_s[self._wet].mean()) if self._wet.any() else 0.0
        self._look_at_temperatures(state)
        self._hourly.append((sum(now.values()), float(state.circuit_supply_c[self._loops].max())))
        self._looks += 1

    def _look_at_temperatures(self, state: State) -> None:
        gpus, circuits = self._plant.arrays.gpus, self._plant.arrays.circuits
        if len(gpus.node):
            die_k = float((gpus.temp_limit_c - state.gpu_temp_c).min())
            memory_k = float((gpus.memory_limit_c - state.memory_temp_c).min())
            self._closest_k = min(self._closest_k, die_k, memory_k)
        over_k = float((state.circuit_supply_c - circuits.supply_limit_c).max())
        self._over_k = max(self._over_k, over_k)

    def asked(self, facility: Facility, counts: bool) -> None:
        """Compare a decision's setpoints with the last one's."""
        now_c = facility.exchanger_setpoint_c
        if self._before_c is not None and counts:
            moved_k = np.abs(now_c - self._before_c) * (60.0 / DECIDE_S)
            self._fastest = max(self._fastest, float(moved_k[~self._air_units].max(initial=0.0)))
            air_k = float(moved_k[self._air_units].max(initial=0.0))
            self._fastest_air = max(self._fastest_air, air_k)
        self._before_c = now_c

    def told(self) -> Played:
        """Return the sums."""
        per_hour = int(3600.0 / LOOK_S)
        hourly = np.array(self._hourly).reshape(-1, per_hour, 2).mean(axis=1)
        use = Use(
            sum(self._parts.values()), self._parts, self._fans_j, self._site_j, self._it_j,
            self._water_kg, self._closest_k, self._fastest, self._fastest_air, self._over_k,
            self._flow / max(self._looks, 1),
        )  # fmt: skip
        return Played(use, np.arange(len(hourly)) + 0.5, hourly[:, 0], hourly[:, 1])
