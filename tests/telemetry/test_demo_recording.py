"""The demo recording is small, whole, and what the script makes of the published logs."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np

from benchmarks.make_pilot_demo import cast, jobs
from site_models.compile import compile_site
from telemetry.recording import Recording
from telemetry.recording.job_log import read_job_log
from telemetry.samples import H200_WALL, PILOT_DEMO


def script() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "make_demo_recording.py"
    spec = importlib.util.spec_from_file_location("make_demo_recording", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_has_measured_servers_a_second_apart() -> None:
    recording = Recording(H200_WALL)
    assert recording.notes == ()
    assert recording.signals("node") == ("node_power_w",)
    assert "llama2-70b-99.offline" in recording.ids("node")
    assert len(recording.ids("node")) == 21
    for run in recording.ids("node"):
        times, power_w = recording.series("node_power_w", run)
        assert times[0] == recording.start_s
        assert 600 < len(times) <= 1800
        np.testing.assert_array_equal(np.diff(times), 1.0)
        assert 2300.0 < power_w.min() < power_w.max() < 6500.0


def test_it_is_small_and_carries_licence_and_source() -> None:
    files = [file for file in H200_WALL.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 200_000
    assert "Apache License" in (H200_WALL / "LICENSE.md").read_text()
    source = (H200_WALL / "SOURCE.md").read_text()
    assert "198fc46799b3328b36ee4bcbdebfa2db5a8e6183" in source
    assert "Citation: MLCommons MLPerf Inference v4.1" in source


def test_the_script_makes_the_same_bytes(shared: Path, tmp_path: Path) -> None:
    script().make(shared / "data" / "mlperf-inf-v4.1-h200-wall", tmp_path / "made")
    for file in (tmp_path / "made").rglob("*"):
        if file.is_file():
            shipped = H200_WALL / file.relative_to(tmp_path / "made")
            assert file.read_bytes() == shipped.read_bytes()


def test_the_jobs_of_the_pilot_demo_are_the_runs_it_plays() -> None:
    plant = compile_site("pilot")
    made = jobs(plant, cast(plant, Recording(H200_WALL).ids("node")))
    assert list(read_job_log(PILOT_DEMO)) == made
    gpus = [gpu for told in made for gpu in told.gpus]
    assert len(gpus) == len(set(gpus)) == 2 * 72 + 8 * 8
