"""A pipe that delays temperatures: parcels of fluid pushed through, unmixed.

A pipe is a row of parcels from its outlet to its inlet, two arrays of a fixed length: their
volumes [m3] and temperatures [C]. A volume of 0 marks a free place, at the inlet end. The
volumes always add up to that of the pipe.
"""

import numpy as np

from site_models.arrays import Floats
from twin.physics.law import borrowing


def filled_pipe(volume_m3: float, temp_c: float, places: int) -> tuple[Floats, Floats]:
    """Return the volumes and temperatures of a pipe at one temperature, shapes (places,).

    A front passes undisturbed if the pipe changes over in fewer than `places` steps; 3 is the
    least. Memory does not grow, whatever flows.
    """
    if places < 3 or not volume_m3 > 0.0:
        raise ValueError(f"expected 3 places or more and a volume, got {places}, {volume_m3:g} m3")
    volumes = np.zeros(places)
    volumes[0] = volume_m3
    return volumes, np.full(places, temp_c)


@borrowing
def push(volume_m3: Floats, temp_c: Floats, inflow_m3: float, inlet_c: float) -> float:
    r"""Push a volume into a pipe; return the mean temperature of what leaves meanwhile [C].

    Parameters
    ----------
    volume_m3, temp_c
        The pipe's parcels, changed in place, shapes (places,)
    inflow_m3
        What enters in the step, flow times time. >= 0 [m3]
    inlet_c
        Its temperature [C]

    Notes
    -----
    Plug flow: what enters leaves after V / flow, whatever the steps and however the flow
    varies. With no place free the two neighbours become one whose mixing moves the least
    heat, :math:`v_1 v_2 / (v_1 + v_2) (T_1 - T_2)^2`; equal ones merge without any loss. Heat is
    conserved to rounding. With no flow nothing moves and the outlet's own temperature is
    returned. More than the pipe's volume in one step passes straight through in part. A
    backward flow is for the caller: swap the ends. Source: ENGINEERING section 8.4.
    Checked against the exact delay, for heat and under varying flow in
    ``tests/twin/physics/test_plug_flow.py``.
    """
    if not inflow_m3 > 0.0:
        standing_c: float = temp_c[0]
        return standing_c
    used = parcels(volume_m3)
    left_m3, heat, taken = inflow_m3, 0.0, 0
    while taken < used and volume_m3[taken] <= left_m3:
        heat += volume_m3[taken] * temp_c[taken]
        left_m3 -= volume_m3[taken]
        taken += 1
    entering_m3 = inflow_m3
    if taken < used:
        heat += left_m3 * temp_c[taken]
        volume_m3[taken] -= left_m3
    else:
        heat += left_m3 * inlet_c
        entering_m3 = inflow_m3 - left_m3
    for i in range(taken, used):
        volume_m3[i - taken], temp_c[i - taken] = volume_m3[i], temp_c[i]
    used -= taken
    for i in range(used, volume_m3.size):
        volume_m3[i] = 0.0
    if used == volume_m3.size:
        merge_closest(volume_m3, temp_c)
        used -= 1
    volume_m3[used], temp_c[used] = entering_m3, inlet_c
    return heat / inflow_m3


@borrowing
def leaving_c(volume_m3: Floats, temp_c: Floats, outflow_m3: float) -> float:
    """Return the mean temperature of what a pipe will lose, without moving anything [C].

    The same sum as :func:`push` returns, to the last bit, as long as no more leaves than the
    pipe holds; beyond, the mean of what it holds. Checked against it in
    ``tests/twin/physics/test_plug_flow.py``.
    """
    if not outflow_m3 > 0.0:
        standing_c: float = temp_c[0]
        return standing_c
    left_m3, heat, i = outflow_m3, 0.0, 0
    while i < volume_m3.size and volume_m3[i] > 0.0 and volume_m3[i] <= left_m3:
        heat += volume_m3[i] * temp_c[i]
        left_m3 -= volume_m3[i]
        i += 1
    if i == volume_m3.size or volume_m3[i] == 0.0:
        return heat / (outflow_m3 - left_m3)
    mixed_c: float = (heat + left_m3 * temp_c[i]) / outflow_m3
    return mixed_c


@borrowing
def parcels(volume_m3: Floats) -> int:
    """Return how many places of a pipe are taken."""
    used = volume_m3.size
    while volume_m3[used - 1] == 0.0:
        used -= 1
    return used


@borrowing
def merge_closest(volume_m3: Floats, temp_c: Floats) -> None:
    """Mix the two neighbours whose mixing moves the least heat; free the last place."""
    last = volume_m3.size - 1
    best, least = 0, np.inf
    for i in range(last):
        both = volume_m3[i] + volume_m3[i + 1]
        difference_k = temp_c[i] - temp_c[i + 1]
        moved = volume_m3[i] * volume_m3[i + 1] / both * difference_k * difference_k
        if moved < least:
            best, least = i, moved
    both = volume_m3[best] + volume_m3[best + 1]
    temp_c[best] += volume_m3[best + 1] / both * (temp_c[best + 1] - temp_c[best])
    volume_m3[best] = both
    for i in range(best + 1, last):
        volume_m3[i], temp_c[i] = volume_m3[i + 1], temp_c[i + 1]
    volume_m3[last] = 0.0


@borrowing
def mean_c(volume_m3: Floats, temp_c: Floats) -> float:
    """Return the volume-weighted mean temperature of a pipe [C]."""
    total, heat = 0.0, 0.0
    for i in range(volume_m3.size):
        total += volume_m3[i]
        heat += volume_m3[i] * temp_c[i]
    return heat / total
