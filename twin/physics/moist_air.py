"""Outdoor air: dew point, wet bulb and humidity."""

import math

from twin.physics.law import law

STANDARD_PRESSURE_PA = 101325.0


@law
def saturation_pressure_pa(temp_c: float) -> float:
    """Return the saturation pressure of water vapour [Pa] over ice below 0 C, else water.

    Hyland and Wexler's correlations, -100..200 C, as in ASHRAE Handbook Fundamentals 2017,
    ch. 1, eqs. 5 and 6. Checked against its tables in ``tests/twin/physics/test_moist_air.py``.
    """
    t = temp_c + 273.15
    if temp_c < 0.0:
        return math.exp(
            -5.6745359e3 / t
            + 6.3925247
            - 9.677843e-3 * t
            + 6.2215701e-7 * t * t
            + 2.0747825e-9 * t**3
            - 9.484024e-13 * t**4
            + 4.1635019 * math.log(t)
        )
    return math.exp(
        -5.8002206e3 / t
        + 1.3914993
        - 4.8640239e-2 * t
        + 4.1764768e-5 * t * t
        - 1.4452093e-8 * t**3
        + 6.5459673 * math.log(t)
    )


@law
def humidity_ratio(vapour_pressure_pa: float, pressure_pa: float) -> float:
    """Return the mass of water per mass of dry air [-]."""
    return 0.621945 * vapour_pressure_pa / (pressure_pa - vapour_pressure_pa)


@law
def wet_bulb_c(dry_bulb_c: float, relative_humidity: float, pressure_pa: float) -> float:
    """Return the thermodynamic wet-bulb temperature [C].

    Relative humidity 0..1 [-]. Bisection of the adiabatic saturation balance, ASHRAE
    Handbook Fundamentals 2017, ch. 1, eqs. 33 and 35, to 1e-6 K. Checked against tabled
    values and for saturation in ``tests/twin/physics/test_moist_air.py``.
    """
    actual = humidity_ratio(relative_humidity * saturation_pressure_pa(dry_bulb_c), pressure_pa)
    low_c, high_c = dry_bulb_c - 60.0, dry_bulb_c
    while high_c - low_c > 1e-6:
        guess_c = 0.5 * (low_c + high_c)
        full = humidity_ratio(saturation_pressure_pa(guess_c), pressure_pa)
        if guess_c >= 0.0:
            heat = (2501.0 - 2.326 * guess_c) * full - 1.006 * (dry_bulb_c - guess_c)
            ratio = heat / (2501.0 + 1.86 * dry_bulb_c - 4.186 * guess_c)
        else:
            heat = (2830.0 - 0.24 * guess_c) * full - 1.006 * (dry_bulb_c - guess_c)
            ratio = heat / (2830.0 + 1.86 * dry_bulb_c - 2.1 * guess_c)
        if ratio > actual:
            high_c = guess_c
        else:
            low_c = guess_c
    return 0.5 * (low_c + high_c)


@law
def evaporation_heat_j_per_kg(temp_c: float) -> float:
    """Return the heat that evaporates a kilogram of water [J/kg]."""
    return 2.501e6 - 2326.0 * temp_c
