"""Water chillers by performance curves (the EIR form of DOE-2 and EnergyPlus).

Curves hold inside the temperatures they were fitted on, which the catalog states: published
ones end near 13 C of leaving water. Beyond them only the second law is left:
:func:`beyond_the_curves`.
"""

from twin.physics.law import law
from twin.physics.movers import second_law_cop


@law
def biquadratic(
    x: float, y: float, c0: float, c1: float, c2: float, c3: float, c4: float, c5: float
) -> float:
    """Return c0 + c1 x + c2 x^2 + c3 y + c4 y^2 + c5 x y.

    x is the temperature of the chilled water leaving the evaporator, y of the water (or
    air) entering the condenser [C].
    """
    return c0 + c1 * x + c2 * x * x + c3 * y + c4 * y * y + c5 * x * y


@law
def eir_chiller_power_w(
    heat_w: float,
    capacity_w: float,
    rated_cop: float,
    input_ratio: float,
    c0: float,
    c1: float,
    c2: float,
    part_load_min: float,
) -> float:
    """Return the power of a chiller that takes off a heat [W].

    Parameters
    ----------
    heat_w
        Heat taken from the chilled water. 0..capacity_w [W]
    capacity_w
        Most it can take at these temperatures: rating times the capacity curve [W]
    rated_cop
        Coefficient of performance at the rating [-]
    input_ratio
        Curve of the energy input ratio at these temperatures, 1 at the rating [-]
    c0, c1, c2
        Curve of the input over the part load, ascending, 1 at full load [-]
    part_load_min
        Below this share of the capacity the compressor goes on and off [-]

    Notes
    -----
    P = capacity / COP x EIRFT x EIRFPLR(part load); in proportion to the load below the
    least part load; 0 without load. Source: EnergyPlus Engineering Reference, electric EIR
    chiller. Checked by golden values of two machines in ``benchmarks/validation/rejection.py``.
    """
    if heat_w <= 0.0 or capacity_w <= 0.0:
        return 0.0
    part = heat_w / capacity_w
    running = max(part, part_load_min)
    by_load = c0 + running * (c1 + running * c2)
    return capacity_w / rated_cop * input_ratio * by_load * (part / running)


@law
def beyond_the_curves(
    leaving_c: float,
    entering_c: float,
    held_leaving_c: float,
    held_entering_c: float,
    approach_k: float,
) -> float:
    """Return the COP outside the curves' temperatures over the COP at their edge [-].

    The share of Carnot's that the machine reaches at the nearest temperatures inside
    (`held_...`) is kept, so there is no jump at the edge; extrapolating the polynomials is
    not valid (ENGINEERING section 3). `approach_k` is the condensing temperature over the
    entering condenser water. 1 inside the curves. Checked in
    ``tests/twin/cooling/test_rejection.py``.
    """
    there = second_law_cop(leaving_c, entering_c + approach_k, 1.0)
    edge = second_law_cop(held_leaving_c, held_entering_c + approach_k, 1.0)
    return there / edge
