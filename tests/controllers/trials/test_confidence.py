"""The interval of a mean is Student's."""

import numpy as np
import pytest

from controllers.trials.confidence import below, mean_of, told_each


def test_the_interval_of_five_values_is_the_tabulated_one() -> None:
    found = mean_of([1.0, 2.0, 3.0, 4.0, 5.0])
    half = 2.776 * np.sqrt(2.5) / np.sqrt(5.0)
    assert found.mean == 3.0
    assert found.high - 3.0 == pytest.approx(half, rel=1e-3)
    assert 3.0 - found.low == pytest.approx(half, rel=1e-3)
    assert found.told(1) == "3.0 (1.0 to 5.0)"


def test_one_value_tells_nothing_of_its_spread() -> None:
    assert np.isinf(mean_of([4.0]).high)


def test_what_is_below_is_counted_over_the_other_of_its_pair() -> None:
    assert below([50.0, 110.0], [100.0, 100.0]) == pytest.approx([50.0, -10.0])
    with pytest.raises(ValueError, match="longer"):
        below([50.0], [100.0, 100.0])


def test_means_are_told_by_name_one_after_the_other() -> None:
    flat = mean_of([2.0, 2.0])
    assert told_each({"a": flat, "b": flat}, 0, "%") == "a 2 (2 to 2) %; b 2 (2 to 2) %"
    assert told_each({"a": flat}, 1) == "a 2.0 (2.0 to 2.0)"
    assert flat.figures("x", "x_95") == {"x": 2.0, "x_95_low": 2.0, "x_95_high": 2.0}
