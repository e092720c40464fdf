"""Moist air: humidity, dew point, wet bulb, enthalpy and density."""

import math

from twin.physics.law import law

STANDARD_PRESSURE_PA = 101325.0
DRIEST_C = -100.0
"""Where the correlation of saturation ends, and so the dew point of dry air."""
DRY_AIR_J_PER_KG_K = 287.042
"""Gas constant of dry air."""


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


@law
def dew_point_c(dry_bulb_c: float, relative_humidity: float) -> float:
    """Return the temperature at which the air's water begins to condense, or to freeze [C].

    Relative humidity 0..1 [-]; -100 C for air without water. Bisection of the saturation
    pressure, to 1e-6 K. Checked against psychrolib in ``benchmarks/validation/psychrometrics.py``.
    """
    vapour_pa = relative_humidity * saturation_pressure_pa(dry_bulb_c)
    low_c, high_c = DRIEST_C, dry_bulb_c
    while high_c - low_c > 1e-6:
        guess_c = 0.5 * (low_c + high_c)
        if saturation_pressure_pa(guess_c) > vapour_pa:
            high_c = guess_c
        else:
            low_c = guess_c
    return 0.5 * (low_c + high_c)


@law
def moist_air_enthalpy_j_per_kg(dry_bulb_c: float, ratio: float) -> float:
    """Return the enthalpy of moist air for each kilogram of dry air, 0 at 0 C and dry [J/kg].

    `ratio` is the humidity ratio [-]. ASHRAE Handbook Fundamentals 2017, ch. 1, eq. 30.
    Checked as :func:`dew_point_c`.
    """
    return 1006.0 * dry_bulb_c + ratio * (2.501e6 + 1860.0 * dry_bulb_c)


@law
def moist_air_density_kg_per_m3(dry_bulb_c: float, ratio: float, pressure_pa: float) -> float:
    """Return the density of moist air, its water included [kg/m3].

    `ratio` is the humidity ratio [-]. An ideal mixture, ASHRAE Handbook Fundamentals 2017,
    ch. 1, eqs. 9 and 26. Checked as :func:`dew_point_c`.
    """
    dry_m3_per_kg = DRY_AIR_J_PER_KG_K * (dry_bulb_c + 273.15) / pressure_pa
    return (1.0 + ratio) / (dry_m3_per_kg * (1.0 + 1.607858 * ratio))
