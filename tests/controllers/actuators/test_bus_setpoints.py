"""Requests over a real mosquitto: only our points, only when armed, withdrawn, read back."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from controllers.actuators.bus import BusSetpoints
from site_models.errors import InputError
from telemetry.dsx.words import HEARTBEAT_S
from tests.fakes.broker import Broker, Building, until
from tests.fakes.small_plant import small_plant

PLANT = small_plant()
CDU = PLANT.axis("cdu")[0]
COUNT = len(PLANT.axis("cdu"))
AREA = {"engUnit": "C", "processArea": ["Secondary", "Supply"]}
REQUEST = "CDU/LiquidTemperatureSpRequest/hall/cdu/request"
HELD = "CDU/LiquidTemperature/hall/cdu/finalSetpoint"
BEAT = "System/HeartbeatTimestampIntegration/hall/twin"
OURS = f"BMS/v1/TWIN/Value/{REQUEST}"
Maker = Callable[..., BusSetpoints]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path) as server:
        yield server


@pytest.fixture
def building(broker: Broker) -> Iterator[Building]:
    with Building(broker.port) as client:
        client.describe(REQUEST, objectId="C-05", integration="TWIN", **AREA)
        client.describe(HELD, objectId="C-05", isSetpoint=True, **AREA)
        yield client


@pytest.fixture
def made(broker: Broker, building: Building, tmp_path: Path) -> Iterator[Maker]:
    opened: list[BusSetpoints] = []
    (tmp_path / "map.yaml").write_text(f"integration: TWIN\nplaces: {{C-05: {CDU}}}\n")

    def make(armed: bool, now_s: Callable[[], float] = time.time) -> BusSetpoints:
        argument = f"//127.0.0.1:{broker.port}?map={tmp_path / 'map.yaml'}"
        opened.append(BusSetpoints(argument, PLANT, now_s, armed))
        opened[-1].start()
        until(lambda: bool(opened[-1].standing().reachable[0]), "metadata of our point")
        return opened[-1]

    yield make
    for setpoints in opened:
        setpoints.stop()


def asked(value_c: float) -> np.ndarray:
    return np.append(value_c, np.full(COUNT - 1, np.nan))


def test_dry_it_only_notes_what_it_would_write(made: Maker, building: Building) -> None:
    setpoints = made(armed=False)
    now_s = time.time()
    setpoints.request(asked(30.5), now_s, now_s + 300.0)
    setpoints.expire(now_s)
    (first, second) = setpoints.unsent
    assert first[0] == second[0] == OURS
    assert json.loads(first[1]) == {
        "value": 30.5, "timestamp": round(1e3 * now_s), "quality": 1
    }  # fmt: skip
    assert json.loads(second[1])["value"] is None
    time.sleep(0.3)
    assert building.heard == []


def test_armed_it_writes_once_and_the_building_is_read_back(
    made: Maker, building: Building
) -> None:
    setpoints = made(armed=True)
    now_s = time.time()
    for k in range(5):
        setpoints.request(asked(30.5), now_s + k, now_s + 300.0)
    until(lambda: bool(building.values(OURS)))
    assert [value["value"] for value in building.values(OURS)] == [30.5]
    assert np.isnan(setpoints.standing().held_c[0])
    building.tell(HELD, 32.0)
    until(lambda: setpoints.standing().held_c[0] == 32.0, "reading back")
    building.tell(HELD, 30.5)
    until(lambda: setpoints.standing().held_c[0] == 30.5, "following")
    building.tell(HELD, 30.5, quality=0)
    until(lambda: bool(np.isnan(setpoints.standing().held_c[0])), "not trusting")


def test_without_renewal_it_withdraws_by_itself(made: Maker, building: Building) -> None:
    clock = [time.time()]
    setpoints = made(armed=True, now_s=lambda: clock[0])
    setpoints.request(asked(30.5), clock[0], clock[0] + 300.0)
    until(lambda: len(building.values(OURS)) == 1)
    clock[0] += 301.0
    until(lambda: len(building.values(OURS)) == 2, "a withdrawal")
    last = building.values(OURS)[-1]
    assert (last["value"], last["quality"]) == (None, 0)


def test_leaving_withdraws(made: Maker, building: Building) -> None:
    setpoints = made(armed=True)
    now_s = time.time()
    setpoints.request(asked(30.5), now_s, now_s + 300.0)
    setpoints.stop()
    until(lambda: [v["value"] for v in building.values(OURS)] == [30.5, None])


def test_a_request_is_repeated_as_the_contract_wants(made: Maker, building: Building) -> None:
    setpoints = made(armed=True)
    now_s = time.time()
    for later_s in (0.0, 50.0, 99.0, 100.0, 150.0, 201.0):
        setpoints.request(asked(30.5), now_s + later_s, now_s + 900.0)
    until(lambda: len(building.values(OURS)) == 3)


def test_the_heartbeat_tells_our_time(made: Maker, building: Building) -> None:
    building.describe(BEAT, objectId="TWIN", objectName="TWIN", integration="TWIN")
    clock = [time.time()]
    made(armed=True, now_s=lambda: clock[0])
    topic = f"BMS/v1/TWIN/Value/{BEAT}"
    until(lambda: len(building.values(topic)) == 1, "a heartbeat")
    clock[0] += HEARTBEAT_S
    until(lambda: len(building.values(topic)) == 2, "another")
    assert building.values(topic)[-1]["value"] == round(1e3 * clock[0])


def test_a_point_given_to_another_is_never_written(made: Maker, building: Building) -> None:
    setpoints = made(armed=True)
    building.describe(REQUEST, objectId="C-05", integration="MEPAI", **AREA)
    until(lambda: not setpoints.standing().reachable[0], "the point's loss")
    now_s = time.time()
    setpoints.request(asked(30.5), now_s, now_s + 300.0)
    time.sleep(0.3)
    assert building.heard == []


def test_a_point_in_another_unit_is_asked_in_that_unit(made: Maker, building: Building) -> None:
    setpoints = made(armed=True)
    building.describe(
        REQUEST, objectId="C-05", integration="TWIN", engUnit="F",
        processArea=["Secondary", "Supply"],
    )  # fmt: skip
    now_s = time.time()
    k = iter(range(100_000))
    until(
        lambda: any(v["value"] == pytest.approx(86.0) for v in building.values(OURS)),
        doing=lambda: setpoints.request(asked(30.0 + 0.5 * (next(k) % 2)), now_s, now_s + 300.0),
    )


def test_a_broker_that_is_gone_is_said(made: Maker, broker: Broker) -> None:
    setpoints = made(armed=True)
    broker.stop()

    def refused() -> bool:
        try:
            setpoints.request(asked(30.0 + time.time() % 1.0), time.time(), time.time() + 300.0)
        except OSError:
            return True
        return False

    until(refused, "a refusal")
    broker.start()


def test_without_a_name_of_our_own_nothing_can_be_asked() -> None:
    with pytest.raises(InputError, match="integration"):
        BusSetpoints("//host", PLANT, time.time)
