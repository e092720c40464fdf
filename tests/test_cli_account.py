"""Accounts, what-ifs from recordings and runs that cannot go on, as the command line tells them."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import controllers.loop
import controllers.simulated.rig
from controllers.headless import REPORT_FILE, STATE_FILE
from site_models import weather as weather_files
from site_models.plant import Plant
from site_models.site import SHIPPED, load_site
from telemetry.recording import Recording
from tests.fakes.command import Twin, refused
from twin.state import Inputs, State
from twin.step import step
from twin.unsolved import NotSettledError, NotSolvedError

PRICE = "Datetime (UTC),Price (USD/MWh)\n" + "".join(
    f"2023-07-12 {hour:02}:00:00+00:00,{10 + hour}\n" for hour in range(24)
)
CARBON = "timestamp,avg_CI\n" + "".join(
    f"2024-07-12 {hour:02}:00:00+00:00,400\n" for hour in range(24)
)
TRIP = """site: edge
start: 2024-07-12T19:00:00Z
duration_s: 30
events: [{at_s: 10, kind: pump_trip, target: cdu}]
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a folder with a price, a carbon series and a scenario."""
    for name, text in (("price.csv", PRICE), ("carbon.csv", CARBON), ("trip.yaml", TRIP)):
        (tmp_path / name).write_text(text)
    return tmp_path


def figures(told: Any) -> Any:
    return told["account"]["figures"]


# Accounts


def test_a_run_tells_cost_and_carbon_when_it_has_the_series(twin: Twin, files: Path) -> None:
    charged = ("--price", files / "price.csv", "--carbon", files / "carbon.csv")
    words = ("--site", "edge", "--source", "idle", "--for", "20")
    report = twin("run", *words, *charged, "--out", files / "a", "--json").object
    found = figures(report)
    energy_kwh = report["energy_j"] / 3.6e6
    assert found["site_energy"]["value"] == pytest.approx(energy_kwh, rel=1e-9)
    assert found["cost"]["value"] == pytest.approx(29e-3 * energy_kwh, rel=1e-9)
    assert found["emissions"]["value"] == pytest.approx(0.4 * energy_kwh, rel=1e-9)
    assert found["pue"]["value"] == pytest.approx(report["energy_j"] / report["it_energy_j"])
    assert report["account"]["price"] == "price.csv, the same dates of 2023"
    assert report["account"]["accounted_s"] == report["simulated_s"] == 20.0
    assert report["account"] == json.loads((files / "a" / REPORT_FILE).read_text())["account"]
    text = twin("replay", files / "a", "--site", "edge", "--out", files / "b").out
    assert "cost" in text
    assert "unknown" in text
    assert "no price series was given" in text


def test_a_what_if_tells_its_account_and_where_it_began(twin: Twin, files: Path) -> None:
    assert twin("run", "--site", "edge", "--for", "30", "--out", files / "rec").code == 0
    words = ("--site", "edge", "--from", files / "rec", "--out", files / "out")
    told = twin("whatif", files / "trip.yaml", *words, "--price", files / "price.csv", "--json")
    assert told.code == 0, told.err
    assert figures(told.object)["cost"]["value"] > 0.0
    assert told.object["onset"]["time"] == "2024-07-12T19:00:30+00:00"
    assert told.object["events"][0]["time"] == "2024-07-12T19:00:40+00:00"
    rest = twin("whatif", files / "trip.yaml", "--out", files / "rest", "--json").object
    assert rest["onset"] is None


@pytest.mark.parametrize(
    ("option", "text", "named"),
    [
        ("--price", "when,what\n1,2\n", "no column 'Datetime (UTC)'"),
        ("--price", PRICE.replace(",15\n", ",cheap\n"), "row 7: Price (USD/MWh)"),
        ("--price", PRICE.replace("2023-07-12 05", "2023-07-12 06"), "row 7: Datetime (UTC)"),
        ("--price", PRICE.replace("-07-12", "-01-01"), "expected the date of 2024-07-12"),
        ("--carbon", PRICE, "no column 'timestamp'"),
    ],
)
def test_an_unusable_series_is_refused_before_anything_is_written(
    twin: Twin, tmp_path: Path, option: str, text: str, named: str
) -> None:
    path = tmp_path / "series.csv"
    path.write_text(text)
    words = ("--site", "edge", "--source", "idle", "--for", "5", option, path)
    told = twin("run", *words, "--out", tmp_path / "out")
    refused(told, f"{path}: ", named)
    assert not (tmp_path / "out").exists()


# Bad input of physics: one line, exit 2, nothing left behind


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("target: cdu}", "target: cdu-9}", "events.0.target: 'cdu-9' is not in edge"),
        ("at_s: 10", "at_s: -10", "events.0.at_s: expected 0 or more"),
        ("at_s: 10", "at_s: 40", "events.0.at_s: 40, expected a time before the end"),
        ("kind: pump_trip", "kind: valve_stuck, opening: 1.5", "events.0.opening"),
        ("site: edge", "site: edge\nrecording_time: 2024-07-12", "recording_time"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused(
    twin: Twin, tmp_path: Path, old: str, new: str, named: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(TRIP.replace(old, new))
    told = twin("whatif", path, "--out", tmp_path / "out")
    refused(told, path, named)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (
            "supply_setpoint_c: 40.0, feed",
            "supply_setpoint_c: 400.0, feed",
            ("cdu.supply_setpoint_c", "expected 10..65 C"),
        ),
        ("supply_setpoint_c: 40.0, feed", "supply_setpoint_c: 30.0, feed", ("cdu", "above the 36")),
        ("cdu: cdu,", "cdu: nowhere,", ("racks.0.cdu", "nowhere")),
        ("facility_water: fws,", "facility_water: sea,", ("facility_water", "sea")),
    ],
)
def test_an_impossible_setpoint_or_a_loop_that_leads_nowhere_is_refused(
    twin: Twin, tmp_path: Path, old: str, new: str, named: tuple[str, ...]
) -> None:
    text = (SHIPPED / "edge.yaml").read_text()
    assert text.count(old) == 1
    site = tmp_path / "mine.yaml"
    site.write_text(text.replace(old, new))
    told = twin("run", "--site", site, "--source", "idle", "--for", "2", "--out", tmp_path / "out")
    refused(told, *named)
    assert not (tmp_path / "out").exists()


def test_weather_with_a_hole_is_refused_by_its_row(
    twin: Twin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder,) = weather_files.__path__
    whole = Path(folder) / f"{load_site('pilot').location.weather}.epw.gz"
    lines = gzip.decompress(whole.read_bytes()).decode().splitlines()
    del lines[5000]
    (tmp_path / whole.name).write_bytes(gzip.compress("\n".join(lines).encode()))
    monkeypatch.setattr(weather_files, "__path__", [str(tmp_path)])
    told = twin("run", "--source", "idle", "--for", "2", "--out", tmp_path / "out")
    refused(told, "row 5001: expected month")
    assert not (tmp_path / "out").exists()


# A step that cannot be computed: what was computed is kept, exit 1, one line


def failing(error: Exception, after: int) -> Callable[..., State]:
    """Return a step that gives up after so many."""
    taken = 0

    def stepped(plant: Plant, state: State, inputs: Inputs, dt_s: float) -> State:
        nonlocal taken
        taken += 1
        if taken > after:
            raise error
        return step(plant, state, inputs, dt_s)

    return stepped


@pytest.mark.parametrize(
    "error",
    [
        NotSolvedError("network: loop 'a' is off by 3 Pa"),
        NotSettledError("still moving by 0.1"),
        ZeroDivisionError("division by zero"),
    ],
)
def test_a_run_that_cannot_go_on_keeps_what_it_has(
    twin: Twin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(controllers.loop, "step", failing(error, after=9))
    words = ("--site", "edge", "--source", "idle", "--for", "60")
    told = twin("run", *words, "--out", tmp_path / "out", "--json")
    assert told.code == 1
    assert told.err.count("\n") == 1
    assert "2024-07-12T19:00:09" in told.err
    assert str(error) in told.err
    assert told.object["simulated_s"] == 9.0
    assert str(error) in told.object["stopped"]
    stored = Recording(tmp_path / "out")
    assert stored.manifest.closed
    assert len(stored.series("facility_power_w", stored.ids("site")[0])[0]) == 10
    monkeypatch.undo()
    resumed = ("replay", tmp_path / "out", "--site", "edge")
    assert (tmp_path / "out" / STATE_FILE).is_file()
    assert twin(*resumed, "--out", tmp_path / "again").code == 0


def test_a_what_if_whose_plant_cannot_be_solved_keeps_what_it_has(
    twin: Twin, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = NotSolvedError("network: loop 'tcs' is off by 3 Pa")
    monkeypatch.setattr(controllers.simulated.rig, "step", failing(error, after=20))
    told = twin("whatif", files / "trip.yaml", "--out", files / "out", "--json")
    assert told.code == 1
    assert told.err.count("\n") == 1
    assert told.object["stopped"] == f"stopped after 2024-07-12T19:00:20+00:00: {error}"
    assert figures(told.object)["accounted"]["value"] == 20.0
    assert json.loads((files / "out" / "whatif.json").read_text()) == told.object


def test_numbers_that_are_none_stop_a_run(
    twin: Twin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = 0

    def spoilt(plant: Plant, state: State, inputs: Inputs, dt_s: float) -> State:
        nonlocal taken
        taken += 1
        after = step(plant, state, inputs, dt_s)
        none = after.ledger._replace(energy_in_j=float("nan"))
        return after._replace(ledger=none) if taken > 5 else after

    monkeypatch.setattr(controllers.loop, "step", spoilt)
    words = ("--site", "edge", "--source", "idle", "--for", "60")
    told = twin("run", *words, "--out", tmp_path / "out", "--json")
    assert told.code == 1
    assert "not a number" in told.err
    assert told.object["simulated_s"] == 5.0
    assert told.object["balance_error"] < 1e-9
