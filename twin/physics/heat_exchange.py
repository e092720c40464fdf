"""Heat exchange between two streams."""

import math

from twin.physics.law import law

SMALLEST_RELATIVE_FLOW = 1e-3
"""Off-design UA is held below this share of the rated flow: at rest only conduction is left."""


@law
def counterflow_effectiveness(ntu: float, capacity_ratio: float) -> float:
    r"""Return the effectiveness of a counter-flow heat exchanger.

    Parameters
    ----------
    ntu
        Number of transfer units, UA over the smaller capacity rate. >= 0 [-]
    capacity_ratio
        Smaller over larger capacity rate. 0..1 [-]

    Returns
    -------
    Share of the largest possible heat that is exchanged. 0..1 [-]

    Notes
    -----
    With :math:`x = N (1 - C)` and :math:`\varphi(x) = (1 - e^{-x}) / x` the textbook form
    reads :math:`\varepsilon = N\varphi / (N\varphi + e^{-x})`, which is smooth at C = 1.
    Assumes constant properties and no loss to the surroundings. Checked against golden
    values and a finite-volume march in ``tests/twin/physics/test_heat_exchange.py``.

    References
    ----------
    T. L. Bergman et al., Fundamentals of Heat and Mass Transfer, 7th ed., ch. 11, 2011.
    """
    x = ntu * (1.0 - capacity_ratio)
    phi = -math.expm1(-x) / x if x > 1e-12 else 1.0
    return ntu * phi / (ntu * phi + math.exp(-x))


@law
def crossflow_effectiveness(ntu: float, capacity_ratio: float) -> float:
    r"""Return the effectiveness of a cross-flow coil, both streams unmixed.

    Parameters and result as for :func:`counterflow_effectiveness`.

    Notes
    -----
    :math:`1 - \exp[(N^{0.22}/C)(\exp(-C N^{0.78}) - 1)]`, the usual fit to the series
    solution; its limit for C -> 0 is :math:`1 - e^{-N}`. Checked at that limit and for
    monotony in ``tests/twin/physics/test_heat_exchange.py``.

    References
    ----------
    T. L. Bergman et al., Fundamentals of Heat and Mass Transfer, 7th ed., table 11.3, 2011.
    """
    if ntu <= 0.0:
        return 0.0
    if capacity_ratio < 1e-9:
        return -math.expm1(-ntu)
    inner = math.expm1(-capacity_ratio * ntu**0.78)
    return -math.expm1(ntu**0.22 / capacity_ratio * inner)


@law
def ua_off_design(
    ua_rated_w_per_k: float, hot_share: float, hot_ratio: float, cold_ratio: float
) -> float:
    """Return the UA away from the rated flows [W/K].

    Parameters
    ----------
    ua_rated_w_per_k
        UA at the rated flows [W/K]
    hot_share
        Hot side's part of the thermal resistance there. 0..1 [-]
    hot_ratio, cold_ratio
        Flows over their rated values. >= 0 [-]

    Notes
    -----
    Each side's film resistance goes with flow to the power -0.7; the wall's is inside the
    two shares. Turbulent plates; source: ENGINEERING section 3, 1/UA = r2 (V2/V20)^-0.7 +
    r1 (V1/V10)^-0.7. Checked for its rated point and monotony in the tests.
    """
    hot: float = max(hot_ratio, SMALLEST_RELATIVE_FLOW) ** -0.7
    cold: float = max(cold_ratio, SMALLEST_RELATIVE_FLOW) ** -0.7
    return ua_rated_w_per_k / (hot_share * hot + (1.0 - hot_share) * cold)


@law
def exchanged_heat_w(
    effectiveness: float, hot_w_per_k: float, cold_w_per_k: float, difference_k: float
) -> float:
    """Return the heat from the hot to the cold stream [W].

    `difference_k` is hot inlet less cold inlet temperature; the capacity rates are m cp.
    """
    return effectiveness * min(hot_w_per_k, cold_w_per_k) * difference_k
