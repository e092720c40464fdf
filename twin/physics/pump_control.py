"""Speed of a unit's pumps, their alarm, changeover and coast-down.

Pure functions: what is remembered from step to step is an argument and a return value. The
defaults are those of a real manual, Vertiv CoolChip CDU 600 (ENGINEERING section 3, source
S25); the alarm's delay may be set to 1-300 s there and the changeover to 50-500 ms.
"""

import math

from twin.physics.law import compiled, law

FLOW_SETPOINTS_M3_PER_S = (50.0 / 6e4, 500.0 / 6e4)
"""Range of the flow setpoint of that unit, 50-500 L/min."""
DP_SETPOINTS_PA = (0.1e5, 4.0e5)
SPEED_MIN = 0.15
ALARM_SHARE = 0.9
"""Low flow is less than this share of the setpoint."""
ALARM_DELAY_S = 100.0
CHANGEOVER_S = 0.25
REFRESH_S = 10.0
"""Time in which the loop answers its error."""
LARGEST_RATIO = 2.0
"""The speed is asked to change by no more than this factor at once."""


@compiled
def speed_for(
    speed: float, wanted: float, measured: float, exponent: float, speed_min: float, h_s: float
) -> float:
    """Return the speed after a step of h: by the affinity laws, with the loop's delay.

    What is measured goes with speed to the power `exponent`: 1 for flow, 2 for differential
    pressure. The speed that would give what is wanted is approached within about 10 s and kept
    between the least and 1. Use :func:`speed_for_flow` and :func:`speed_for_dp`.
    """
    now = max(speed, speed_min)
    ratio = LARGEST_RATIO
    if measured > 0.0:
        ratio = min(max((wanted / measured) ** (1.0 / exponent), 1.0 / LARGEST_RATIO), ratio)
    aim = min(max(now * ratio, speed_min), 1.0)
    return now + (aim - now) * -math.expm1(-h_s / REFRESH_S)


@compiled
def speed_for_flow(
    speed: float, wanted_m3_per_s: float, measured_m3_per_s: float, speed_min: float, h_s: float
) -> float:
    """Return the pump speed [-] that leads the flow [m3/s] to its setpoint, after h [s].

    `speed` is the memory. Flow mode: on a loop of fixed resistance flow goes with speed.
    Checked to settle on the setpoint, at both ends of its range and at rest in
    ``tests/twin/physics/test_pump_control.py``.
    """
    return speed_for(speed, wanted_m3_per_s, measured_m3_per_s, 1.0, speed_min, h_s)


@compiled
def speed_for_dp(
    speed: float, wanted_pa: float, measured_pa: float, speed_min: float, h_s: float
) -> float:
    """Return the pump speed [-] that leads the differential pressure [Pa] to its setpoint.

    `speed` is the memory. Differential-pressure mode: pressure goes with the square of speed,
    so racks that shut their valves do not speed up the flow through the others. Checked in
    ``tests/twin/physics/test_pump_control.py``.
    """
    return speed_for(speed, wanted_pa, measured_pa, 2.0, speed_min, h_s)


@law
def allowed_setpoint(wanted: float, least: float, most: float) -> float:
    """Return a setpoint held inside the range that the unit accepts."""
    return min(max(wanted, least), most)


@compiled
def low_flow(
    low_for_s: float, flow_m3_per_s: float, wanted_m3_per_s: float, delay_s: float, h_s: float
) -> tuple[float, bool]:
    """Return how long the flow has been low [s], the memory, and whether that is an alarm.

    Low is under 90 % of the setpoint; any step above it begins anew. Checked for the moment of
    the alarm and its reset in ``tests/twin/physics/test_pump_control.py``.
    """
    if flow_m3_per_s >= ALARM_SHARE * wanted_m3_per_s:
        return 0.0, False
    low_for_s += h_s
    return low_for_s, low_for_s >= delay_s


@compiled
def changeover(
    on_duty: int, waited_s: float, first_runs: bool, second_runs: bool, delay_s: float, h_s: float
) -> tuple[int, float, float]:
    """Return the pump on duty (0 or 1), the time waited [s] and the share of h it is driven.

    The first two are the memory. When the pump on duty fails the other, if it can run, takes
    over after `delay_s`; meanwhile none is driven. A pump that comes back stays in reserve.
    Checked for the gap at any step size in ``tests/twin/physics/test_pump_control.py``.
    """
    duty_runs, other_runs = first_runs, second_runs
    if on_duty == 1:
        duty_runs, other_runs = second_runs, first_runs
    if duty_runs:
        return on_duty, 0.0, 1.0
    if not other_runs:
        return on_duty, 0.0, 0.0
    if waited_s + h_s < delay_s:
        return on_duty, waited_s + h_s, 0.0
    return 1 - on_duty, 0.0, min(max((waited_s + h_s - delay_s) / h_s, 0.0), 1.0)


@law
def coast_down(since_s: float, time_constant_s: float, floor: float) -> float:
    """Return the flow of a pump after its trip over that before [-].

    `1 / (1 + t / tau)`: the flow of a rotor that only fluid friction slows, against a
    resistance without static head; never under `floor`, what natural circulation or a
    second loop leaves. tau 0 is an instant stop. Source: ENGINEERING section 3 (ride-through).
    Checked in ``tests/twin/physics/test_pump_control.py``.
    """
    if since_s <= 0.0:
        return 1.0
    if time_constant_s <= 0.0:
        return floor
    return max(1.0 / (1.0 + since_s / time_constant_s), floor)
