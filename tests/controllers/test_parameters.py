"""Every shipped policy tells its parameters, and takes only those."""

from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from controllers.parameters import made, parameter, schema
from controllers.policy import find_policies
from site_models.errors import InputError

POLICIES = find_policies()


def test_the_shipped_policies_are_found_by_their_files() -> None:
    assert {"hold", "power_budget", "thermal_guard"} <= set(POLICIES)


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_parameter_is_described_and_its_default_is_allowed(name: str) -> None:
    policy = POLICIES[name]
    assert is_dataclass(policy)
    told = schema(policy)
    assert told["description"]
    assert set(told["properties"]) == {parameter.name for parameter in fields(policy)}
    assert all(entry["description"] for entry in told["properties"].values())
    defaults = {key: entry["default"] for key, entry in told["properties"].items()}
    assert made(policy, defaults) == policy()


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_parameter_is_made_in_the_one_way(name: str) -> None:
    for told in fields(POLICIES[name]):
        again = parameter(
            told.metadata["doc"], told.default, told.metadata["unit"],  # type: ignore[arg-type]
            told.metadata.get("minimum"), told.metadata.get("maximum"),
        )  # fmt: skip
        assert again.metadata == told.metadata, told.name


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"limit": 80}, "unknown parameter 'limit', expected one of: limit_c"),
        ({"limit_c": "hot"}, "limit_c: expected a number, got 'hot'"),
        ({"limit_c": None}, "limit_c: expected a number, got None"),
        ({"limit_c": float("nan")}, "limit_c: expected a number"),
        ({"limit_c": True}, "limit_c: expected a number"),
        ({"reset_s": 0.0}, "reset_s: expected 0.1 to inf, got 0"),
    ],
)
def test_a_wrong_parameter_is_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        made(POLICIES["thermal_guard"], values)


def test_a_parameter_that_may_be_absent_takes_none_and_a_number() -> None:
    assert made(POLICIES["power_budget"], {"site_limit_w": None}).site_limit_w is None
    assert made(POLICIES["power_budget"], {"site_limit_w": 9}).site_limit_w == 9.0


def test_a_truth_value_is_taken_as_one_and_nothing_else() -> None:
    told = schema(POLICIES["power_budget"])["properties"]["n_minus_1"]
    assert (told["type"], told["default"]) == ("boolean", False)
    assert made(POLICIES["power_budget"], {"n_minus_1": True}).n_minus_1
    with pytest.raises(InputError, match="n_minus_1: expected true or false, got 1"):
        made(POLICIES["power_budget"], {"n_minus_1": 1})
