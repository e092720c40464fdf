"""Merkel's tower: rated and back, its corrections by hand, limits."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from twin.physics.heat_exchange import counterflow_effectiveness
from twin.physics.merkel import (
    merkel_heat_w,
    merkel_rated_ua_w_per_k,
    merkel_ua_factor,
    saturated_cp_j_per_kg_k,
)
from twin.physics.moist_air import (
    STANDARD_PRESSURE_PA,
    humidity_ratio,
    moist_air_enthalpy_j_per_kg,
    saturation_pressure_pa,
)

WATER_W_PER_K, AIR_KG_PER_S = 4186.0 * 10.0, 8.0


def saturated_j_per_kg(temp_c: float) -> float:
    ratio = humidity_ratio(saturation_pressure_pa(temp_c), STANDARD_PRESSURE_PA)
    return moist_air_enthalpy_j_per_kg(temp_c, ratio)


@given(st.floats(5.0, 26.0), st.floats(3.0, 8.0), st.floats(3.0, 10.0))
def test_a_tower_meets_the_rating_its_ua_was_made_for(
    wet_c: float, approach_k: float, range_k: float
) -> None:
    leaving_c = wet_c + approach_k
    entering_c = leaving_c + range_k
    ua = merkel_rated_ua_w_per_k(entering_c, leaving_c, wet_c, WATER_W_PER_K, 12.0)
    assume(ua < math.inf)
    heat_w = merkel_heat_w(entering_c, wet_c, WATER_W_PER_K, 12.0, ua)
    assert heat_w == pytest.approx(WATER_W_PER_K * range_k, rel=1e-6)


def test_no_surface_meets_a_rating_that_the_air_cannot_carry() -> None:
    assert merkel_rated_ua_w_per_k(35.0, 25.5, 25.0, WATER_W_PER_K, 1.0) == math.inf


def test_the_air_carries_what_the_water_gives() -> None:
    """Enthalpy balance of the air at the wet bulb it leaves with."""
    heat_w = merkel_heat_w(35.0, 20.0, WATER_W_PER_K, AIR_KG_PER_S, 3e4)
    low_c, high_c = 20.0, 35.0
    for _ in range(60):
        middle_c = 0.5 * (low_c + high_c)
        carried_w = AIR_KG_PER_S * (saturated_j_per_kg(middle_c) - saturated_j_per_kg(20.0))
        low_c, high_c = (middle_c, high_c) if carried_w < heat_w else (low_c, middle_c)
    cp = saturated_cp_j_per_kg_k(20.0, low_c)
    air_w_per_k = AIR_KG_PER_S * cp
    least, most = sorted((air_w_per_k, WATER_W_PER_K))
    part = counterflow_effectiveness(3e4 * cp / 1006.0 / least, least / most)
    assert heat_w == pytest.approx(part * least * 15.0, rel=1e-6)


def test_wet_air_carries_several_times_what_dry_air_does() -> None:
    assert saturated_cp_j_per_kg_k(25.0, 30.0) == pytest.approx(4.7e3, rel=0.05)
    assert saturated_cp_j_per_kg_k(25.0, 25.0) > 1006.0


@given(st.floats(-10.0, 30.0), st.floats(0.1, 25.0), st.floats(1e3, 1e6), st.floats(0.1, 30.0))
def test_water_never_leaves_below_the_wet_bulb(
    wet_c: float, above_k: float, ua: float, air: float
) -> None:
    heat_w = merkel_heat_w(wet_c + above_k, wet_c, WATER_W_PER_K, air, ua)
    assert 0.0 <= heat_w <= WATER_W_PER_K * above_k * (1.0 + 1e-9)


@given(st.floats(1e3, 1e5), st.floats(1.05, 3.0))
def test_more_surface_takes_more_heat(ua: float, times: float) -> None:
    less_w = merkel_heat_w(35.0, 20.0, WATER_W_PER_K, AIR_KG_PER_S, ua)
    assert merkel_heat_w(35.0, 20.0, WATER_W_PER_K, AIR_KG_PER_S, ua * times) > less_w


def test_nothing_is_given_where_nothing_flows_or_drives() -> None:
    assert merkel_heat_w(20.0, 21.0, WATER_W_PER_K, AIR_KG_PER_S, 3e4) == 0.0
    assert merkel_heat_w(35.0, 20.0, 0.0, AIR_KG_PER_S, 3e4) == 0.0
    assert merkel_heat_w(35.0, 20.0, WATER_W_PER_K, 0.0, 3e4) == 0.0


@pytest.mark.parametrize(
    ("drop_k", "air", "water", "by_hand"),
    [
        (0.0, 1.0, 1.0, 1.0 * (0.1082 + 1.667 - 0.7713)),
        (10.0, 0.5, 1.0, 1.081 * (0.65 - 0.075) * 1.0039),
        (-5.0, 1.0, 0.5, 0.9595 * (0.1082 + 0.8335 - 0.192825)),
        (99.0, 2.0, 2.0, (1.0 + 0.0081 * 25.0) * 1.0 * 1.0039),
        (0.0, 0.0, 1.0, 0.0),
        (0.0, 1.0, 0.0, 0.0),
    ],
)
def test_corrections_are_those_of_the_polynomials(
    drop_k: float, air: float, water: float, by_hand: float
) -> None:
    assert merkel_ua_factor(drop_k, air, water) == pytest.approx(by_hand, rel=1e-12, abs=1e-15)


@given(st.floats(0.0, 1.2), st.floats(0.0, 0.3))
def test_more_air_never_costs_conductance(air: float, more: float) -> None:
    assert merkel_ua_factor(0.0, air + more, 1.0) >= merkel_ua_factor(0.0, air, 1.0) - 1e-12
