"""Nothing on the bus stops the listener, and no bad value reaches the board."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_models.catalog import open_catalog
from site_models.kinds.fluid import Fluid
from telemetry.board import Board
from telemetry.dsx.density import PG25_DENSITY_KG_PER_M3, densities
from telemetry.dsx.listener import LIFE_S, Listener
from telemetry.dsx.map import BusMap
from telemetry.signals import SIGNALS
from tests.fakes.broker import recorded
from tests.fakes.small_plant import small_plant

NOW_S = 1_800_000_000.0
AXES = {"rack": ("r0", "r1"), "cdu": ("cdu0",)}
POWER = "Rack/RackPower/hall/r0/power"
FLOW = "Rack/RackLiquidFlow/hall/r0/flow"


def meta(point: str, **said: Any) -> tuple[str, bytes]:
    kind, name = point.split("/")[:2]
    whole = {"objectType": kind, "pointType": name, "rackLocationId": "r0", **said}
    return f"BMS/v1/PUB/Metadata/{point}", json.dumps(whole).encode()


def value(
    point: str, reading: float | None, time_s: float = NOW_S, quality: int = 1, by: str = "PUB"
) -> tuple[str, bytes]:
    content = {"value": reading, "timestamp": round(1e3 * time_s), "quality": quality}
    return f"BMS/v1/{by}/Value/{point}", json.dumps(content).encode()


@pytest.fixture
def board() -> Board:
    return Board(AXES, 15.0)


@pytest.fixture
def listener(board: Board) -> Listener:
    heard = Listener(board)
    heard.take([meta(POWER, engUnit="kW"), meta(FLOW, engUnit="LPM")], NOW_S)
    assert heard.count == 2
    return heard


def seen(board: Board, signal: str, place: int = 0, now_s: float = NOW_S) -> float:
    values = board.frame(now_s).values
    return float(values[signal][place]) if signal in values else np.nan


def incidents(board: Board, kind: str) -> list[Any]:
    return [incident for incident in board.health.log if incident.kind == kind]


def test_a_value_comes_to_its_place_in_base_units(board: Board, listener: Listener) -> None:
    assert listener.take([value(POWER, 35.2), value(FLOW, 60.0)], NOW_S) == 2
    assert seen(board, "rack_power_w") == pytest.approx(35_200.0)
    assert seen(board, "rack_flow_kg_per_s") == pytest.approx(0.997)
    assert np.isnan(seen(board, "rack_power_w", 1))


def test_the_flow_of_a_site_has_its_coolants_density(board: Board) -> None:
    plant = small_plant()
    density = densities(plant)
    assert density("rack_flow_kg_per_s", 0) == PG25_DENSITY_KG_PER_M3
    assert density("cdu_fws_flow_kg_per_s", 0) == 997.0
    listener = Listener(board, density=density)
    listener.take([meta(FLOW, engUnit="LPM"), value(FLOW, 60.0)], NOW_S)
    assert seen(board, "rack_flow_kg_per_s") == pytest.approx(PG25_DENSITY_KG_PER_M3 / 1e3)
    pg25 = open_catalog().get(Fluid, "pg25")
    assert pg25.density_kg_per_m3.at(35.0) == pytest.approx(PG25_DENSITY_KG_PER_M3, rel=1e-4)


def test_a_value_before_its_metadata_is_counted_once(board: Board) -> None:
    listener = Listener(board)
    assert listener.take([value(POWER, 1.0)] * 5, NOW_S) == 0
    assert listener.rejected == {"point without metadata": 1}
    listener.take([meta(POWER, engUnit="kW"), value(POWER, 2.0)], NOW_S)
    assert seen(board, "rack_power_w") == 2000.0


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ((f"BMS/v1/PUB/Value/{POWER}", b"oops"), "payload is not JSON"),
        (value(POWER, 9.0, quality=0), "quality 0, expected 1"),
        (value(POWER, None), "the building system has no reading"),
        (value(POWER, 9.0, by="OTHER"), "value is not of the publisher that its metadata names"),
        (("BMS/v1/PUB/Value/", b"{}"), "topic is not"),
    ],
)
def test_what_cannot_be_used_is_told_once_and_the_stream_goes_on(
    board: Board, listener: Listener, bad: tuple[str, bytes], why: str
) -> None:
    listener.take([value(POWER, 1.0, NOW_S), bad, bad, bad], NOW_S)
    assert seen(board, "rack_power_w") == 1000.0
    ((reason, count),) = listener.rejected.items()
    assert reason.startswith(why)
    assert count == 3
    (told,) = incidents(board, "rejected")
    assert told.times == 3
    listener.take([value(POWER, 2.0, NOW_S + 1.0)], NOW_S + 1.0)
    assert seen(board, "rack_power_w", now_s=NOW_S + 1.0) == 2000.0
    assert (told.what.endswith(POWER)) == (incidents(board, "rejected")[0].ended_s is not None)


def test_an_impossible_value_is_refused_by_its_range(board: Board, listener: Listener) -> None:
    assert listener.take([value(POWER, 1e9)], NOW_S) == 0
    assert board.refused == {"rack_power_w outside 0..2e+06": 1}


def test_a_metric_that_changes_its_unit_is_read_in_the_new_one(
    board: Board, listener: Listener
) -> None:
    listener.take([value(POWER, 35.0)], NOW_S)
    later_s = NOW_S + 1.0
    listener.take([meta(POWER, engUnit="W"), value(POWER, 36_000.0, later_s)], later_s)
    assert seen(board, "rack_power_w", now_s=later_s) == 36_000.0
    listener.take([meta(POWER, engUnit="hp"), value(POWER, 48.0, later_s + 1.0)], later_s + 1.0)
    assert seen(board, "rack_power_w", now_s=later_s + 1.0) == 36_000.0
    (told,) = incidents(board, "rejected")
    assert "unknown unit 'hp'" in told.why
    assert told.ended_s is None


def test_an_object_that_the_site_does_not_know_is_counted_once(board: Board) -> None:
    listener = Listener(board)
    for name in ("Pod1C-E09", "Pod1C-E08", "Pod1C-E09"):
        point = f"Rack/RackPower/{name}"
        listener.take([meta(point, engUnit="kW", rackLocationId=name), value(point, 1.0)], NOW_S)
    assert listener.rejected == {"object that the site does not know": 2}
    (told,) = incidents(board, "unknown")
    assert told.why == "2 objects, first Pod1C-E09"


def test_of_two_points_that_tell_the_same_the_first_is_read(
    board: Board, listener: Listener
) -> None:
    second = "Rack/RackPower/hall/r0/meter2"
    listener.take([meta(second, engUnit="kW"), value(second, 5.0)], NOW_S)
    assert np.isnan(seen(board, "rack_power_w"))
    (told,) = incidents(board, "repeated")
    assert told.what.endswith(second)
    listener.take([(f"BMS/v1/PUB/Metadata/{POWER}", b""), meta(second, engUnit="kW")], NOW_S)
    listener.take([value(second, 5.0)], NOW_S)
    assert seen(board, "rack_power_w") == 5000.0
    assert incidents(board, "repeated")[0].ended_s == NOW_S


def test_a_value_that_is_repeated_unchanged_is_true_until_now(
    board: Board, listener: Listener
) -> None:
    for minutes in range(30):
        now_s = NOW_S + 100.0 * minutes
        again = [meta(POWER, engUnit="kW"), value(POWER, 35.0, NOW_S)]
        listener.take(again, now_s)
        assert seen(board, "rack_power_w", now_s=now_s) == pytest.approx(35_000.0)
        assert board.frame(now_s).age_s["rack_power_w"][0] == 0.0
    assert seen(board, "rack_power_w", now_s=now_s + LIFE_S - 1.0) == pytest.approx(35_000.0)
    assert np.isnan(seen(board, "rack_power_w", now_s=now_s + LIFE_S + 1.0))


def test_a_timestamp_that_stands_still_is_no_clock(board: Board, listener: Listener) -> None:
    for k in range(20):
        listener.take([value(POWER, 30.0 + k % 3, NOW_S)], NOW_S + k)
        assert seen(board, "rack_power_w", now_s=NOW_S + k) == 1e3 * (30.0 + k % 3)


@pytest.mark.parametrize("off_s", [3600.0, -3600.0])
def test_a_building_whose_clock_is_an_hour_off_is_read_all_the_same(
    board: Board, listener: Listener, off_s: float
) -> None:
    for k in range(60):
        now_s = NOW_S + k
        listener.take([value(POWER, 30.0 + 0.1 * k, now_s + off_s)], now_s)
    assert seen(board, "rack_power_w", now_s=now_s) == pytest.approx(35_900.0)
    assert len(incidents(board, "skewed")) == 1


def test_metadata_of_an_integration_is_not_believed(board: Board) -> None:
    listener = Listener(board)
    topic, payload = meta(POWER, engUnit="kW")
    listener.take([(topic.replace("PUB", "EVIL"), payload)], NOW_S)
    assert listener.count == 0


PAYLOADS = st.one_of(
    st.binary(max_size=40),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: st.dictionaries(
            st.sampled_from(["value", "timestamp", "quality", "engUnit", "rackLocationId",
                             "objectType", "pointType", "stateText", "processArea"]), inner),
        max_leaves=6,
    ).map(lambda content: json.dumps(content).encode()),
)  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.text(max_size=30),
                st.sampled_from(
                    [f"BMS/v1/PUB/{kind}/{point}" for kind in ("Value", "Metadata")
                     for point in (POWER, FLOW)]
                ),
            ),
            PAYLOADS,
        ),
        max_size=20,
    )
)  # fmt: skip
def test_whatever_is_said_nothing_is_raised_and_no_bad_value_is_kept(
    messages: list[tuple[str, bytes]],
) -> None:
    board = Board(AXES, 300.0)
    listener = Listener(board)
    listener.take([meta(POWER, engUnit="kW"), meta(FLOW, engUnit="LPM")], NOW_S)
    listener.take(messages, NOW_S)
    for signal, values in board.frame(NOW_S).values.items():
        kept = values[~np.isnan(values)]
        assert np.all((kept >= SIGNALS[signal].low) & (kept <= SIGNALS[signal].high))


def test_the_recorded_messages_come_to_their_places(shared: Path) -> None:
    path = shared / "reference" / "dsx-exchange" / "dsx_exemplar.csv"
    board = Board({"rack": ("Pod1C-E02", "Pod1C-E05"), "cdu": ("C-F00-CDU-05",)}, 300.0)
    listener = Listener(board, BusMap(density_kg_per_m3=1012.5))
    taken = listener.take(recorded(path, round(1e3 * NOW_S)), NOW_S)
    assert taken == 2 * 6 + 7
    assert listener.rejected == {"object that the site does not know": 4}
    assert seen(board, "rack_flow_kg_per_s", 1) == pytest.approx(50.9 * 1.0125 / 60.0, rel=0.02)
    assert seen(board, "cdu_dp_pa") == pytest.approx(90_321.36)
