"""Wet cooling towers: the YorkCalc correlation, and the water that towers use."""

from twin.physics.law import law

EVAPORATED_KG_PER_J = 1.47 / 3.6e6
"""1.47 litres for a kilowatt-hour of heat (ENGINEERING section 3)."""
DRIFT_SHARE = 2e-5
"""Of the circulated water, carried off as drops (ENGINEERING section 3)."""

YORK = (
    (
        (-0.359741205, -0.055053608, 0.0023850432),
        (0.173926877, -0.0248473764, 0.00048430224),
        (-0.005589849456, 0.0005770079712, -0.00001342427256),
    ),
    (
        (2.84765801111111, -0.121765149, 0.0014599242),
        (1.680428651, -0.0166920786, -0.0007190532),
        (-0.025485194448, 0.0000487491696, 0.00002719234152),
    ),
    (
        (-0.0653766255555556, -0.002278167, 0.0002500254),
        (-0.0910565458, 0.00318176316, 0.000038621772),
        (-0.0034285382352, 0.00000856589904, -0.000001516821552),
    ),
)
"""YorkCalc: powers of liquid over gas, of the range, of the wet bulb."""
YORK_WET_BULB_C = (-34.4, 26.7)
YORK_RANGE_K = (1.1, 22.2)
YORK_APPROACH_K = (1.1, 40.0)
YORK_WATER_RATIO = (0.75, 1.25)
YORK_LIQUID_TO_GAS_MAX = 8.0
YORK_TURNS_OVER = 3.0
"""Beyond this liquid to gas the polynomial falls again for ranges above 10 K."""


@law
def yorkcalc_approach_k(wet_bulb_c: float, range_k: float, liquid_to_gas: float) -> float:
    """Return how far water leaves a tower above the air's wet bulb [K].

    Parameters
    ----------
    wet_bulb_c
        Of the entering air. -34.4..26.7 [C]
    range_k
        Entering less leaving water temperature. 1.1..22.2 [K]
    liquid_to_gas
        Water flow over air flow, both relative to the rating: 1 there. At most 8 [-]

    Notes
    -----
    27 coefficients fitted to towers of one maker; they hold for approaches of 1.1..40 K
    (:func:`yorkcalc_holds`), and the polynomial is not guarded outside. Checked by golden
    values, and against Dymola's, in ``benchmarks/validation/rejection.py``.

    References
    ----------
    EnergyPlus Engineering Reference, variable speed tower; Modelica Buildings Library,
    `Fluid.HeatExchangers.CoolingTowers.Correlations.yorkCalc`.
    """
    approach_k = 0.0
    for i in range(2, -1, -1):
        by_range = 0.0
        for j in range(2, -1, -1):
            first, second, third = YORK[i][j]
            by_range = by_range * range_k + first + wet_bulb_c * (second + wet_bulb_c * third)
        approach_k = approach_k * liquid_to_gas + by_range
    return approach_k


@law
def yorkcalc_holds(
    wet_bulb_c: float, range_k: float, approach_k: float, water_ratio: float, liquid_to_gas: float
) -> bool:
    """Return whether a working point lies inside the bounds of the correlation.

    `water_ratio` is the water flow over its rating [-]; others as above.
    """
    return (
        YORK_WET_BULB_C[0] <= wet_bulb_c <= YORK_WET_BULB_C[1]
        and YORK_RANGE_K[0] <= range_k <= YORK_RANGE_K[1]
        and YORK_APPROACH_K[0] <= approach_k <= YORK_APPROACH_K[1]
        and YORK_WATER_RATIO[0] <= water_ratio <= YORK_WATER_RATIO[1]
        and liquid_to_gas <= YORK_LIQUID_TO_GAS_MAX
    )


@law
def yorkcalc_leaving_c(entering_c: float, wet_bulb_c: float, liquid_to_gas: float) -> float:
    """Return the temperature of the water that leaves a tower [C].

    Range and approach add up to entering water over wet bulb; bisection between both. The
    wet bulb and the range are held inside their bounds where the correlation is asked, the
    ratio below its largest. Water colder than the wet bulb leaves as it came.
    """
    total_k = entering_c - wet_bulb_c
    if total_k <= 0.0:
        return entering_c
    held_c = min(max(wet_bulb_c, YORK_WET_BULB_C[0]), YORK_WET_BULB_C[1])
    ratio = min(liquid_to_gas, YORK_LIQUID_TO_GAS_MAX)
    low_k, high_k = 0.0, total_k
    for _ in range(60):
        range_k = 0.5 * (low_k + high_k)
        held_k = min(max(range_k, YORK_RANGE_K[0]), YORK_RANGE_K[1])
        approach_k = max(yorkcalc_approach_k(held_c, held_k, ratio), 0.0)
        if range_k + approach_k > total_k:
            high_k = range_k
        else:
            low_k = range_k
    return entering_c - 0.5 * (low_k + high_k)


@law
def yorkcalc_heat_w(
    entering_c: float,
    wet_bulb_c: float,
    rated_w_per_k: float,
    water_ratio: float,
    air_ratio: float,
    liquid_to_gas_rated: float,
) -> float:
    """Return the heat that a tower takes from its water by YorkCalc at any flows [W].

    Parameters
    ----------
    entering_c, wet_bulb_c
        Of the entering water, of the entering air [C]
    rated_w_per_k
        Capacity rate of the rated water flow [W/K]
    water_ratio, air_ratio
        Flows over their rating. >= 0 [-]
    liquid_to_gas_rated
        Ratio of the correlation at which it meets the tower's rating [-]

    Notes
    -----
    Outside its bounds the correlation is held at them, on the side of less heat: water below
    three quarters of the rating leaves as warm as there, water beyond five quarters goes past
    uncooled, and below the air flow of a ratio of 3 heat falls in proportion to the air.
    Never colder than the wet bulb, no heat without water or air. Checked for golden values,
    bounds and monotony in ``tests/twin/physics/test_cooling_tower.py``.
    """
    full = min(max(water_ratio, YORK_WATER_RATIO[0]), YORK_WATER_RATIO[1]) * liquid_to_gas_rated
    least_air = full / YORK_TURNS_OVER
    leaving_c = yorkcalc_leaving_c(entering_c, wet_bulb_c, full / max(air_ratio, least_air))
    cooled = min(max(water_ratio, 0.0), YORK_WATER_RATIO[1]) * rated_w_per_k
    blown = min(max(air_ratio, 0.0) / least_air, 1.0)
    return cooled * blown * (entering_c - leaving_c)


@law
def evaporation_kg_per_s(heat_w: float) -> float:
    """Return the water that a tower evaporates for the heat it gives off [kg/s]."""
    return max(heat_w, 0.0) * EVAPORATED_KG_PER_J


@law
def drift_kg_per_s(circulated_kg_per_s: float) -> float:
    """Return the water that the air carries off as drops [kg/s]."""
    return circulated_kg_per_s * DRIFT_SHARE


@law
def blowdown_kg_per_s(evaporated_kg_per_s: float, concentration_cycles: float) -> float:
    """Return the water let off to hold the salts at so many times the make-up's [kg/s].

    Evaporation / (cycles - 1), cycles > 1 (3 to 6 in practice); drift is on top. Make-up is
    the sum of the three. Source: ENGINEERING section 3.
    """
    return evaporated_kg_per_s / (concentration_cycles - 1.0)
