"""The interval of a mean is Student's."""

import numpy as np
import pytest

from controllers.confidence import mean_of


def test_the_interval_of_five_values_is_the_tabulated_one() -> None:
    found = mean_of([1.0, 2.0, 3.0, 4.0, 5.0])
    half = 2.776 * np.sqrt(2.5) / np.sqrt(5.0)
    assert found.mean == 3.0
    assert found.high - 3.0 == pytest.approx(half, rel=1e-3)
    assert 3.0 - found.low == pytest.approx(half, rel=1e-3)
    assert found.told(1) == "3.0 (1.0 to 5.0)"


def test_one_value_tells_nothing_of_its_spread() -> None:
    assert np.isinf(mean_of([4.0]).high)
