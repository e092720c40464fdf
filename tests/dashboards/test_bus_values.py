"""The twin's belief on a real mosquitto: only points that are ours, in the building's units."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controllers.actuators.nobody import Nobody
from controllers.snapshot import Snapshot, World
from controllers.supervision.supervisor import Supervisor
from dashboards.bus_values import PERIOD_S, BelievedValues
from site_models.errors import InputError
from telemetry.dsx.words import REPEAT_S
from tests.fakes.broker import Broker, Building, until
from tests.fakes.small_plant import small_plant
from tests.fakes.small_world import small_snapshot

PLANT = small_plant()
SUPERVISOR = Supervisor(PLANT, {}, Nobody(PLANT))
POWER = "Rack/RackPower/hall/r0/believed"
HEAT = "CDU/GenericPoint/hall/cdu/heat"
AREA = {"objectId": PLANT.axis("cdu")[0], "processArea": ["Secondary"]}
CHART = f"""\
integration: TWIN
points: {{{HEAT}: {{signal: cdu_heat_w, id: {PLANT.axis("cdu")[0]}, unit: kW}}}}
"""


def snapshot(second: float, load: float = 0.5) -> Snapshot:
    made = small_snapshot(PLANT, 1, load, SUPERVISOR, dt_s=second)
    return replace(made, mode="LIVE")


@pytest.fixture
def building(tmp_path: Path) -> Iterator[Building]:
    broker = Broker(tmp_path)
    broker.start()
    client = Building(broker.port)
    client.describe(POWER, rackLocationId="r0", engUnit="kW", integration="TWIN")
    client.describe("Rack/RackPower/r1", rackLocationId="r1", engUnit="kW")
    client.describe("Rack/RackPower/r2", rackLocationId="r2", engUnit="kW", integration="NICO")
    client.describe(HEAT, integration="TWIN", **AREA)
    client.describe("CDU/LiquidTemperatureSpRequest/x", integration="TWIN", engUnit="C", **AREA)
    yield client
    client.stop()
    broker.stop()


@pytest.fixture
def told(building: Building, tmp_path: Path) -> Iterator[BelievedValues]:
    (tmp_path / "map.yaml").write_text(CHART)
    values = BelievedValues(f"//127.0.0.1:{building.port}?map={tmp_path / 'map.yaml'}", PLANT)
    values.start()
    until(lambda: len(values.points) == 2, "metadata of our points")
    yield values
    values.stop()


def test_only_our_points_are_told_and_in_their_units(
    told: BelievedValues, building: Building
) -> None:
    assert told.points == tuple(f"BMS/v1/TWIN/Value/{point}" for point in (POWER, HEAT))
    now = snapshot(1.0)
    assert told.publish(now) == 2
    until(lambda: len(building.heard) == 2)
    (power,) = building.values(told.points[0])
    assert power["value"] == pytest.approx(1e-3 * float(now.state.rack_power_w[0]))
    assert power["quality"] == 1
    assert power["timestamp"] == round(1e3 * now.frame.time_s)
    (heat,) = building.values(told.points[1])
    place = int(PLANT.cdu_exchangers[0])
    assert heat["value"] == pytest.approx(1e-3 * float(now.state.exchanger_heat_w[place]))


def test_changes_are_told_at_a_pace_and_the_rest_is_repeated(told: BelievedValues) -> None:
    assert told.publish(snapshot(1.0)) == 2
    assert told.publish(snapshot(2.0)) == 0
    assert told.publish(snapshot(2.0 + PERIOD_S)) == 0
    assert told.publish(snapshot(3.0 + PERIOD_S, load=0.9)) >= 1
    assert told.publish(snapshot(4.0 + PERIOD_S + REPEAT_S, load=0.9)) == 2


@pytest.mark.parametrize("mode", ["REPLAY", "WHAT-IF"])
def test_what_is_not_live_is_never_told(told: BelievedValues, mode: World) -> None:
    assert told.publish(replace(snapshot(1.0), mode=mode)) == 0


def test_a_point_that_is_taken_from_us_is_told_no_more(
    told: BelievedValues, building: Building
) -> None:
    building.describe(POWER, rackLocationId="r0", engUnit="kW", integration="NICO")
    until(lambda: len(told.points) == 1, "the point's loss")


def test_without_a_name_of_our_own_nothing_is_told() -> None:
    with pytest.raises(InputError, match="integration"):
        BelievedValues("//host", PLANT)
