"""What may be written: inside the device's range, no faster than allowed, fresh only."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from controllers.actuators.admit import Limits, Rules, admit
from controllers.policy import Decision
from controllers.supervision.stack import combined
from site_models.arrays import Flags, Floats

COUNT = 6
LIMITS = Limits(
    np.full(COUNT, 200.0), np.full(COUNT, 700.0), np.full(COUNT, 650.0), np.full(COUNT, 0.1)
)
anything = arrays(np.float64, COUNT, elements=st.floats(-1e6, 1e6))
in_range = arrays(np.float64, COUNT, elements=st.floats(200.0, 700.0))
rates = st.floats(0.0, 1000.0)


@given(in_range, anything, arrays(np.bool_, COUNT), rates, rates, st.floats(0.0, 100.0))
def test_caps_stay_in_range_and_within_their_rates(
    last_w: Floats, asked_w: Floats, fresh: Flags, rise: float, fall: float, dt_s: float
) -> None:
    rules = Rules(rise_w_per_s=rise, fall_w_per_s=fall)
    cap_w = admit(LIMITS, rules, last_w, asked_w, fresh, dt_s)
    assert (cap_w >= 200.0).all()
    assert (cap_w <= 700.0).all()
    assert (cap_w <= last_w + rise * dt_s + 1e-9).all()
    assert (cap_w >= last_w - fall * dt_s - 1e-9).all()
    np.testing.assert_array_equal(cap_w[~fresh], last_w[~fresh])


@given(st.lists(in_range, max_size=4))
def test_the_lowest_cap_wins_and_the_default_caps_all(wishes: list[Floats]) -> None:
    asked = [(f"p{i}", Decision(cap_w, "why")) for i, cap_w in enumerate(wishes)]
    found = combined(asked, LIMITS.gpu_cap_default_w)
    expected = np.min([LIMITS.gpu_cap_default_w, *wishes], axis=0)
    np.testing.assert_array_equal(found.gpu_cap_w, expected)


def test_the_reason_says_whose_cap_it_is() -> None:
    default_w = np.full(3, 700.0)
    low = Decision(np.array([300.0, 700.0, 700.0]), "hot")
    lower = Decision(np.array([300.0, 200.0, 700.0]), "feed")
    assert combined([], default_w).reason == "no policy"
    assert combined([("hold", Decision(default_w, "x"))], default_w).reason == "device defaults"
    text = combined([("guard", low), ("budget", lower)], default_w).reason
    assert text == "guard (1 GPUs): hot; budget (1 GPUs): feed"
