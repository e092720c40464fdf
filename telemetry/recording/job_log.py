"""Which jobs held which GPUs while a recording was made: `jobs.jsonl` beside its parts.

One line for each change, in the order of the times, as schedulers told it: a job with its GPUs
from then on, or with none once it is gone. Lines are appended and flushed one by one, so a kill
loses at most the one that is being written.
"""

import contextlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import orjson

from site_models.errors import InputError

FILE = "jobs.jsonl"


class Told(NamedTuple):
    """What was told of a job at a time."""

    time_s: float
    job: str
    gpus: tuple[str, ...]
    """Their ids; none: the job holds nothing any more."""
    start_s: float = math.nan
    end_s: float | None = None
    profile: str | None = None
    share: float = 1.0
    """Of each of its GPUs. 0..1"""
    gpu_power_w: float | None = None
    priority: int = 0
    allowed_slowdown: float = 0.0
    preemptible: bool = False


class JobLog:
    """Appends to a folder's log. Checked in ``tests/telemetry/recording/test_job_log.py``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / FILE).open("ab")

    def note(self, told: Told) -> None:
        """Write one line; OSError where the disk has no room."""
        content = {name: value for name, value in told._asdict().items() if _worth_a_key(value)}
        self._file.write(orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE))
        self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_job_log(folder: Path) -> Sequence[Told]:
    """Return what a folder's log holds, by time; empty where there is none.

    A last line that a kill cut short is left out. InputError, with the line's number, for any
    other that is no such line.
    """
    path = folder / FILE
    if not path.is_file():
        return ()
    lines = path.read_bytes().split(b"\n")
    whole, cut = lines[:-1], lines[-1]
    told = [_told(line, f"{path}: line {k}") for k, line in enumerate(whole, 1) if line]
    if cut:
        with contextlib.suppress(InputError):  # the kill
            told.append(_told(cut, str(path)))
    return sorted(told, key=lambda one: one.time_s)


def _told(line: bytes, where: str) -> Told:
    try:
        content: dict[str, Any] = orjson.loads(line)
        gpus = tuple(content.pop("gpus", ()))
        told = Told(**content, gpus=gpus)
        numbers = (told.time_s, told.share, told.priority, told.allowed_slowdown)
        if not told.job or not all(math.isfinite(number) for number in numbers):
            raise ValueError("a job's name and finite numbers")
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{where}: expected a job's name, time_s and gpus, got {error}") from None
    return told


def _worth_a_key(value: object) -> bool:
    return value is not None and value == value
