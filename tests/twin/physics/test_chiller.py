"""Chillers by curves: golden powers, part load, and what a bad catalog entry is told."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from site_models.catalog import open_catalog
from site_models.errors import InputError
from site_models.kinds.eir_chiller import EirChiller
from twin.physics.chiller import biquadratic, eir_chiller_power_w

CATALOG = open_catalog()


def power_w(name: str, leaving_c: float, entering_c: float, load: float) -> tuple[float, float]:
    """Return power and heat of a chiller at a share of what it can give."""
    model = CATALOG.get(EirChiller, name)
    capacity_w = float(model.capacity_w) * biquadratic(
        leaving_c, entering_c, *model.capacity_by_temperature.coefficients
    )
    ratio = biquadratic(leaving_c, entering_c, *model.input_by_temperature.coefficients)
    power = eir_chiller_power_w(
        load * capacity_w,
        capacity_w,
        float(model.rated_cop),
        ratio,
        *model.input_by_part_load.coefficients,
        model.part_load_range[0],
    )
    return power, load * capacity_w


@pytest.mark.parametrize(
    ("leaving_c", "entering_c", "golden_w", "golden_cop"),
    [(8.89, 26.67, 80.2e3, 5.87), (12.78, 20.0, 82.8e3, 7.03)],
)
def test_a_centrifugal_chiller_draws_the_golden_power(
    leaving_c: float, entering_c: float, golden_w: float, golden_cop: float
) -> None:
    power, heat = power_w("mcquay_wsc_471", leaving_c, entering_c, 1.0)
    assert power == pytest.approx(golden_w, rel=1e-3)
    assert heat / power == pytest.approx(golden_cop, abs=0.006)


@pytest.mark.parametrize("name", CATALOG.names("eir_chiller"))
def test_curves_meet_their_own_rating(name: str) -> None:
    model = CATALOG.get(EirChiller, name)
    at = float(model.rated_leaving_c), float(model.rated_entering_c)
    power, heat = power_w(name, *at, 1.0)
    assert heat == pytest.approx(float(model.capacity_w), rel=0.01)
    assert heat / power == pytest.approx(float(model.rated_cop), rel=0.01)
    low_c, high_c = model.leaving_range_c
    assert low_c <= at[0] <= high_c


@pytest.mark.parametrize("name", CATALOG.names("eir_chiller"))
@given(st.floats(0.0, 1.0), st.floats(0.0, 0.3))
def test_more_load_never_draws_less(name: str, load: float, more: float) -> None:
    less, _ = power_w(name, 8.0, 22.0, load)
    assert power_w(name, 8.0, 22.0, min(load + more, 1.0))[0] >= less - 1e-9


@pytest.mark.parametrize("name", CATALOG.names("eir_chiller"))
def test_warmer_condenser_water_costs_power(name: str) -> None:
    cold, cold_w = power_w(name, 8.0, 18.0, 1.0)
    warm, warm_w = power_w(name, 8.0, 23.0, 1.0)
    assert warm / warm_w > cold / cold_w


def test_a_chiller_that_goes_on_and_off_draws_in_proportion() -> None:
    at_least, _ = power_w("mcquay_wsc_471", 8.89, 26.67, 0.1)
    half, _ = power_w("mcquay_wsc_471", 8.89, 26.67, 0.05)
    assert half == pytest.approx(0.5 * at_least)


def test_no_load_draws_nothing() -> None:
    assert power_w("mcquay_wsc_471", 8.89, 26.67, 0.0)[0] == 0.0
    assert eir_chiller_power_w(1.0, 0.0, 5.0, 1.0, 0.3, 0.2, 0.5, 0.1) == 0.0


def test_a_curve_with_a_coefficient_missing_is_refused(tmp_path: Path) -> None:
    shipped = Path(str(CATALOG.folders[-1])) / "eir_chiller" / "mcquay_wsc_471.yaml"
    raw = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    raw["input_by_part_load"]["coefficients"].pop()
    (tmp_path / "eir_chiller").mkdir()
    path = tmp_path / "eir_chiller" / shipped.name
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    with pytest.raises(InputError, match="input_by_part_load: expected 3 coefficients"):
        open_catalog([tmp_path]).get(EirChiller, "mcquay_wsc_471")
