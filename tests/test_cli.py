"""The command line keeps its contract: one JSON object, exit codes, one line for bad input."""

import io
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numba.core.event import Event, EventStatus

from dashboards.cli import main
from dashboards.compiling import SAID, Compiling
from site_models.site import SHIPPED, shipped_sites
from telemetry.recording import Recording
from telemetry.samples import PILOT_DEMO
from tests.fakes.command import Twin, refused

CSV = "time,gpu,power\n0,0,310\n1,0,305\n2,0,300\n"
MAP = """time: {column: time, unit: s, zone: UTC}
id: {column: gpu, prefix: gpu}
signals:
  gpu_power_w: {column: power, unit: W}
"""
INVENTORY = "host,rack,gpu_model,gpus\nn1,r1,NVIDIA H200,8\nn2,r1,NVIDIA H200,8\n"
DEMO_S = ("2024-07-12T19:00:20", "2024-07-12T19:00:40")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return half a minute of the site `edge`, recorded."""
    out = tmp_path_factory.mktemp("runs") / "edge"
    assert main(["run", "--site", "edge", "--for", "30", "--out", str(out)]) == 0
    return out


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[str, str], Path]:
    """Return a maker of copies of the site `edge` with one piece of text replaced."""

    def make(old: str, new: str) -> Path:
        text = (SHIPPED / "edge.yaml").read_text()
        assert text.count(old) == 1
        path = tmp_path / "mine.yaml"
        path.write_text(text.replace(old, new))
        return path

    return make


# What programs read


def test_sites_lists_all_that_are_shipped(twin: Twin) -> None:
    rows = twin("sites", "--json").object["sites"]
    assert [row["name"] for row in rows] == list(shipped_sites())
    assert {row["name"]: row["gpus"] for row in rows}["campus-100k"] == 100_800
    assert all({"name", "gpus", "racks"} <= row.keys() for row in rows)


@pytest.mark.parametrize("site", [s for s in shipped_sites() if s != "campus-100k"])
def test_every_shipped_site_passes_its_checks(twin: Twin, site: str) -> None:
    told = twin("check", site, "--json")
    assert told.code == 0, told.out
    assert {"site", "gpus", "nodes", "racks", "checks"} <= told.object.keys()
    assert {"schema", "layout", "energy_closure"} <= {c["name"] for c in told.object["checks"]}
    assert all(check["ok"] and check["message"] for check in told.object["checks"])


@pytest.mark.slow
def test_the_campus_passes_its_checks(twin: Twin) -> None:
    assert twin("check", "campus-100k", "--json").code == 0


def test_run_reports_steps_energy_and_limits(twin: Twin, tmp_path: Path) -> None:
    report = twin("run", "--site", "edge", "--for", "5", "--out", tmp_path / "a", "--json").object
    assert report.keys() >= {
        "steps", "simulated_s", "wall_s", "digest", "energy_j", "balance_error", "limits",
    }  # fmt: skip
    assert report["simulated_s"] == 5.0
    assert report["balance_error"] < 1e-6
    assert report["energy_j"] > report["it_energy_j"] > 0.0


def test_show_tells_axes_span_and_gaps(twin: Twin, recorded: Path) -> None:
    content = twin("show", recorded, "--json").object
    assert content["axes"].keys() >= {"gpu", "node", "rack", "cdu", "power", "site"}
    assert "gpu_temp_c" in content["axes"]["gpu"]["signals"]
    assert content["span_s"] == 30.0
    assert content["gaps"] == []


def test_import_counts_rows_and_what_it_left_out(twin: Twin, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(CSV)
    (tmp_path / "map.yaml").write_text(MAP)
    words = ("--map", tmp_path / "map.yaml", "--out", tmp_path / "rec", "--json")
    content = twin("import", tmp_path / "log.csv", *words).object
    assert content == {"rows": 3, "signals": ["gpu_power_w"], "span_s": 2.0, "rejected": {}}


def test_advise_answers_like_the_http_interface(twin: Twin, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text('{"job": "a", "gpus": 8, "required_level": "rack"}')
    answer = twin("advise", request, "--json").object
    assert answer.keys() >= {"time_s", "age_s", "advice", "rejected"}
    assert len(answer["advice"][0]["gpus"]) == 8
    request.write_text('[{"job": "a", "gpus": 8}, {"job": "b", "gpus": 1000}]')
    first, second = json.loads(twin("advise", request, "--json").out)
    assert first["advice"]
    assert not second["advice"]
    assert second["rejected"]


def test_layout_draws_the_hall_and_doctor_looks_at_the_host(twin: Twin, tmp_path: Path) -> None:
    picture = tmp_path / "hall.png"
    checks = twin("layout", "edge", "--png", picture, "--json").object["checks"]
    assert all(check["ok"] for check in checks)
    assert picture.read_bytes().startswith(b"\x89PNG")
    told = twin("doctor", "--port", "0", "--json")
    assert {check["name"] for check in told.object["checks"]} >= {"python", "disk", "clock"}


def test_a_drafted_site_passes_its_checks(twin: Twin, tmp_path: Path) -> None:
    (tmp_path / "hosts.csv").write_text(INVENTORY)
    drafted = twin("draft", tmp_path / "hosts.csv", "--out", tmp_path / "mine", "--json").object
    assert drafted["assumptions"]
    told = twin("check", drafted["site"], "--catalog", drafted["catalog"], "--json")
    assert told.code == 0, told.out
    assert told.object["gpus"] == 16


def test_schemas_of_all_yaml_files_are_printed(twin: Twin) -> None:
    schemas = twin("check", "--schema").object
    assert {"site", "map", "bus_map", "catalog/gpu", "catalog/cdu"} <= schemas.keys()


def test_help_names_every_verb_and_option(twin: Twin) -> None:
    told = twin("--help")
    assert told.code == 0
    for verb in ("sites", "check", "serve", "run", "import", "replay", "show", "advise", "doctor"):
        assert f"  {verb} " in told.out
        assert twin(verb, "--help").out.startswith(f"Usage: twin {verb}")


# A failed check is exit 1, and says which


def test_equipment_in_one_place_fails_the_check(
    twin: Twin, edited: Callable[[str, str], Path]
) -> None:
    site = edited("at_m: [4.5, 2.4]", "at_m: [3.0, 2.4]")
    told = twin("check", site, "--json")
    assert told.code == 1
    assert [c["name"] for c in told.object["checks"] if not c["ok"]] == ["layout"]
    assert twin("layout", site).code == 1


# The same run gives the same bytes


def test_a_run_cut_and_resumed_ends_in_the_digest_of_the_whole(twin: Twin, tmp_path: Path) -> None:
    def digest(name: str, *words: object) -> str:
        policy = ("--policy", "thermal_guard", "--policy", "power_budget=advise")
        told = twin("replay", "pilot-demo", *policy, *words, "--out", tmp_path / name, "--json")
        assert told.code == 0, told.err
        return str(told.object["digest"])

    half, whole = DEMO_S
    first = digest("first", "--to", whole)
    assert digest("again", "--to", whole) == first
    for axis in ("gpu", "rack", "power"):
        part = f"{axis}/part-000000.parquet"
        assert (tmp_path / "first" / part).read_bytes() == (tmp_path / "again" / part).read_bytes()
    assert digest("half", "--to", half) != first
    assert digest("rest", "--to", whole, "--resume", tmp_path / "half") == first


def test_what_was_believed_replays_on_the_site_it_came_from(
    twin: Twin, recorded: Path, tmp_path: Path
) -> None:
    told = twin("replay", recorded, "--site", "edge", "--out", tmp_path / "again", "--json")
    assert told.code == 0
    assert told.object["simulated_s"] == 30.0
    energy_j = json.loads((recorded / "report.json").read_text())["energy_j"]
    assert told.object["energy_j"] == pytest.approx(energy_j, rel=1e-3)


def test_a_run_that_is_killed_leaves_a_readable_recording(tmp_path: Path) -> None:
    out = tmp_path / "killed"
    words = ["run", "--site", "pilot", "--for", "1e6", "--out", str(out)]
    command = [sys.executable, "-c", "from dashboards.cli import run; run()", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        end_s = time.monotonic() + 180.0
        while not list(out.glob("site/part-*.parquet")):
            assert process.poll() is None
            assert time.monotonic() < end_s
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    stored = Recording(out)
    assert not stored.manifest.closed
    time_s, power_w = stored.series("facility_power_w", stored.ids("site")[0])
    assert len(time_s) > 100
    assert np.all(np.diff(time_s) == 1.0)
    assert np.all(power_w > 0.0)


# Bad input: one line, exit 2, nothing left behind


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("design_wet_bulb_c: 18.5", "design_wetbulb_c: 18.5", ("location", "bulb_c")),
        ("cdu: cdu,", "cdu: cdu-9,", ("racks.0.cdu", "cdu-9")),
        ("rating_w: 0.2e6", "rating_w: 0.05e6", ("feeds.ups", "kW")),
        ("model: inrack_121", "model: inrack_999", ("cdu/inrack_999.yaml",)),
        ("elevation_m: 23.0", "elevation_m: low", ("location.elevation_m",)),
        ("recirculation: 0.02", "recirculation: 2.0", ("halls.0.air.recirculation",)),
    ],
)
def test_an_unusable_site_is_refused_by_its_key(
    twin: Twin,
    edited: Callable[[str, str], Path],
    tmp_path: Path,
    old: str,
    new: str,
    named: tuple[str, ...],
) -> None:
    site = edited(old, new)
    refused(twin("check", site), *named)
    refused(twin("run", "--site", site, "--for", "2", "--out", tmp_path / "out"), *named)
    assert not (tmp_path / "out").exists()


def test_a_negative_resistance_is_refused_by_file_and_key(twin: Twin, tmp_path: Path) -> None:
    folder = tmp_path / "catalog"
    shutil.copytree(SHIPPED.parent / "catalog" / "gpu", folder / "gpu")
    model = folder / "gpu" / "gb200_gpu.yaml"
    text, _, rest = model.read_text().partition("die_resistance_k_per_w: {value: ")
    model.write_text(f"{text}die_resistance_k_per_w: {{value: -{rest}")
    refused(twin("check", "edge", "--catalog", folder), model, "die_resistance_k_per_w")


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ("0,0,310\n1,0,much\n", ("row 3", "power", "much")),
        ("0,0,310\n5,0,305\n2,0,300\n", ("row 4", "backwards")),
        ("", ("expected",)),
    ],
)
def test_an_unusable_log_is_refused_by_its_row(
    twin: Twin, tmp_path: Path, rows: str, named: tuple[str, ...]
) -> None:
    log = tmp_path / "log.csv"
    log.write_text("time,gpu,power\n" + rows)
    (tmp_path / "map.yaml").write_text(MAP)
    before = sorted(tmp_path.iterdir())
    words = ("--map", tmp_path / "map.yaml", "--out", tmp_path / "new" / "rec")
    refused(twin("import", log, *words), log, *named)
    assert sorted(tmp_path.iterdir()) == before


def test_a_truncated_part_is_refused_by_its_file(
    twin: Twin, recorded: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut"
    shutil.copytree(recorded, cut)
    part = cut / "gpu" / "part-000000.parquet"
    part.write_bytes(part.read_bytes()[:-100])
    refused(twin("show", cut), part)
    refused(twin("replay", cut, "--site", "edge", "--out", tmp_path / "out"), part)
    refused(twin("run", "--source", f"replay:{cut}", "--site", "edge", "--out", tmp_path / "o"))
    assert [path.name for path in tmp_path.iterdir()] == ["cut"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((), ("twin --help",)),
        (("chek", "edge"), ("chek",)),
        (("check",), ("SITE",)),
        (("check", "edge", "--jsn"), ("--jsn", "twin check --help")),
        (("check", "nowhere"), ("nowhere", "pilot")),
        (("show", "nowhere"), ("nowhere", "manifest.json")),
        (("advise", "nowhere.json"), ("nowhere.json",)),
        (("replay", "pilot-demo"), ("--out",)),
        (("replay", "pilot-demo", "--out", "out", "--from", "noon"), ("--from", "noon")),
        (("replay", "pilot-demo", "--out", "out", "--to", "nan"), ("--to", "nan")),
        (("replay", "pilot-demo", "--out", "out", "--from", "2030-01-01"), ("nothing",)),
        (("replay", "pilot-demo", "--out", "out", "--dt", "0"), ("--dt",)),
        (("replay", "pilot-demo", "--out", "out", "--dt", "nan"), ("--dt",)),
        (("replay", "pilot-demo", "--out", "out", "--policy", "best"), ("best", "thermal_guard")),
        (("replay", "pilot-demo", "--out", "out", "--policy", "hold=armed"), ("hold=armed",)),
        (("replay", "pilot-demo", "--out", "out", "--resume", "."), ("state.npz",)),
        (("replay", "pilot-demo", "--out", "out", "--site", "edge"), ("a1-tray0", "176")),
        (("run", "--site", "edge", "--out", "out"), ("--for",)),
        (("run", "--site", "edge", "--out", "out", "--for", "long"), ("--for",)),
        (("run", "--site", "edge", "--out", "out", "--for", "9", "--source", "x:y"), ("x:y",)),
        (("import", "nowhere.csv", "--out", "out"), ("nowhere.csv",)),
        (("draft", "nowhere.csv", "--out", "out"), ("nowhere.csv",)),
        (("layout", "edge", "--hall", "attic", "--png", "out"), ("attic", "room")),
        (("layout", "edge", "--png", "no/hall.png"), ("no/hall.png",)),
        (("doctor", "--port", "-1"), ("--port",)),
        (("serve", "--speed", "0"), ("--speed",)),
        (("serve", "--host", "0.0.0.0", "--site", "edge"), ("host", "token")),
        (("serve", "--port", "99999", "--site", "edge"), ("port", "99999")),
        (("bench", "--only", "luck"), ("luck",)),
    ],
)
def test_unusable_words_are_refused_in_one_line(
    twin: Twin,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    named: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(twin(*words), *named)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ('{"job": "a", "gpus": 8, "gpu": 1}', "gpu"),
        ('{"job": "a", "gpus": -1}', "gpus"),
        ('{"job": "a",', "line 1"),
        ("[3]", "expected a JSON object"),
    ],
)
def test_an_unusable_request_is_refused_by_its_key(
    twin: Twin, tmp_path: Path, content: str, named: str
) -> None:
    request = tmp_path / "request.json"
    request.write_text(content)
    refused(twin("advise", request, "--site", "edge"), request, named)


def test_a_folder_that_holds_something_is_left_alone(twin: Twin, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_text("kept")
    (tmp_path / "log.csv").write_text(CSV)
    (tmp_path / "map.yaml").write_text(MAP)
    (tmp_path / "hosts.csv").write_text(INVENTORY)
    refused(twin("run", "--site", "edge", "--for", "5", "--out", out), out)
    refused(twin("replay", PILOT_DEMO, "--to", DEMO_S[0], "--out", out), out)
    words = ("--map", tmp_path / "map.yaml", "--out", out)
    refused(twin("import", tmp_path / "log.csv", *words), out)
    refused(twin("draft", tmp_path / "hosts.csv", "--out", out), out)
    assert [path.name for path in out.iterdir()] == ["mine"]


def test_a_run_is_only_resumed_on_its_own_site_and_policies(
    twin: Twin, recorded: Path, tmp_path: Path
) -> None:
    words = ("--resume", recorded, "--out", tmp_path / "out")
    refused(twin("replay", "pilot-demo", *words), recorded, "site")
    refused(
        twin("replay", recorded, "--site", "edge", "--policy", "power_budget", *words),
        recorded,
        "policies",
    )
    (tmp_path / "state.npz").write_bytes(b"PK")
    words = ("--resume", tmp_path, "--out", tmp_path / "out")
    refused(twin("replay", recorded, "--site", "edge", *words), "state.npz")
    assert not (tmp_path / "out").exists()


def test_a_person_is_told_once_that_kernels_are_compiled() -> None:
    screen, now_s = io.StringIO(), [0.0]
    heard, event = Compiling(screen, lambda: now_s[0]), Event("numba:compile", EventStatus.START)
    for at_s in (10.0, 10.2, 12.0, 14.0):
        now_s[0] = at_s
        heard.on_start(event)
        heard.on_end(event)
        assert (SAID in screen.getvalue()) == (at_s > 11.0)
    assert screen.getvalue() == SAID
