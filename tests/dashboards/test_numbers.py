"""Numbers read as engineers write them, and a missing one is a dash."""

import math

import pytest

from dashboards.numbers import fixed, litres_per_min, number, power, share, span

NAN = float("nan")


@pytest.mark.parametrize(
    ("value_w", "text"),
    [(512.0, "512 W"), (118_240.0, "118.2 kW"), (2_104_000.0, "2.10 MW"), (NAN, "–")],
)
def test_power_takes_the_unit_of_its_size(value_w: float, text: str) -> None:
    assert power(value_w) == text


def test_a_fixed_scale_keeps_the_unit_still() -> None:
    assert power(900.0, 2e6) == "0.00 MW"
    assert power(1_474.0, 1.0) == "1,474 W"


def test_no_minus_before_nothing_and_a_real_one_before_something() -> None:
    assert fixed(-0.04) == "0.0"
    assert fixed(-1.26) == "−1.3"


def test_flow_in_litres() -> None:
    assert litres_per_min(1.0, 4180.0) == pytest.approx(60.36, abs=0.01)
    assert litres_per_min(1.0, 3970.0) == pytest.approx(59.41, abs=0.01)


def test_shares_and_spans() -> None:
    assert share(0.634) == "63 %"
    assert share(NAN) == span(NAN) == "–"
    assert [span(s) for s in (5, 119, 3600, 5400, 200_000)] == [
        "5 s", "2 min", "1 h", "1 h 30 min", "2 d 7 h",
    ]  # fmt: skip


def test_missing_is_null_never_zero() -> None:
    assert number(NAN) is None
    assert number(math.inf) is None
    assert number(0.0) == 0.0
