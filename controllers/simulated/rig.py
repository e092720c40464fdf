"""A simulated plant that is source and actuator at once: the what-if world."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from controllers.actuators.actuator import Held
from controllers.actuators.admit import Limits, catalog_limits
from controllers.actuators.order import Order, default_order
from controllers.plant_edits import dark
from controllers.simulated.careless import without_thermal_control
from controllers.simulated.course import Course
from controllers.simulated.locked import locked_w
from controllers.simulated.rig_readings import Sensors, readings
from site_models.arrays import Flags, Floats
from site_models.plant import Plant
from telemetry.frame import Frame
from telemetry.signals import AXES
from twin.state import MODELLED, Inputs, State
from twin.step import step

Demand = Callable[[float], Floats]
"""Time [s] -> power that each GPU would draw uncapped [W], shape (GPUs,)."""

Heeds = Callable[[Order], None]
"""Hears of the order in force before every demand; keeps to its clocks, pauses and moves."""

Told = Callable[[Plant, State, float], None]
"""Takes note of a step: the plant in force, the state it ended in, its length [s]."""

Weather = Callable[[float], tuple[float, float]]
"""Time [s] -> dry-bulb and wet-bulb temperature outdoors [C]."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A demand given as a table: the row in force at a time is held until the next."""

    start_s: float
    dt_s: float
    gpu_power_w: Floats
    """Shape (times, GPUs); before its first row that, after its last row the last."""

    def __call__(self, time_s: float) -> Floats:
        """Return the row in force."""
        row = math.floor((time_s - self.start_s) / self.dt_s + 1e-9)
        held: Floats = self.gpu_power_w[min(max(row, 0), len(self.gpu_power_w) - 1)]
        return held


class Rig:
    """Plays a demand through the step with an order applied, and reads its own sensors.

    Each `read` is `dt_s` later. During the interval every GPU draws what its load at the
    interval's start comes to with its leakage, no more than its cap; setpoints and flows are
    those of the order. One whose dead-man's time is over is the defaults again. A demand that
    does not heed orders is slowed by their clocks as constant loads are, and never paused.
    The devices' own thermal control is played: a GPU past its limit lowers its clock, and turns
    itself off for good where it reaches its shutdown temperature. Without `thermal_control` it
    keeps its power at any temperature, so that what a policy prevents can be seen.
    The same start, demand, weather, events and orders give the same frames, bit for bit;
    without events also when resumed from a state.
    `told` hears of every step, such as `controllers.jobs.work.Work`, whose demand follows from it.

    A course of events exchanges the plant: `plant` is the one in force. GPUs that it takes
    out of service draw nothing, and the shifts of its setpoints are added to the inputs'.
    """

    def __init__(
        self,
        plant: Plant,
        state: State,
        inputs: Inputs,
        demand: Demand,
        weather: Weather,
        dt_s: float = 1.0,
        end_s: float = math.inf,
        sensors: Sensors | None = None,
        course: Course | None = None,
        thermal_control: bool = True,
        told: Told | None = None,
        heeds: Heeds | None = None,
    ) -> None:
        if not dt_s > 0.0:
            raise ValueError(f"dt_s: expected a positive number of seconds, got {dt_s}")
        self.state = state
        """True state of the simulated plant, which a loop does not see."""
        self.inputs = inputs
        """What truly drove it last."""
        self.plant = plant
        """The plant in force: as built, changed by the events so far."""
        self._built, self._start_inputs = plant, inputs
        self._thermal_control = thermal_control
        self._dt_s, self._end_s = dt_s, end_s
        self._demand, self._weather = demand, weather
        self._course, self._told, self._heeds = course, told, heeds
        self._sensors = Sensors() if sensors is None else sensors
        self.commands_jobs = heeds is not None
        """Whether its demand keeps to orders, pauses and moves among them."""
        self._limits = catalog_limits(plant)
        self._default = default_order(plant, self._limits.gpu_cap_default_w)
        self.order = self._default
        """What is in force."""
        self._darkened = (plant, frozenset[str](), plant)

    @property
    def shut_down(self) -> Flags:
        """GPUs that turned themselves off."""
        return self.state.gpu_off

    @property
    def axes(self) -> Mapping[str, Sequence[str]]:
        """Ids along each axis of the frames."""
        return {name: self._built.axis(name) for name in AXES if name not in ("link", "job")}

    def read(self) -> Frame | None:
        """Advance by one interval and return what the sensors say; None after the end."""
        if not self.advance():
            return None
        values = readings(self.plant, self.state, self.inputs, self.order.gpu_cap_w)
        frame = Frame(self.state.time_s, self._sensors.seen(values, self.state.time_s))
        return frame if self._course is None else self._course.seen(frame)

    def advance(self) -> bool:
        """Advance by one interval and read nothing; False after the end, where nothing moves."""
        start_s = self.state.time_s
        if start_s + self._dt_s > self._end_s + 1e-9:
            return False
        if -math.inf < self.order.until_s <= start_s:
            self.expire(start_s)
        plant = self._built
        if self._course is not None:
            plant = self._course.plant(self.state, self._dt_s)
        self.plant = self._fed(plant)
        self.inputs = self._driven(start_s)
        played = self.plant if self._thermal_control else without_thermal_control(self.plant)
        self.state = step(played, self.state, self.inputs, self._dt_s)
        if self._told is not None:
            self._told(self.plant, self.state, self._dt_s)
        return True

    def _driven(self, time_s: float) -> Inputs:
        """Return what drives the plant in force from a time on."""
        built, arrays = self._built.arrays, self.plant.arrays
        air = self._weather(time_s)
        if self._course is not None:
            air = self._course.outdoors(time_s, air)
        dark = built.gpus.in_service & ~arrays.gpus.in_service
        shift_k = arrays.exchangers.setpoint_c - built.exchangers.setpoint_c
        start, order = self._start_inputs, self.order
        asked_c, share = order.facility
        return start._replace(
            gpu_power_w=np.where(dark, 0.0, self._asked_w(time_s)),
            gpu_power_basis=np.full(len(dark), MODELLED, dtype=np.int64),
            gpu_cap_w=order.gpu_cap_w,
            exchanger_setpoint_c=_or(asked_c, start.exchanger_setpoint_c) + shift_k,
            circuit_flow_share=_or(share, start.circuit_flow_share),
            dry_bulb_c=air[0],
            wet_bulb_c=air[1],
        )

    def _fed(self, plant: Plant) -> Plant:
        """Return the plant with the racks dark that were shut down."""
        if not self.order.racks_off:
            return plant
        if self._darkened[0] is not plant or self._darkened[1] != self.order.racks_off:
            off = np.array([name in self.order.racks_off for name in plant.rack_names])
            self._darkened = (plant, self.order.racks_off, dark(plant, off))
        return self._darkened[2]

    def _asked_w(self, time_s: float) -> Floats:
        """Return what the GPUs would draw from a time on, their clocks as ordered [W]."""
        if self._heeds is not None:
            self._heeds(self.order)
            return self._demand(time_s)
        return locked_w(self._built, self._demand(time_s), self.order.gpu_clock_share)

    def limits(self) -> Limits:
        """Return the device limits of the catalog."""
        return self._limits

    def apply(self, order: Order, time_s: float) -> None:
        """Put an order in force from the next interval on."""
        self.order = order

    def expire(self, time_s: float) -> None:
        """Put the defaults back; racks that were shut down stay so."""
        stay = self.order
        self.order = self._default._replace(racks_off=stay.racks_off, moves=stay.moves)

    def held(self) -> Held | None:
        """Return what is in force."""
        order = self.order
        unknown = np.full(len(order.gpu_cap_w), np.nan)
        return Held(order.gpu_cap_w, order.gpu_clock_share, unknown)


def _or(wished: Floats, built: Floats) -> Floats:
    """Return what was wished for, and what was built where nothing was."""
    return np.where(np.isnan(wished), built, wished)
