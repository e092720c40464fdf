"""Topics and payloads are those of the contract; units and areas are never guessed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from site_models.errors import InputError
from telemetry.dsx.map import BusMap, bus_map_schema, read_bus_map
from telemetry.dsx.points import POINTS, SPELLED, point_of, signal_of
from telemetry.dsx.words import metadata_of, topic_of, value_of, value_payload, value_topic
from telemetry.units import UNITS

RACK_POWER = "BMS/v1/PUB/Metadata/Rack/RackPower/hall/rowE/rack02/power"
GOOD = {"value": 32.5, "timestamp": 1743620423000, "quality": 1}


@pytest.fixture(scope="session")
def contract(shared: Path) -> Any:
    path = shared / "reference" / "dsx-exchange" / "bms.yaml"
    if not path.is_file():
        pytest.skip("no contract beside the checkout")
    return yaml.load(path.read_text(), Loader=yaml.CSafeLoader)


def described(point: str, **said: Any) -> tuple[Any, Any]:
    topic = topic_of(f"BMS/v1/PUB/Metadata/{point}")
    whole = {"objectType": topic.object_type, "pointType": topic.point_type, **said}
    return topic, metadata_of(topic, json.dumps(whole).encode())


def test_a_topic_is_taken_apart_and_put_together() -> None:
    topic = topic_of(RACK_POWER)
    assert topic == ("PUB", "Metadata", "Rack", "RackPower", "hall/rowE/rack02/power")
    assert topic.text == RACK_POWER
    assert topic.point == "Rack/RackPower/hall/rowE/rack02/power"


def test_an_integration_writes_where_the_contract_derives_it() -> None:
    request = topic_of("BMS/v1/PUB/Metadata/CDU/LiquidTemperatureSpRequest/site1/row3/cdu5")
    wanted = "BMS/v1/MEPAI/Value/CDU/LiquidTemperatureSpRequest/site1/row3/cdu5"
    assert value_topic(request, "MEPAI") == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BMS/v1/PUB/Value/Rack",
        "BMS/v2/PUB/Value/A/B/c",
        "BMS/v1/PUB/Other/A/B/c",
        "a/b/c/d/e/f/g",
        "BMS/v1//Value/A/B/c",
    ],
)
def test_other_topics_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="topic"):
        topic_of(text)


def test_a_value_keeps_its_reading_time_and_quality() -> None:
    assert value_of(json.dumps(GOOD).encode()) == (32.5, 1743620423.0, 1)
    null = value_of(json.dumps({**GOOD, "value": None, "quality": 0}).encode())
    assert np.isnan(null.reading)
    assert null.quality == 0


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"32.5 C", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"value":NaN,"timestamp":1743620423000,"quality":1}', "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"{" + b" " * 70_000 + b"}", "larger"),
        (json.dumps({**GOOD, "value": "32.5"}).encode(), "neither a number"),
        (json.dumps({**GOOD, "value": True}).encode(), "neither a number"),
        (json.dumps({"timestamp": 1743620423000, "quality": 1}).encode(), "neither a number"),
        (json.dumps({**GOOD, "timestamp": 1743620423}).encode(), "milliseconds"),
        (json.dumps({**GOOD, "timestamp": "now"}).encode(), "milliseconds"),
        (json.dumps({**GOOD, "quality": "good"}).encode(), "quality"),
        (json.dumps({**GOOD, "quality": True}).encode(), "quality"),
    ],
)
def test_a_payload_that_breaks_the_contract_is_refused(payload: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        value_of(payload)


def test_what_we_write_is_what_the_contract_asks_for(contract: Any) -> None:
    schema = contract["components"]["messages"]["ValueMessage"]["payload"]
    for reading, quality in ((31.5, 1), (float("nan"), 0)):
        content = json.loads(value_payload(reading, 1743620423.25))
        assert set(content) == set(schema["required"]) == set(schema["properties"])
        assert content["timestamp"] == 1743620423250
        assert content["quality"] == quality
        assert value_of(value_payload(reading, 1743620423.25)).quality == quality


def test_every_point_we_read_is_in_the_contract_with_a_unit_we_know(contract: Any) -> None:
    schemas = contract["components"]["schemas"]
    for kind, name in POINTS:
        channel = contract["channels"][f"{kind.lower()}{'Bms' if kind == 'Rack' else ''}Value"]
        assert name in channel["parameters"]["pointType"]["enum"]
        stated = schemas[f"{name}Fields"]["properties"].get("engUnit", {}).get("enum", [])
        assert all(SPELLED.get(unit, unit) in UNITS for unit in stated)


@pytest.mark.parametrize(
    ("point", "said", "signal", "base"),
    [
        ("Rack/RackPower/x", {"engUnit": "kW"}, "rack_power_w", 10_000.0),
        ("Rack/RackLiquidSupplyTemperature/x", {"engUnit": "C"}, "rack_supply_c", 10.0),
        ("Rack/RackLiquidReturnTemperature/x", {"engUnit": "F"}, "rack_return_c", -12.2222),
        ("Rack/RackLiquidFlow/x", {"engUnit": "LPM"}, "rack_flow_kg_per_s", 0.997 * 10.0 / 60.0),
        ("Rack/RackLiquidDifferentialPressure/x", {"engUnit": "kPa"}, "rack_dp_pa", 10_000.0),
        (
            "Rack/RackLeakDetect/x",
            {"stateText": [{"value": 0, "text": "NoLeak"}, {"value": 1, "text": "Leak"}]},
            "rack_leak",
            10.0,
        ),
        (
            "CDU/ValvePosition/x",
            {"engUnit": "%", "processArea": ["Primary"]},
            "cdu_valve",
            0.1,
        ),
    ],
)
def test_readings_come_to_base_units(
    point: str, said: dict[str, Any], signal: str, base: float
) -> None:
    found = point_of(*described(point, objectId="r0", **said), BusMap())
    assert found is not None
    assert found.signal == signal
    assert found.ids == ("r0",)
    assert 10.0 * found.scale + found.offset == pytest.approx(base, rel=1e-5)


@pytest.mark.parametrize(
    ("areas", "signal"),
    [
        (["Secondary", "Supply"], "cdu_tcs_supply_c"),
        (["supply", "secondary"], "cdu_tcs_supply_c"),
        (["Secondary", "Return"], "cdu_tcs_return_c"),
        (["Primary", "Inlet"], "cdu_fws_supply_c"),
        (["Primary", "Outlet"], "cdu_fws_return_c"),
        (["Seccondary", "Supply"], None),
        (["Secondary"], None),
        ([], None),
    ],
)
def test_a_cdu_temperature_is_told_by_its_process_area(
    areas: list[str], signal: str | None
) -> None:
    _, metadata = described("CDU/LiquidTemperature/x", engUnit="C", processArea=areas)
    assert signal_of(metadata, BusMap()) == signal


def test_a_setpoint_is_no_reading() -> None:
    topic, metadata = described(
        "CDU/LiquidTemperature/x", engUnit="C", processArea=["Secondary", "Supply"], isSetpoint=True
    )
    assert point_of(topic, metadata, BusMap()) is None


@pytest.mark.parametrize(
    ("unit", "why"),
    [("", "unknown unit"), ("hp", "unknown unit"), ("C", "unit of temperature"), (5, "not text")],
)
def test_a_unit_that_cannot_be_is_refused(unit: Any, why: str) -> None:
    with pytest.raises(InputError, match=why):
        point_of(*described("Rack/RackPower/x", rackLocationId="r0", engUnit=unit), BusMap())


def test_a_map_names_places_areas_units_density_and_points(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(
        "integration: TWIN\ndensity_kg_per_m3: 1012\nplaces: {Pod1C-E02: r0}\n"
        "areas: {Seccondary: Secondary}\nunits: {KW: kW}\n"
        "points:\n  CDU/GenericPoint/a/b: {signal: cdu_heat_w, id: cdu0, unit: kW}\n"
    )
    chart = read_bus_map(tmp_path / "map.yaml")
    point = point_of(
        *described("Rack/RackPower/x", rackLocationId="Pod1C-E02", engUnit="KW"), chart
    )
    assert point is not None
    assert point.ids == ("r0",)
    assert point.scale == 1000.0
    flow = point_of(
        *described("CDU/LiquidFlow/x", objectId="cdu0", engUnit="LPM", processArea=["Seccondary"]),
        chart,
    )
    assert flow is not None
    assert flow.signal == "cdu_flow_kg_per_s"
    assert not flow.as_water
    assert flow.scale == pytest.approx(1.012 / 60.0)
    heat = point_of(*described("CDU/GenericPoint/a/b", objectId="elsewhere"), chart)
    assert heat is not None
    assert heat.signal == "cdu_heat_w"
    assert heat.ids == ("cdu0",)
    assert set(bus_map_schema()["properties"]) == set(BusMap.model_fields)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("units: {KW: horsepower}", "units.KW: unknown unit 'horsepower'"),
        ("points: {CDU/GenericPoint/a: {signal: cdu_heat_w, id: c, unit: hp}}", "unknown unit"),
        ("points: {CDU/GenericPoint/a: {signal: cdu_heat_w, id: c, unit: degC}}", "measures"),
        ("points: {CDU/GenericPoint/a: {signal: heat, id: c}}", "name of a signal"),
        ("points: {CDU/LiquidTemperatureSpRequest/a: {signal: cdu_heat_w, id: c}}", "no request"),
        ("integration: PUB", "name of its own"),
        ("place: {}", "place"),
    ],
)
def test_a_map_with_an_unknown_word_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "map.yaml").write_text(text)
    with pytest.raises(InputError, match=why) as raised:
        read_bus_map(tmp_path / "map.yaml")
    assert "map.yaml" in str(raised.value)
    assert "\n" not in str(raised.value)
