"""Slurm's accounting becomes jobs on the axis `job`."""

from pathlib import Path

import numpy as np
import pytest

from site_models.errors import InputError
from telemetry.importing import import_files
from telemetry.recording import Recording

PARSABLE = """\
JobID|JobName|State|Submit|Start|End|NNodes|AllocTRES|ConsumedEnergyRaw
101|train|COMPLETED|2024-05-10T08:00:00|2024-05-10T08:10:00|2024-05-10T10:10:00|4|billing=384,gres/gpu:h100=32,gres/gpu=32,node=4|
101.batch|batch|COMPLETED|2024-05-10T08:10:00|2024-05-10T08:10:00|2024-05-10T10:10:00|1|gres/gpu=8|5000000
101.0|python|COMPLETED|2024-05-10T08:10:00|2024-05-10T08:10:00|2024-05-10T10:10:00|4|gres/gpu=32|200000000
102|serve|RUNNING|2024-05-10T09:00:00|2024-05-10T09:00:00|Unknown|1|gres/gpu=8|
103|late|PENDING|2024-05-10T09:30:00|Unknown|Unknown|1||
104|x|CANCELLED by 1000|2024-05-10T09:40:00|2024-05-10T09:50:00|2024-05-10T09:50:00|1|gres/gpu=4|0
"""
PLAIN = """\
JobID                      Start                 End      State   NNodes
------------ ------------------- ------------------- ---------- --------
7            2024-05-10T08:10:00 2024-05-10T10:10:00  COMPLETED        2
"""


def imported(text: str, tmp_path: Path, zone: str | None = None) -> Recording:
    """Return the recording of a list."""
    log = tmp_path / "jobs.txt"
    log.write_text(text)
    import_files([log], tmp_path / "rec", zone=zone)
    return Recording(tmp_path / "rec")


def test_a_job_is_pending_then_holds_its_gpus_then_none(tmp_path: Path) -> None:
    recording = imported(PARSABLE, tmp_path)
    assert set(recording.ids("job")) == {"101", "102", "103", "104"}
    time, gpus = recording.series("job_gpus", "101")
    assert gpus.tolist() == [0.0, 32.0, 0.0]
    assert np.diff(np.asarray(time, np.float64)).sum() > 0
    assert recording.series("job_state", "101")[1].tolist() == [0.0, 1.0, 3.0]
    energy_j = recording.series("job_energy_j", "101")[1]
    assert energy_j[~np.isnan(energy_j)].tolist() == [205e6]


def test_jobs_that_still_run_wait_or_never_ran_have_the_rows_they_can(tmp_path: Path) -> None:
    recording = imported(PARSABLE, tmp_path)
    assert recording.series("job_gpus", "102")[1].tolist() == [8.0]
    assert recording.series("job_state", "103")[1].tolist() == [0.0]
    assert recording.series("job_state", "104")[1].tolist() == [0.0, 4.0]


def test_commas_and_plain_tables_read_alike(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    comma = "JobID,Start,End,AllocGRES\n7,2024-05-10T08:10:00,2024-05-10T10:10:00,gpu:a100:4\n"
    assert imported(comma, tmp_path / "a").series("job_gpus", "7")[1].tolist() == [4.0, 0.0]
    assert imported(PLAIN, tmp_path / "b").series("job_nodes", "7")[1].tolist() == [2.0, 0.0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PARSABLE.replace("|Start|", "|Begin|"), "format not recognised"),
        (PARSABLE.replace("2024-05-10T10:10:00|4", "soon|4"), "row 2: End 'soon', expected YYYY"),
        (PARSABLE.replace("2024-05-10T10:10:00|4", "2023-05-10T10:10:00|4"), "row 2: End before"),
        ("JobID|Start|End\n7|2024-05-10T08:10:00\n", "row 2: 2 cells, expected 3"),
        ("JobID|Start|End\n7|Unknown|Unknown\n", "expected at least one job"),
    ],
)
def test_a_list_that_is_none_is_refused_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said) as error:
        imported(text, tmp_path)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "rec").exists()
