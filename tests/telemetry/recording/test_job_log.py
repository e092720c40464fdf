"""What is told of jobs is kept line by line; a log that a kill cut short is read to its last."""

from pathlib import Path

import pytest

from site_models.errors import InputError
from telemetry.recording.job_log import FILE, JobLog, Told, read_job_log

FIRST = Told(100.0, "a", ("g0", "g1"), 90.0, 400.0, "decode", 0.5, 350.0, 2, 0.1, True)
SECOND = Told(160.0, "b", ("g2",), 160.0)
GONE = Told(200.0, "a", ())


def test_what_was_noted_is_read_again_in_full(tmp_path: Path) -> None:
    with JobLog(tmp_path / "r") as log:
        log.note(FIRST)
        log.note(SECOND)
    with JobLog(tmp_path / "r") as log:
        log.note(GONE)
    first, second, gone = read_job_log(tmp_path / "r")
    assert (first, second) == (FIRST, SECOND)
    assert (gone.time_s, gone.job, gone.gpus) == (200.0, "a", ())


def test_a_folder_without_a_log_tells_of_no_jobs(tmp_path: Path) -> None:
    assert read_job_log(tmp_path) == ()


def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path: Path) -> None:
    with JobLog(tmp_path) as log:
        log.note(FIRST)
        log.note(SECOND)
    path = tmp_path / FILE
    for cut in range(1, 20):
        whole = path.read_bytes()
        (tmp_path / "cut").mkdir(exist_ok=True)
        (tmp_path / "cut" / FILE).write_bytes(whole[:-cut])
        assert len(read_job_log(tmp_path / "cut")) == (2 if cut == 1 else 1)


@pytest.mark.parametrize(
    "line", ["{}", "[1]", '{"job": "a", "time_s": 1, "color": 2}', '{"job": "", "time_s": 1.0}']
)
def test_any_other_bad_line_is_named(tmp_path: Path, line: str) -> None:
    with JobLog(tmp_path) as log:
        log.note(FIRST)
    with (tmp_path / FILE).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(InputError, match=r"jobs\.jsonl: line 2: expected a job's name"):
        read_job_log(tmp_path)
