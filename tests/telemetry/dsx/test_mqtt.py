"""A real mosquitto between a building and the twin: contract, recorded messages, reconnects."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from site_models.errors import InputError
from telemetry.board import Board
from telemetry.dsx.bus_address import address_of
from telemetry.dsx.listener import LIFE_S
from telemetry.importing import import_files
from telemetry.live import LiveSource
from telemetry.recording import Recording
from telemetry.recording.collecting import collect
from telemetry.signals import SIGNALS
from telemetry.sources import mqtt
from tests.fakes.broker import Broker, Building, recorded, until
from tests.fakes.small_plant import small_plant

PLANT = small_plant()
POWER = "Rack/RackPower/hall/r0/power"
RACKS = tuple(f"Pod1C-E0{k}" for k in range(1, 7))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path) as server:
        yield server


@pytest.fixture
def building(broker: Broker) -> Iterator[Building]:
    with Building(broker.port) as client:
        yield client


@pytest.fixture
def board() -> Board:
    return Board({"rack": ("r0", "r1", "r2"), "cdu": PLANT.axis("cdu")}, 15.0)


@pytest.fixture
def bus(broker: Broker, board: Board) -> Iterator[mqtt.Bus]:
    feeder = mqtt.feeder(f"//127.0.0.1:{broker.port}", PLANT, board, time.time)
    assert feeder.label == f"facility bus 127.0.0.1:{broker.port}"
    feeder.start()
    yield feeder
    feeder.stop()


def power_w(board: Board) -> float:
    values = board.frame(time.time()).values.get("rack_power_w")
    return np.nan if values is None else float(values[0])


def kinds(board: Board) -> list[tuple[str, bool]]:
    return [(incident.kind, incident.ended_s is not None) for incident in board.health.log]


def test_retained_metadata_comes_first_and_then_values(
    broker: Broker, building: Building, board: Board
) -> None:
    building.describe(POWER, engUnit="kW", rackLocationId="R0")
    feeder = mqtt.feeder(f"//127.0.0.1:{broker.port}", PLANT, board, time.time)
    feeder.start()
    try:
        until(lambda: power_w(board) == 35_200.0, doing=lambda: building.tell(POWER, 35.2))
    finally:
        feeder.stop()
    assert kinds(board) == []


def test_what_is_not_json_is_counted_and_the_stream_goes_on(
    building: Building, board: Board, bus: mqtt.Bus
) -> None:
    building.describe(POWER, engUnit="kW", rackLocationId="r0")
    until(lambda: power_w(board) == 1000.0, doing=lambda: building.tell(POWER, 1.0))
    for junk in (b"\x00\xff", "thirty", "", "{", "[]"):
        building.say(f"BMS/v1/PUB/Value/{POWER}", junk)
    building.tell(POWER, 7.0, quality=0)
    building.tell(POWER, None)
    building.tell(POWER, 2.0)
    until(lambda: power_w(board) == 2000.0)
    assert bus.rejected == {
        "payload is not JSON": 4,
        "payload is not a JSON object": 1,
        "quality 0, expected 1": 1,
        "the building system has no reading": 1,
    }
    assert kinds(board) == [("rejected", True)]
    assert board.health.log[0].times == 7


def test_a_lost_broker_is_told_once_and_its_return_once(
    broker: Broker, building: Building, board: Board, bus: mqtt.Bus
) -> None:
    building.describe(POWER, engUnit="kW", rackLocationId="r0")
    until(lambda: power_w(board) == 1000.0, doing=lambda: building.tell(POWER, 1.0))
    broker.stop()
    until(lambda: kinds(board) == [("lost", False)])
    time.sleep(1.5)
    broker.start()
    until(lambda: kinds(board) == [("lost", True)])
    again = Building(broker.port)
    again.describe(POWER, engUnit="W", rackLocationId="r0")
    until(lambda: power_w(board) == 900.0, doing=lambda: again.tell(POWER, 900.0))
    again.stop()
    assert kinds(board) == [("lost", True)]


def test_a_broker_that_is_not_there_yet_is_waited_for(tmp_path: Path, board: Board) -> None:
    late = Broker(tmp_path)
    feeder = mqtt.feeder(f"//127.0.0.1:{late.port}", PLANT, board, time.time)
    feeder.start()
    try:
        until(lambda: kinds(board) == [("lost", False)])
        late.start()
        until(lambda: kinds(board) == [("lost", True)])
    finally:
        feeder.stop()
        late.stop()


def test_a_bus_that_says_nothing_is_told(broker: Broker, building: Building, board: Board) -> None:
    clock: list[float] = [1_800_000_000.0]
    feeder = mqtt.feeder(f"//127.0.0.1:{broker.port}", PLANT, board, lambda: clock[0])
    feeder.start()
    try:
        clock[0] += LIFE_S + 1.0
        until(lambda: kinds(board) == [("silent", False)])
        until(lambda: kinds(board) == [("silent", True)], doing=lambda: building.tell(POWER, 1.0))
    finally:
        feeder.stop()


def test_the_recorded_messages_replayed_are_a_recording_of_the_row(
    shared: Path, broker: Broker, building: Building, tmp_path: Path
) -> None:
    """Recorded from the bus, the row ends with the values of the same messages imported."""
    log = shared / "reference" / "dsx-exchange" / "dsx_exemplar.csv"
    import_files([log], tmp_path / "row")
    board = Board({"rack": RACKS, "cdu": ("C-F00-CDU-05",)}, 15.0)
    bus = mqtt.Bus(address_of(f"//127.0.0.1:{broker.port}"), board, time.time)
    source, ended = LiveSource(board, [bus], 0.2, time.time), threading.Event()

    def replay() -> None:
        for k, (topic, payload) in enumerate(recorded(log, round(1e3 * time.time()))):
            building.say(topic, payload, "/Metadata/" in topic, wait=k % 100 == 0)
        building.describe("Rack/RackPower/end", rackLocationId="the end", engUnit="kW")
        until(lambda: bool(bus.rejected), "the last message")
        time.sleep(0.5)
        ended.set()

    replaying = threading.Thread(target=replay, daemon=True)
    replaying.start()
    try:
        collect(source, tmp_path / "live", label="bus", for_s=30.0, ended=ended)
    finally:
        source.close()
        replaying.join()
    row, live = Recording(tmp_path / "row"), Recording(tmp_path / "live")
    signals = [name for name in SIGNALS if name in live.signals("rack") + live.signals("cdu")]
    assert len(signals) == 13
    for signal in signals:
        for name in board.axes[SIGNALS[signal].axis]:
            told, imported = (one.series(signal, name)[1] for one in (live, row))
            np.testing.assert_array_equal(told[-1:], imported[-1:], err_msg=f"{name} {signal}")
    assert {incident.kind for incident in board.health.log} == {"repeated", "unknown"}


def test_all_retained_metadata_of_a_large_site_is_read(broker: Broker, building: Building) -> None:
    racks = tuple(f"r{k}" for k in range(1400))
    for point, unit in (("RackPower", "kW"), ("RackLiquidFlow", "LPM")):
        for k, rack in enumerate(racks):
            said = {"objectType": "Rack", "pointType": point, "engUnit": unit}
            topic = f"BMS/v1/PUB/Metadata/Rack/{point}/hall/{rack}"
            building.say(topic, {**said, "rackLocationId": rack}, True, wait=k % 200 == 0)
    building.describe("Rack/RackPower/end", rackLocationId="r0", engUnit="kW")
    bus = mqtt.Bus(
        address_of(f"//127.0.0.1:{broker.port}"), Board({"rack": racks}, 15.0), time.time
    )
    bus.start()
    try:
        until(lambda: bus.points == 2 * len(racks), "the last metadata")
    finally:
        bus.stop()


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        ("", "expected mqtt://HOST:PORT"),
        ("//", "expected mqtt://HOST:PORT"),
        ("//host:port", "expected mqtt://HOST:PORT"),
        ("//host:99999", "expected mqtt://HOST:PORT"),
        ("//host/topic", "expected mqtt://HOST:PORT"),
        ("//host?maps=x", "expected mqtt://HOST:PORT"),
        ("//host?map=/nowhere/map.yaml", "/nowhere/map.yaml: cannot be read"),
        ("//host?ca=/nowhere/ca.pem", "/nowhere/ca.pem: cannot be read"),
    ],
)
def test_a_spec_that_cannot_be_is_one_line(argument: str, why: str, board: Board) -> None:
    with pytest.raises(InputError, match=why) as raised:
        mqtt.feeder(argument, PLANT, board, time.time)
    assert "\n" not in str(raised.value)


def test_a_spec_says_port_user_and_encryption(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text("integration: TWIN\n")
    plain = address_of("//host")
    assert plain[:5] == ("host", 1883, "", "", False)
    whole = address_of(f"//me:p%40ss@host:99?tls=1&map={tmp_path / 'map.yaml'}")
    assert whole[:5] == ("host", 99, "me", "p@ss", True)
    assert whole.chart.integration == "TWIN"
    assert address_of("//host?tls=1").port == 8883
