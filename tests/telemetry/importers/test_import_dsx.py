"""The recorded messages of the DSX Exchange become a recording of a liquid-cooled row."""

import json
from pathlib import Path

import numpy as np
import pytest

from site_models.catalog import open_catalog
from site_models.errors import InputError
from site_models.kinds.fluid import Fluid
from telemetry.importers.dsx_csv import span_us
from telemetry.importing import import_files, importers
from telemetry.recording import Recording

MEANS = {
    "E02": (35.21, 50.76, 32.00, 42.12, 190.0, 0.975),
    "E03": (46.91, 50.23, 32.77, 46.08, 78.8, 0.952),
    "E04": (47.76, 49.82, 32.94, 46.85, 78.7, 0.969),
    "E05": (47.83, 50.94, 32.73, 46.44, 79.8, 0.975),
    "E06": (36.28, 50.78, 33.00, 43.18, 81.3, 0.952),
}
"""As SOURCE.md beside the messages has them: kW, L/min, °C, °C, kPa, heat into PG25 over power."""
DENSITY = 1012.0
HEAD = "offset,topic,payload\n"


@pytest.fixture(scope="module")
def row(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("row")
    (folder / "map.yaml").write_text(f"density_kg_per_m3: {DENSITY}\n")
    log = shared / "reference" / "dsx-exchange" / "dsx_exemplar.csv"
    report = import_files([log], folder / "out", "dsx-csv", folder / "map.yaml")
    assert dict(report.rejected) == {"second point of one signal": 1}
    assert 95.0 < report.span_s < 100.0
    return Recording(folder / "out")


def mean(row: Recording, signal: str, id: str) -> float:
    return float(np.mean(row.series(signal, id)[1]))


def test_the_row_has_its_racks_and_its_cdu(row: Recording) -> None:
    assert row.ids("rack") == tuple(f"Pod1C-E0{k}" for k in range(1, 7))
    assert row.ids("cdu") == ("C-F00-CDU-05",)


@pytest.mark.parametrize("rack", MEANS)
def test_means_are_those_that_come_with_the_messages(row: Recording, rack: str) -> None:
    power, flow, supply, back, dp, _ = MEANS[rack]
    name = f"Pod1C-{rack}"
    assert mean(row, "rack_power_w", name) == pytest.approx(power * 1e3, abs=10.0)
    flow_kg_per_s = flow * DENSITY / 60_000.0
    assert mean(row, "rack_flow_kg_per_s", name) == pytest.approx(flow_kg_per_s, rel=2e-4)
    assert mean(row, "rack_supply_c", name) == pytest.approx(supply, abs=0.01)
    assert mean(row, "rack_return_c", name) == pytest.approx(back, abs=0.01)
    assert mean(row, "rack_dp_pa", name) == pytest.approx(dp * 1e3, abs=60.0)


@pytest.mark.parametrize("rack", MEANS)
def test_the_heat_in_the_coolant_is_the_power_of_the_rack(row: Recording, rack: str) -> None:
    """Three sensors in three units meet in one balance, so no unit of theirs is wrong."""
    name = f"Pod1C-{rack}"
    cp = open_catalog().get(Fluid, "pg25").cp_j_per_kg_k.at(38.0)
    rise_k = mean(row, "rack_return_c", name) - mean(row, "rack_supply_c", name)
    heat_w = mean(row, "rack_flow_kg_per_s", name) * cp * rise_k
    share = heat_w / mean(row, "rack_power_w", name)
    assert share == pytest.approx(MEANS[rack][5], abs=0.01)


def test_the_cdu_holds_its_pressure_and_supply(row: Recording) -> None:
    assert mean(row, "cdu_dp_pa", "C-F00-CDU-05") == pytest.approx(90e3, rel=0.01)
    assert 31.3 <= mean(row, "cdu_tcs_supply_c", "C-F00-CDU-05") <= 31.5
    assert mean(row, "cdu_valve", "C-F00-CDU-05") == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("0s", 0),
        ("3.4731ms", 3473),
        ("98.5µs", 98),
        ("1.908793s", 1_908_793),
        ("1m39.3675441s", 99_367_544),
        ("2h0m0.5s", 7_200_500_000),
        ("", None),
        ("5", None),
        ("1x", None),
        ("-3s", None),
    ],
)
def test_spans_of_time(text: str, span: int | None) -> None:
    assert span_us(text) == span


def line(offset: str, topic: str, payload: object) -> str:
    whole = payload if isinstance(payload, str) else json.dumps(payload)
    quoted = whole.replace('"', '""')
    return f'{offset},BMS/v1/{topic},"{quoted}"\n'


def rack(offset: str, value: float | None, quality: int = 1, by: str = "PUB") -> str:
    stamp = 1_743_620_423_000 + 1000 * int(offset)
    content = {"value": value, "timestamp": stamp, "quality": quality}
    return line(f"{offset}s", f"{by}/Value/Rack/RackPower/a", content)


META = line(
    "0s",
    "PUB/Metadata/Rack/RackPower/a",
    {"objectType": "Rack", "pointType": "RackPower", "engUnit": "kW", "rackLocationId": "r7"},
)


def test_dated_messages_keep_their_time_and_the_rest_is_counted(tmp_path: Path) -> None:
    log = tmp_path / "bus.csv"
    other = line("5s", "PUB/Value/Rack/RackPower/b", {"value": 1})
    log.write_text(
        HEAD + META + rack("1", 30.0) + rack("2", 40.0, quality=0) + rack("3", None)
        + line("4s", "PUB/Value/Rack/RackPower/a", "thirty") + other + rack("6", 1.0, by="X")
        + rack("7", 9e9) + rack("8", 31.5) + "9s,BMS/v1"
    )  # fmt: skip
    report = import_files([log], tmp_path / "out")
    assert dict(report.rejected) == {
        "quality 0, expected 1": 1,
        "the building system has no reading": 1,
        "payload is not JSON": 1,
        "value of a point without metadata": 1,
        "value is not of the publisher that its metadata names": 1,
        "rack_power_w outside 0..2e+06": 1,
        "empty row": 1,
        "half-written last row": 1,
    }
    times, power_w = Recording(tmp_path / "out").series("rack_power_w", "r7")
    np.testing.assert_array_equal(power_w, [30_000.0, 31_500.0])
    np.testing.assert_array_equal(times, [1_743_620_424.0, 1_743_620_431.0])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HEAD + META, "no reading of a rack"),
        (HEAD + META + rack("1", 1.0).replace("1s", "soon", 1), "row 3: expected offset"),
        (HEAD + "x\n" + META, "expected offset"),
        (HEAD + META + '1s,a,"' + "x" * 200_000 + '"\n', "row 3"),
    ],
)
def test_a_log_that_is_none_says_where(tmp_path: Path, text: str, why: str) -> None:
    log = tmp_path / "bus.csv"
    log.write_text(text)
    with pytest.raises(InputError, match=why) as raised:
        import_files([log], tmp_path / "out", "dsx-csv")
    assert str(log) in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_the_format_is_recognised_by_one_importer(tmp_path: Path) -> None:
    fits = [name for name, module in importers().items() if module.sniff(HEAD, tmp_path)]
    assert fits == ["dsx-csv"]
