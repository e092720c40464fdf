"""Transfer between sources, and who carries the load of a lost feed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.physics.switching import (
    HOLD_UP_S,
    Transfer,
    TransferSwitch,
    advance_transfer,
    shares_now,
    worst_load_w,
)

ATS = TransferSwitch(delay_s=1.0, return_delay_s=1800.0, dead_s=0.1)
AT_HOME = Transfer(False, 0.0, 0.0)
STEPS = st.floats(1e-3, 3000.0)


def test_a_lost_source_leaves_the_load_dark_for_delay_and_dead_time() -> None:
    after, dark_s = advance_transfer(AT_HOME, False, True, ATS, 60.0)
    assert after.alternate
    assert dark_s == pytest.approx(1.1)
    assert advance_transfer(after, False, True, ATS, 60.0) == (after, 0.0)


def test_a_dip_shorter_than_the_delay_does_not_move_it() -> None:
    dip, dark_s = advance_transfer(AT_HOME, False, True, ATS, 0.4)
    assert dark_s == pytest.approx(0.4)
    back, dark_s = advance_transfer(dip, True, True, ATS, 0.4)
    assert (back, dark_s) == (AT_HOME, 0.0)


def test_it_comes_home_half_an_hour_after_the_preferred_source() -> None:
    away = Transfer(True, 0.0, 0.0)
    waiting, dark_s = advance_transfer(away, True, True, ATS, 1799.0)
    assert waiting.alternate
    assert dark_s == 0.0
    home, dark_s = advance_transfer(waiting, True, True, ATS, 2.0)
    assert not home.alternate
    assert dark_s == pytest.approx(0.1)


def test_without_any_source_it_stays_and_the_load_is_dark() -> None:
    after, dark_s = advance_transfer(AT_HOME, False, False, ATS, 30.0)
    assert (after, dark_s) == (AT_HOME, 30.0)


def test_a_ups_in_eco_mode_transfers_within_the_hold_up_of_a_supply() -> None:
    eco = TransferSwitch(delay_s=0.0, return_delay_s=10.0, dead_s=0.002)
    _, dark_s = advance_transfer(AT_HOME, False, True, eco, 1.0)
    assert dark_s == pytest.approx(0.002)
    assert dark_s < HOLD_UP_S


@given(st.booleans(), st.floats(0.0, 1.0), st.booleans(), st.booleans(), STEPS, STEPS)
def test_a_step_may_be_cut_anywhere(
    alternate: bool,
    waited_s: float,
    preferred: bool,
    other: bool,
    first_s: float,
    second_s: float,
) -> None:
    before = Transfer(alternate, waited_s, 0.0)
    whole, whole_dark_s = advance_transfer(before, preferred, other, ATS, first_s + second_s)
    one, first_dark_s = advance_transfer(before, preferred, other, ATS, first_s)
    two, second_dark_s = advance_transfer(one, preferred, other, ATS, second_s)
    assert two.alternate == whole.alternate
    assert two.waited_s == pytest.approx(whole.waited_s, abs=1e-9)
    assert first_dark_s + second_dark_s == pytest.approx(whole_dark_s, abs=1e-9)


def test_the_living_feed_takes_all_and_a_cold_standby_too() -> None:
    consumer = np.array([0, 0, 1, 1, 2])
    share = np.array([0.5, 0.5, 1.0, 0.0, 1.0])
    both = np.array([True, True, True, True, True])
    np.testing.assert_array_equal(shares_now(consumer, share, both), share)
    without_a = np.array([False, True, False, True, False])
    found = shares_now(consumer, share, without_a)
    np.testing.assert_array_equal(found, [0.0, 1.0, 0.0, 1.0, 0.0])


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.floats(0.0, 1.0), st.booleans()), min_size=1, max_size=12
    )
)
def test_a_fed_consumer_gets_all_and_an_unfed_one_nothing(
    links: list[tuple[int, float, bool]],
) -> None:
    consumer = np.array([link[0] for link in links])
    live = np.array([link[2] for link in links])
    now = shares_now(consumer, np.array([link[1] for link in links]), live)
    assert (now[~live] == 0.0).all()
    for c in set(consumer):
        fed = live[consumer == c].any()
        assert now[consumer == c].sum() == pytest.approx(1.0 if fed else 0.0)


def test_each_side_of_2n_must_carry_all_and_a_shared_parent_saves_neither() -> None:
    parent = np.array([-1, -1, 0, 1])
    rack = np.array([0, 0, 1, 1])
    feed = np.array([2, 3, 2, 3])
    share = np.full(4, 0.5)
    power_w = np.array([100e3, 60e3])
    found = worst_load_w(parent, rack, feed, share, power_w)
    np.testing.assert_allclose(found, [0.0, 0.0, 160e3, 160e3])
    common = worst_load_w(np.array([-1, 0, 0, 0]), rack, feed, share, power_w)
    np.testing.assert_allclose(common, [0.0, 0.0, 160e3, 160e3])
