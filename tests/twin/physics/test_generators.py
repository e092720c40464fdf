"""Generator sets: when they are ready, and for how much."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.physics.generators import (
    Generator,
    GeneratorSet,
    advance_generator,
    frequency_ratio,
    generator_capacity_w,
    generator_offer_j,
)

UNIT = GeneratorSet(rating_w=2e6)
AT_REST = Generator(0.0, 0.0)
STEPS = st.floats(0.01, 400.0)


@pytest.mark.parametrize(
    ("called_for_s", "share"),
    [(9.99, 0.0), (10.0, 0.5), (14.99, 0.5), (15.0, 1.0), (3600.0, 1.0)],
)
def test_ten_seconds_after_the_call_it_takes_a_block_then_another(
    called_for_s: float, share: float
) -> None:
    memory = advance_generator(AT_REST, True, UNIT, called_for_s)
    assert generator_capacity_w(memory, UNIT) == share * UNIT.rating_w


def test_the_first_minute_offers_what_the_blocks_add_up_to() -> None:
    memory = advance_generator(AT_REST, True, UNIT, 60.0)
    assert generator_offer_j(memory, UNIT) == pytest.approx(2e6 * (5.0 * 0.5 + 45.0), rel=1e-14)


@given(st.floats(0.0, 60.0), st.sampled_from([0.2, 0.34, 0.5, 0.7, 1.0]))
def test_the_offer_is_the_integral_of_the_capacity(called_for_s: float, block: float) -> None:
    unit = UNIT._replace(block_share=block)
    steps = 2000
    h_s = called_for_s / steps
    summed_j = sum(
        generator_capacity_w(Generator((k + 0.5) * h_s, 0.0), unit) * h_s for k in range(steps)
    )
    blocks = math.ceil(1.0 / block)
    offered_j = generator_offer_j(Generator(called_for_s, 0.0), unit)
    assert offered_j == pytest.approx(summed_j, abs=blocks * h_s * unit.rating_w + 1e-6)


@given(st.floats(0.0, 700.0), STEPS, STEPS, st.booleans(), st.floats(0.0, 300.0))
def test_a_step_may_be_cut_anywhere(
    turning_s: float, first_s: float, second_s: float, called: bool, cooling_s: float
) -> None:
    before = Generator(UNIT.start_s, cooling_s) if cooling_s > 0.0 else Generator(turning_s, 0.0)
    whole = advance_generator(before, called, UNIT, first_s + second_s)
    one = advance_generator(before, called, UNIT, first_s)
    two = advance_generator(one, called, UNIT, second_s)
    assert two == pytest.approx(whole, abs=1e-9)


def test_it_cools_down_unloaded_and_a_new_call_finds_it_ready() -> None:
    ran = advance_generator(AT_REST, True, UNIT, 100.0)
    released = advance_generator(ran, False, UNIT, 60.0)
    assert released.cooling_s == pytest.approx(240.0)
    assert generator_capacity_w(released, UNIT) == 0.0
    again = advance_generator(released, True, UNIT, 0.1)
    assert generator_capacity_w(again, UNIT) == 0.5 * UNIT.rating_w
    assert advance_generator(released, False, UNIT, 240.0) == AT_REST


def test_a_call_taken_back_too_early_stops_it() -> None:
    half = advance_generator(AT_REST, True, UNIT, 6.0)
    assert advance_generator(half, False, UNIT, 1.0) == AT_REST


def test_the_whole_rating_at_once_dips_ten_percent_and_comes_back() -> None:
    assert frequency_ratio(0.0, 1.0) == pytest.approx(0.9)
    assert frequency_ratio(0.0, 0.5) == pytest.approx(0.95)
    assert frequency_ratio(4.0, 1.0) > 0.99
