"""Load targets of the grid: what is taken, and everything that is not."""

import math
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from controllers.grid.grid_desk import GridDesk
from controllers.grid.targets import Targets
from dashboards.flex.intake import Intake
from dashboards.flex.keys import read_keys
from tests.fakes.grid_operator import GridOperator, stamp, target

TOPIC = "grid/v1/isv/acme/loadtarget/set"
NOW_S = 1_795_000_000.0


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> GridOperator:
    return GridOperator(tmp_path_factory.mktemp("keys"), lambda: NOW_S)


@pytest.fixture
def targets() -> Targets:
    return Targets()


@pytest.fixture
def intake(grid: GridOperator, targets: Targets) -> Intake:
    return Intake(read_keys(grid.keys), GridDesk(targets))


def asked(power_w: float = 200e3, in_s: float = 60.0, for_s: float = 3600.0, **more: Any) -> Any:
    return target(power_w, NOW_S + in_s, NOW_S + in_s + for_s, **more)


def test_a_good_message_sets_its_targets(
    grid: GridOperator, intake: Intake, targets: Targets
) -> None:
    message = grid.message([asked(), asked(150e3, 7200.0)])
    taken = intake.take(TOPIC, message, NOW_S, NOW_S)
    assert taken is not None
    assert len(taken.keys) == 2
    first, second = targets.list(NOW_S)
    assert (first.power_w, second.power_w) == (200e3, 150e3)
    assert first.start_s == pytest.approx(NOW_S + 60.0, abs=1e-3)
    assert first.source == "isv acme"
    assert not intake.rejected


def test_both_algorithms_of_the_contract_are_taken(grid: GridOperator, intake: Intake) -> None:
    message = grid.message([asked()], isv="bolt", kid="bolt-a", key=grid.bolt)
    topic = TOPIC.replace("acme", "bolt")
    assert intake.take(topic, message, NOW_S, NOW_S) is not None


def test_no_start_is_now_and_no_end_is_until_replaced(
    grid: GridOperator, intake: Intake, targets: Targets
) -> None:
    intake.take(TOPIC, grid.message([target(100e3, None, None)]), NOW_S, NOW_S)
    (only,) = targets.list(NOW_S)
    assert (only.start_s, only.end_s) == (NOW_S, math.inf)
    intake.take(TOPIC, grid.message([target(90e3, None, None)]), NOW_S, NOW_S + 1.0)
    (only,) = targets.list(NOW_S)
    assert only.power_w == 90e3


def test_a_null_takes_back_ones_own_and_nobody_elses(
    grid: GridOperator, intake: Intake, targets: Targets
) -> None:
    intake.take(TOPIC, grid.message([asked(100e3)]), NOW_S, NOW_S)
    other = grid.message([asked(90e3)], isv="bolt", kid="bolt-a", key=grid.bolt)
    intake.take(TOPIC.replace("acme", "bolt"), other, NOW_S, NOW_S)
    back = grid.message([{"interval": {}, "load_constraint": None}])
    taken = intake.take(TOPIC, back, NOW_S, NOW_S)
    assert taken is not None
    assert taken.keys == ()
    assert [one.power_w for one in targets.list(NOW_S)] == [90e3]


def test_a_message_that_comes_again_is_refused(
    grid: GridOperator, intake: Intake, targets: Targets
) -> None:
    message = grid.message([asked()])
    assert intake.take(TOPIC, message, NOW_S, NOW_S) is not None
    assert intake.take(TOPIC, message, NOW_S + 100.0, NOW_S + 100.0) is None
    assert intake.take(TOPIC, message, NOW_S + 1000.0, NOW_S + 1000.0) is None
    assert sorted(word.split(":")[0] for word in intake.rejected) == ["id", "time"]
    assert len(targets.list(NOW_S)) == 1


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"time": stamp(NOW_S - 400.0)}, "expired"),
        ({"time": stamp(NOW_S + 100.0)}, "future"),
        ({"time": "yesterday"}, "time"),
        ({"key": ec.generate_private_key(ec.SECP256R1())}, "not good"),
        ({"kid": "nobody"}, "not trusted"),
        ({"kid": "bolt-a"}, "algorithm"),
        ({"isv": "bolt"}, "topic"),
        ({"source": "//grid/v1/infra/acme"}, "source"),
        ({"specversion": "1.0"}, "specversion"),
        ({"type": "grid.powerstate.status.v1"}, "type"),
        ({"traceparent": "x"}, "traceparent"),
        ({"traceparent": None}, "traceparent"),
        ({"data": {"targets": []}}, "data"),
        ({"id": "7"}, "id"),
    ],
)
def test_what_breaks_the_contract_or_is_not_theirs_to_say_is_refused(
    grid: GridOperator, intake: Intake, targets: Targets, more: dict[str, Any], word: str
) -> None:
    assert intake.take(TOPIC, grid.message([asked()], **more), NOW_S, NOW_S) is None
    (said,) = intake.rejected
    assert word in said
    assert not targets.list(NOW_S)


def test_a_key_speaks_for_its_own_publisher_alone(grid: GridOperator, intake: Intake) -> None:
    stolen = grid.message([asked()], isv="acme", kid="bolt-a", key=grid.bolt)
    assert intake.take(TOPIC, stolen, NOW_S, NOW_S) is None
    assert "does not speak for" in next(iter(intake.rejected))


@pytest.mark.parametrize(
    ("targets_said", "word"),
    [
        ([], "targets"),
        ([{"interval": {}}], "load_constraint"),
        ([asked(0.0)], "value"),
        ([asked(-5.0)], "value"),
        ([asked(feed_tags=["other"])], "feed_tags"),
        ([asked(for_s=-10.0)], "end_time"),
        ([asked(in_s=-5000.0, for_s=1000.0)], "end_time"),
        ([asked(), asked(for_s=-10.0)], "end_time"),
        ([{"interval": {}, "load_constraint": {"value": 1.0, "unit": "horse"}}], "unit"),
    ],
)
def test_a_target_that_cannot_be_leaves_nothing_behind(
    grid: GridOperator, intake: Intake, targets: Targets, targets_said: list[Any], word: str
) -> None:
    assert intake.take(TOPIC, grid.message(targets_said), NOW_S, NOW_S) is None
    assert word in next(iter(intake.rejected))
    assert not targets.list(NOW_S)


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"\xff", b"null", 70_000 * b"a"])
def test_what_is_no_message_is_counted(intake: Intake, payload: bytes) -> None:
    assert intake.take(TOPIC, payload, NOW_S, NOW_S) is None
    assert intake.rejected.total() == 1
