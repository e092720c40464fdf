"""The best setpoints in hindsight, hour by hour at rest: how far any policy could have gone."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from controllers.cooling.loop_need import flow_share, needed_flow_kg_per_s, sized_heat_w
from controllers.cooling.reset_by_need import CoolantReset
from controllers.cooling.setpoint_search import Bounds
from controllers.cooling.staged_coolers import led_apart_c
from controllers.cooling.water_loops import pumped_loops, waters_of
from controllers.experiments.coolant_reset.play import driven
from controllers.experiments.coolant_reset.weeks import Span
from controllers.policy import Facility, View
from site_models.arrays import Floats
from site_models.plant import Plant
from twin.start import idle_inputs
from twin.state import State
from twin.steady import steady
from twin.unsolved import NotSettledError

FIRST_K, LAST_K = 1.0, 0.25
"""Setpoints are tried so far up and down, then half as far, down to the last."""
SETTLES = 60
"""Rounds in which the reset's flows come to what they aim for."""
RESET = CoolantReset()


class Rest(NamedTuple):
    """Cooling power at rest in one hour [W]."""

    best_w: float
    """Of the best setpoints found within the limits of the reset."""
    ours_w: float
    """Of what the reset aims for."""
    rules_w: dict[str, float]
    """Of what others asked for in that hour."""


class Choice(NamedTuple):
    """Setpoints of a water and of its users, and how many coolers are led to the full."""

    water_c: float
    user_c: float
    full: int


def at_rest(
    plant: Plant, span: Span, work: Floats, asked: Mapping[str, Facility], hour: int
) -> Rest:
    """Return what the best setpoints, the reset's and others' draw at rest in an hour.

    `asked` holds what each policy asked for in the middle of that hour of the span. Loads and
    weather of that minute are held for ever. The best is searched on the twin itself: every
    setpoint up and down, those of a water and its users together, one cooler more or fewer at
    the full, flows as the racks need them at the load of now.
    """
    minute = 60 * hour + 30
    time_s = span.start_s + 60.0 * minute
    idle = idle_inputs(plant, *span.air(time_s))
    inputs = driven(plant, idle, span, time_s, work[minute])
    state = steady(plant, inputs)
    view = View(plant, state, inputs, time_s, 60.0, 0.0, np.zeros(len(plant.gpu_names)))
    start, ours, bounds = _ours(view)
    rules_w = {name: _drawn_w(view, each) for name, each in asked.items()}
    return Rest(_best_w(view, start, bounds), _drawn_w(view, ours), rules_w)


def _ours(view: View) -> tuple[list[Choice], Facility, Bounds]:
    """Return what the reset aims for at rest, and its bounds there."""
    memory = RESET.start(view.plant)
    for _ in range(3):
        memory = RESET.aimed(view, memory._replace(setpoint_c=memory.aim_c, waited_s=-1.0))
    aim_c = memory.aim_c
    for _ in range(SETTLES):
        memory = RESET.towards(view, memory._replace(setpoint_c=aim_c), aim_c, 1.0)
    choices = []
    for water in waters_of(view.plant):
        held_c = aim_c[water.holders]
        full = int((held_c < held_c.max()).sum())
        choices.append(Choice(float(held_c.max()), float(aim_c[water.users].max()), full))
    return choices, Facility(aim_c, memory.share), RESET.bounds(view, memory)


def _best_w(view: View, start: list[Choice], bounds: Bounds) -> float:
    """Return the least cooling power that a pattern search finds from a start [W]."""
    here, step_k = start, FIRST_K
    least_w = _drawn_w(view, _facility(view, here, bounds))
    while step_k >= LAST_K:
        for tried in _neighbours(here, step_k):
            drawn_w = _drawn_w(view, _facility(view, tried, bounds))
            if drawn_w < least_w - 1.0:
                here, least_w = tried, drawn_w
                break
        else:
            step_k *= 0.5
    return least_w


def _neighbours(here: list[Choice], step_k: float) -> Iterator[list[Choice]]:
    """Yield the choices around one."""
    for n, (water_c, user_c, full) in enumerate(here):
        for sign in (1.0, -1.0):
            move_k = sign * step_k
            for one in (
                Choice(water_c + move_k, user_c, full),
                Choice(water_c, user_c + move_k, full),
                Choice(water_c + move_k, user_c + move_k, full),
                Choice(water_c, user_c, full + int(sign)),
            ):
                yield [*here[:n], one, *here[n + 1 :]]


def _facility(view: View, choices: list[Choice], bounds: Bounds) -> Facility | None:
    """Return setpoints and flows for choices; None for those that are out of bounds."""
    plant, x = view.plant, view.plant.arrays.exchangers
    setpoint_c = x.setpoint_c.copy()
    for water, (water_c, user_c, full) in zip(waters_of(plant), choices, strict=True):
        setpoint_c[water.holders], setpoint_c[water.users] = water_c, user_c
        if full:
            alone = len(water.holders) < 2 or len(water.chillers) > 0
            if alone or not 0 < full < len(water.holders):
                return None
            low_c = float(bounds.low_c[water.holders].max())
            setpoint_c = led_apart_c(view, water, setpoint_c, full, RESET.led_k, low_c)
    if (setpoint_c > bounds.high_c + 1e-9).any() or (setpoint_c < bounds.low_c - 1e-9).any():
        return None
    sized_w = sized_heat_w(plant, view.state, view.state.gpu_power_w, view.inputs.rack_load_w)
    share = np.ones(len(plant.circuit_names))
    for k, racks in pumped_loops(plant).items():
        supply_c = float(setpoint_c[x.hot_circuit == k].max())
        flow = needed_flow_kg_per_s(plant, racks, sized_w[racks], supply_c)
        needed = float(flow_share(plant, k, racks, flow))
        share[k] = min(max(needed, RESET.share_min), 1.0)
    return Facility(setpoint_c, share)


def _drawn_w(view: View, facility: Facility | None) -> float:
    """Return the cooling power at rest [W]; infinite where there is no rest or no margin."""
    if facility is None:
        return np.inf
    plant = view.plant
    inputs = view.inputs._replace(
        exchanger_setpoint_c=facility.exchanger_setpoint_c,
        circuit_flow_share=facility.circuit_flow_share,
    )
    try:
        state = steady(plant, inputs)
    except NotSettledError:
        return np.inf
    return _cooling_w(state) if _kept(plant, state) else np.inf


def _cooling_w(state: State) -> float:
    moved_w = state.circuit_mover_power_w.sum() + state.exchanger_fan_power_w.sum()
    return float(moved_w + state.chiller_power_w.sum())


def _kept(plant: Plant, state: State) -> bool:
    """Return whether every GPU keeps its margin."""
    gpus = plant.arrays.gpus
    die_k = float((gpus.temp_limit_c - state.gpu_temp_c).min(initial=np.inf))
    memory_k = float((gpus.memory_limit_c - state.memory_temp_c).min(initial=np.inf))
    return min(die_k, memory_k) >= RESET.margin_k
