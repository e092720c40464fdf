"""Targets by time: the lower of two in force counts, one that is over is forgotten."""

import pytest

from controllers.grid.targets import Targets
from controllers.policy import LoadTarget
from site_models.errors import InputError


def test_the_lower_of_two_in_force_counts_and_the_next_is_told_of() -> None:
    high, low = LoadTarget(5e6, 100.0, 300.0), LoadTarget(4e6, 150.0, 200.0)
    targets = Targets([high, low])
    assert targets.at(0.0) is high
    assert targets.at(120.0) is high
    assert targets.at(150.0) is low
    assert targets.at(200.0) is high
    assert targets.at(300.0) is None
    assert targets.list(0.0) == ()


def test_a_target_is_replaced_and_taken_back_by_its_key() -> None:
    targets = Targets()
    targets.set("grid", LoadTarget(5e6, 0.0, 10.0))
    targets.set("grid", LoadTarget(3e6, 0.0, 10.0))
    assert [one.power_w for one in targets.list(1.0)] == [3e6]
    assert targets.drop("grid")
    assert not targets.drop("grid")
    assert targets.at(1.0) is None


@pytest.mark.parametrize(
    ("target", "key"),
    [(LoadTarget(-1.0, 0.0, 1.0), "power_w"), (LoadTarget(1.0, 5.0, 5.0), "end_s"),
     (LoadTarget(float("nan"), 0.0, 1.0), "power_w")],
)  # fmt: skip
def test_what_cannot_be_is_refused(target: LoadTarget, key: str) -> None:
    with pytest.raises(InputError, match=key):
        Targets().set("x", target)
