"""A real mosquitto between the grid and the site: targets come, power states and alerts go."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from controllers.actuators.nobody import Nobody
from controllers.grid.grid_desk import GridDesk
from controllers.grid.targets import Targets
from controllers.policies.hold import Hold
from controllers.supervision.supervisor import Supervisor
from dashboards.flex.agent import FlexAgent
from dashboards.flex.jws import verified
from site_models.errors import InputError
from telemetry.frame import Frame
from tests.fakes.broker import Broker, Building, until
from tests.fakes.grid_operator import TRACE, GridOperator, target
from tests.fakes.small_plant import small_plant
from tests.fakes.small_world import small_snapshot

PLANT = small_plant()
SHOT = small_snapshot(PLANT, 0, 0.5, Supervisor(PLANT, {"hold": Hold()}, Nobody(PLANT)))
TOPIC = "grid/v1/isv/acme/loadtarget/set"
STATUS = "grid/v1/dsx-flex-agent/hall-1/powerstate/status"
BREACH = "grid/v1/dsx-flex-agent/hall-1/powerbreach"


class Site:
    """A site whose clock runs a second with every look."""

    def __init__(self) -> None:
        self.targets = Targets()
        self.desk = GridDesk(self.targets)
        self.now_s, self.power_w = time.time(), 300e3
        self.tick()

    def tick(self) -> None:
        self.now_s += 1.0
        frame = Frame(self.now_s, {"facility_power_w": np.array([self.power_w])})
        state = SHOT.state._replace(time_s=self.now_s)
        self.desk.look(replace(SHOT, frame=frame, state=state, dt_s=1.0))


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def grid(tmp_path: Path) -> GridOperator:
    return GridOperator(tmp_path)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    server = Broker(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def isv(broker: Broker) -> Iterator[Building]:
    client = Building(broker.port, "grid/v1/dsx-flex-agent/#")
    yield client
    client.stop()


@pytest.fixture
def agent(broker: Broker, grid: GridOperator, site: Site, isv: Building) -> Iterator[FlexAgent]:
    address = f"//127.0.0.1:{broker.port}?keys={grid.keys}"
    one = FlexAgent(address, PLANT, site.desk, lambda: site.now_s)
    one.start()
    until(lambda: not one.trouble, "a connection")
    yield one
    one.stop()


def read(grid: GridOperator, event: dict[str, Any]) -> Any:
    """Return the content of one of the site's messages, its signature checked."""
    return orjson.loads(verified(event["data"], {"hall-1-a": grid.site.public_key()})[1])


def states(grid: GridOperator, isv: Building) -> list[Any]:
    return [read(grid, event)["feeds"]["main"] for event in isv.values(STATUS)]


def ticking(site: Site) -> Callable[[], None]:
    def tick() -> None:
        site.tick()
        time.sleep(0.12)

    return tick


def test_a_target_is_taken_followed_and_told_until_it_is_over(
    agent: FlexAgent, grid: GridOperator, site: Site, isv: Building
) -> None:
    begins_s = site.now_s + 2.0
    isv.say(TOPIC, grid.message([target(240e3, begins_s, begins_s + 3600.0)]))
    until(lambda: bool(site.targets.list(site.now_s)), "the target", ticking(site))
    site.power_w = 200e3
    words = ("target_set", "start_ramp_down", "end_ramp_down")
    until(lambda: set(words) <= {s["event"] for s in states(grid, isv)}, "words", ticking(site))
    event = isv.values(STATUS)[-1]
    assert (event["specversion"], event["type"]) == ("1.0.2", "grid.powerstate.status.v1")
    assert event["traceparent"].split("-")[1] == TRACE.split("-")[1]
    last = states(grid, isv)[-1]
    assert last["targets"][0]["active"]
    assert last["targets"][0]["load_constraint"] == {"value": 240e3, "unit": "watt"}
    assert last["targets"][0]["correlation_id"] == event["correlationid"]
    assert last["compliant"]
    assert last["baseline_load"]["value"] == pytest.approx(300e3, rel=0.05)
    assert last["delivered_reduction"]["value"] > 90e3
    back = grid.message([{"interval": {}, "load_constraint": None}])
    isv.say(TOPIC, back)
    site.power_w = 300e3
    ends = {"start_ramp_up", "end_ramp_up"}
    until(lambda: ends <= {s["event"] for s in states(grid, isv)}, "the end", ticking(site))
    assert states(grid, isv)[-1]["targets"] == []


def test_a_site_that_does_not_keep_to_it_says_so_and_when_it_does_again(
    agent: FlexAgent, grid: GridOperator, site: Site, isv: Building
) -> None:
    isv.say(TOPIC, grid.message([target(240e3, None, None)]))
    until(lambda: len(isv.values(BREACH)) == 1, "an alert", ticking(site))
    alert = read(grid, isv.values(BREACH)[0])
    assert (alert["status"], alert["severity"]) == ("escalated", "critical")
    assert alert["measured_load"]["value"] == pytest.approx(300e3)
    assert alert["infrastructure_actions"] == []
    site.power_w = 200e3
    until(lambda: len(isv.values(BREACH)) == 2, "the end of it", ticking(site))
    resolved = read(grid, isv.values(BREACH)[1])
    assert (resolved["status"], "shed_hints" in resolved) == ("resolved", False)
    assert resolved["breach"]["breach_id"] == alert["breach"]["breach_id"]


def test_what_is_forged_or_repeated_changes_nothing_and_is_counted(
    agent: FlexAgent, grid: GridOperator, site: Site, isv: Building
) -> None:
    good = grid.message([target(240e3, None, None)])
    isv.say(TOPIC, grid.message([target(1e3, None, None)], key=grid.site))
    isv.say(TOPIC, good)
    isv.say(TOPIC, good)
    isv.say(TOPIC, b"not json")
    until(lambda: agent.intake.rejected.total() == 3, "three refusals")
    assert [one.power_w for one in site.targets.list(site.now_s)] == [240e3]


def test_a_broker_that_went_away_is_met_again(
    agent: FlexAgent, broker: Broker, grid: GridOperator, site: Site
) -> None:
    broker.stop()
    until(lambda: bool(agent.trouble), "the loss")
    broker.start()
    until(lambda: not agent.trouble, "the return")
    isv = Building(broker.port, "grid/v1/dsx-flex-agent/#")
    try:
        until(
            lambda: bool(site.targets.list(site.now_s)),
            "a target",
            lambda: isv.say(TOPIC, grid.message([target(240e3, None, None)])),
        )
    finally:
        isv.stop()


@pytest.mark.parametrize("argument", ["//host", "//host?keys=", "//host?keys=/nowhere.yaml", ""])
def test_an_address_without_keys_is_refused(argument: str, site: Site) -> None:
    with pytest.raises(InputError):
        FlexAgent(argument, PLANT, site.desk, lambda: site.now_s)
