"""Properties of a coolant by temperature, and the heat it takes from one to another.

A property is a polynomial of the temperature in degrees Celsius with five coefficients,
ascending; shorter ones end in zeros. The catalog holds them with their source.
"""

import math

from twin.physics.law import law

CLOSE_ENOUGH_K = 1e-12
MOST_TURNS = 50


@law
def property_at(temp_c: float, c0: float, c1: float, c2: float, c3: float, c4: float) -> float:
    """Return a property: density [kg/m3], heat capacity [J/(kg K)], conductivity [W/(m K)].

    Holds within the range that the catalog states for the fluid. Checked against CoolProp
    in ``benchmarks/validation/fluids.py``: within 0.2 % from 10 to 65 C.
    """
    return c0 + temp_c * (c1 + temp_c * (c2 + temp_c * (c3 + temp_c * c4)))


@law
def viscosity_pa_s(temp_c: float, c0: float, c1: float, c2: float, c3: float, c4: float) -> float:
    """Return the dynamic viscosity [Pa s]; the polynomial gives its natural logarithm.

    Checked as :func:`property_at`.
    """
    return math.exp(c0 + temp_c * (c1 + temp_c * (c2 + temp_c * (c3 + temp_c * c4))))


@law
def enthalpy_rise_j_per_kg(
    cold_c: float, warm_c: float, c0: float, c1: float, c2: float, c3: float, c4: float
) -> float:
    """Return the heat that warms a kilogram from one temperature to the other [J/kg].

    The integral of the heat capacity, whose coefficients are given; negative when the
    second temperature is the lower one. Checked against CoolProp's enthalpy in
    ``benchmarks/validation/fluids.py``.
    """
    warm = warm_c * (
        c0 + warm_c * (c1 / 2 + warm_c * (c2 / 3 + warm_c * (c3 / 4 + warm_c * c4 / 5)))
    )
    cold = cold_c * (
        c0 + cold_c * (c1 / 2 + cold_c * (c2 / 3 + cold_c * (c3 / 4 + cold_c * c4 / 5)))
    )
    return warm - cold


@law
def warmed_c(
    inlet_c: float,
    heat_w: float,
    flow_kg_per_s: float,
    c0: float,
    c1: float,
    c2: float,
    c3: float,
    c4: float,
) -> float:
    """Return the temperature at which a stream leaves what it cools [C].

    Newton's method on the enthalpy, so the heat capacity follows the temperature between
    inlet and outlet; the coefficients are the heat capacity's. Heat may be negative. At
    rest the stream keeps its inlet temperature. Checked against the published flow tables
    of two racks in ``benchmarks/validation/rack_flow.py``.
    """
    if flow_kg_per_s <= 0.0:
        return inlet_c
    asked = heat_w / flow_kg_per_s
    outlet_c = inlet_c
    for _ in range(MOST_TURNS):
        missing = asked - enthalpy_rise_j_per_kg(inlet_c, outlet_c, c0, c1, c2, c3, c4)
        step_k = missing / property_at(outlet_c, c0, c1, c2, c3, c4)
        outlet_c += step_k
        if abs(step_k) <= CLOSE_ENOUGH_K * max(abs(outlet_c), 1.0):
            break
    return outlet_c


@law
def flow_to_warm_kg_per_s(
    inlet_c: float,
    outlet_c: float,
    heat_w: float,
    c0: float,
    c1: float,
    c2: float,
    c3: float,
    c4: float,
) -> float:
    """Return the flow that takes a heat between two temperatures [kg/s].

    The inverse of :func:`warmed_c`: what a valve holding the return temperature settles
    at. Infinite where the outlet is not the warmer one: no flow carries heat there.
    """
    if outlet_c <= inlet_c:
        return 0.0 if heat_w <= 0.0 else math.inf
    return heat_w / enthalpy_rise_j_per_kg(inlet_c, outlet_c, c0, c1, c2, c3, c4)
