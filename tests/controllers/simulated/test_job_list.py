"""Recorded job lists become jobs of a scenario: each on its own GPUs, in their order."""

import json
from pathlib import Path

import numpy as np
import pytest

from controllers.scenario import Scenario, scenario_of
from controllers.simulated.job_list import ASSUMED_SHARE, Listed, listed_jobs, placed_jobs
from site_models.errors import InputError
from telemetry.importing import import_files
from telemetry.recording import Recording
from tests.fakes.command import Twin, refused
from tests.fakes.small_plant import small_plant

PLANT = small_plant()
SACCT = """JobID|Submit|Start|End|State|AllocTRES|NNodes|ConsumedEnergyRaw
11|2024-07-12T09:59:00|2024-07-12T10:00:00|2024-07-12T10:01:00|COMPLETED|gres/gpu=8|1|168000
12|2024-07-12T10:00:00|2024-07-12T10:00:10|2024-07-12T10:02:00|COMPLETED|gres/gpu=40|5|
13|2024-07-12T10:00:00|2024-07-12T10:00:20|2024-07-12T10:02:30|COMPLETED|gres/gpu=4|1|
14|2024-07-12T10:00:00|Unknown|Unknown|PENDING|gres/gpu=4|1|
"""
NAN = float("nan")


@pytest.fixture
def stored(tmp_path: Path) -> Recording:
    (tmp_path / "jobs.txt").write_text(SACCT)
    import_files([tmp_path / "jobs.txt"], tmp_path / "rec", format="sacct")
    return Recording(tmp_path / "rec")


def scenario(seconds: float, jobs: str = "[]") -> Scenario:
    raw = {"site": "small", "start": "2024-07-12T19:00:00Z", "duration_s": seconds}
    return scenario_of({**raw, "jobs": json.loads(jobs)}, Path("mine.yaml"))


def test_jobs_that_ran_come_with_their_times_and_energy(stored: Recording) -> None:
    first, second, third = listed_jobs(stored)
    assert (first.name, first.gpus, first.energy_j) == ("11", 8, 168e3)
    assert first.end_s - first.start_s == 60.0
    assert np.isnan(second.energy_j)
    assert third.start_s - first.start_s == 20.0


def test_each_has_gpus_of_its_own_and_waits_for_them(stored: Recording) -> None:
    placed = placed_jobs(listed_jobs(stored), PLANT, scenario(600.0))
    one, two, three = placed.jobs
    assert not set(one.gpus) & set(two.gpus)
    assert (len(one.gpus), len(two.gpus), len(three.gpus)) == (8, 40, 4)
    assert one.power_w == pytest.approx(168e3 / 8 / 60.0)
    assert two.share == ASSUMED_SHARE
    assert (three.start_s, three.end_s) == (60.0, 60.0 + 130.0)
    assert placed.delayed == 1


def test_no_gpu_ever_has_two_jobs() -> None:
    rng = np.random.default_rng(3)
    starts = np.sort(rng.uniform(0.0, 900.0, 60))
    listed = [
        Listed(str(k), float(s), float(s + rng.uniform(10.0, 200.0)), int(rng.integers(1, 30)), NAN)
        for k, s in enumerate(starts)
    ]
    placed = placed_jobs(
        listed, PLANT, scenario(1000.0, '[{"name": "own", "racks": ["r1"], "share": 0.5}]')
    )
    own = {
        name
        for name, rack in zip(
            PLANT.gpu_names, PLANT.arrays.nodes.rack[PLANT.arrays.gpus.node], strict=True
        )
        if rack == 1
    }
    for at_s in np.arange(0.0, 1000.0, 7.0):
        held = [
            gpu
            for job in placed.jobs
            if job.start_s <= at_s and (job.end_s is None or at_s < job.end_s)
            for gpu in job.gpus
        ]
        assert len(held) == len(set(held))
        assert not own & set(held)
    wanted = {job.name: job.start_s - listed[0].start_s for job in listed}
    assert all(job.start_s >= wanted[job.name] for job in placed.jobs)
    assert len(placed.jobs) + placed.left_out.total() == len(listed)


def test_what_cannot_run_is_counted_by_reason() -> None:
    listed = [
        Listed("a", 0.0, 500.0, 48, NAN), Listed("b", 1.0, 2.0, 49, NAN),
        Listed("c", 10.0, 20.0, 1, NAN), Listed("d", 300.0, 400.0, 1, NAN),
    ]  # fmt: skip
    left = placed_jobs(listed, PLANT, scenario(200.0)).left_out
    assert left == {
        "more GPUs than the 48 that are free": 1,
        "no GPUs free before the scenario's end": 1,
        "starts after the scenario's end": 1,
    }


def test_a_what_if_plays_a_list(twin: Twin, stored: Recording, tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.yaml"
    quiet.write_text("site: edge\nstart: 2024-07-12T19:00:00Z\nduration_s: 60\n")
    plain = twin("whatif", quiet, "--out", tmp_path / "a", "--json").object
    busy = twin("whatif", quiet, "--jobs", stored.folder, "--out", tmp_path / "b", "--json").object
    assert busy["kpi"]["it_energy_j"] > 1.2 * plain["kpi"]["it_energy_j"]
    told = twin("whatif", quiet, "--jobs", tmp_path / "a", "--out", tmp_path / "c")
    refused(told, tmp_path / "a", "job_gpus")


def test_a_recording_without_jobs_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("timestamp,gpu,power_w\n1700000000,0,300\n")
    import_files([tmp_path / "x.csv"], tmp_path / "rec")
    with pytest.raises(InputError, match="expected job_gpus"):
        listed_jobs(Recording(tmp_path / "rec"))
