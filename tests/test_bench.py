"""What `twin bench` measures can be built, and a group that breaks off loses no other."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from benchmarks import row
from benchmarks.row import Row, measured
from benchmarks.rows.fabric import fat_tree


def test_the_fat_tree_has_its_800_nodes_and_keeps_to_the_rules_of_sites() -> None:
    plant = fat_tree()
    assert len(plant.node_names) == 800
    assert len(plant.gpu_names) == 6400


def test_a_group_that_breaks_off_fails_and_the_others_are_measured(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken() -> Iterator[Row]:
        yield Row.at_most("first", 1.0, "s", 2.0)
        raise KeyError("coolers")

    def whole() -> Iterator[Row]:
        yield Row.at_least("second", 1.0, "s", 2.0)

    groups = {"a": SimpleNamespace(rows=broken), "b": SimpleNamespace(rows=whole)}
    monkeypatch.setattr(row, "find_groups", lambda: groups)
    told = [(one.name, one.passed) for one in measured()]
    assert told == [("first", True), ("a: broke off", False), ("second", False)]
    assert "coolers" in capfd.readouterr().err
