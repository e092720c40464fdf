"""The evidence on faults: each scenario is judged by the table, and none gets by without it."""

from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.fault_table import EXPECTED, Expectation
from benchmarks.validation import faults
from controllers.scenario import ready_scenarios

CALM: Any = SimpleNamespace(truth=[None] * 9, worst_balance=1e-12)


def told(monkeypatch: pytest.MonkeyPatch, past: Any, table: Any) -> list[tuple[str, str]]:
    """Return names and statuses of the rows of a scenario whose run is given."""
    monkeypatch.setattr(faults, "played", lambda name: past)
    monkeypatch.setattr(faults, "EXPECTED", table)
    return [(row.name, row.status) for row in faults.of_scenario("quake")]


def test_a_scenario_without_an_expectation_falls_short(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = told(monkeypatch, CALM, {})
    assert rows[-1] == ("quake ends as expected", "short")
    assert rows[0][1] == "pass"


def test_what_never_happens_or_cannot_be_looked_at_falls_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(past: Any) -> float:
        raise LookupError("no such circuit")

    table = {
        "quake": (
            Expectation("shakes", 1.0, 2.0, "s", lambda past: 1.5),
            Expectation("never", 1.0, 2.0, "s", lambda past: float("nan")),
            Expectation("is lost", 1.0, 2.0, "s", lost),
        )
    }
    assert [status for _, status in told(monkeypatch, CALM, table)] == [
        "pass",
        "pass",
        "short",
        "short",
    ]


def test_energy_that_does_not_close_falls_short(monkeypatch: pytest.MonkeyPatch) -> None:
    leaky = SimpleNamespace(truth=[None], worst_balance=1e-6)
    assert told(monkeypatch, leaky, {})[0][1] == "short"


def test_the_table_names_no_scenario_that_is_gone() -> None:
    assert EXPECTED.keys() <= ready_scenarios().keys()
