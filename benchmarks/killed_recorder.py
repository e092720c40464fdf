"""A recorder that is killed at random instants, again and again, and what each kill cost."""

import multiprocessing
import random
import time
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np

from site_models.errors import InputError
from telemetry.frame import Frame
from telemetry.recording import Recording
from telemetry.recording.recorder import Recorder
from telemetry.recording.retention import Keep, Limit
from telemetry.recording.rollups import RackSeats

GPUS, RACKS = 16, 2
BEGIN_S, EVERY_S, PART_FRAMES = 1.7e9 - 1.7e9 % 3600.0, 60.0, 10
KEPT_HOURS = 12.0
LONGEST_S = 0.25
"""A kill comes this long after the start at most, the putting in order included."""


@dataclass
class Outcome:
    """What a series of kills came to."""

    kills: int = 0
    worst_lost: int = 0
    """Frames lost by one kill at most; a part holds PART_FRAMES."""
    damaged: list[str] = field(default_factory=list)
    """Recordings that did not open, and rows that were not as they were written."""
    begun: int = 0
    """Kills that met a recorder which had taken frames."""
    untold: int = 0
    """Of those, how many the next start did not write down."""
    merged: int = 0
    """Merged parts that there were at the end."""
    lost: int = 0


def killed(folder: Path, kills: int, seed: int = 0) -> Outcome:
    """Kill a recorder so many times in one folder, going on with it each time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.killed_recorder"])
    chance, outcome = random.Random(seed), Outcome()
    kept: set[int] = set()
    begun = 0
    for _ in range(kills):
        offered = context.Value("q", begun - 1)
        alive = context.Event()
        child = context.Process(target=record, args=(folder, begun, offered, alive))
        child.start()
        alive.wait(30.0)
        time.sleep(chance.uniform(0.0, LONGEST_S))
        child.kill()
        child.join()
        outcome.kills += 1
        outcome.begun += int(offered.value) >= begun
        last = int(offered.value)
        kept = _judged(folder, kept, begun, last, outcome)
        begun = last + 1
    _ended(folder, begun, outcome)
    return outcome


def record(folder: Path, begun: int, offered: "Synchronized[int]", alive: Event) -> None:
    """Record for ever, a frame a minute, as fast as it goes."""
    alive.set()
    with _recorder(folder) as recorder:
        k = begun
        while True:
            recorder.offer(_frame(k))
            offered.value = k
            while recorder.work():
                pass
            k += 1


def _recorder(folder: Path) -> Recorder:
    seats = RackSeats(tuple(f"rack{n}" for n in range(RACKS)), np.arange(GPUS) * RACKS // GPUS)
    return Recorder(
        folder,
        source="test",
        axes={"gpu": tuple(f"gpu{n}" for n in range(GPUS)), "rack": seats.names},
        racks=seats,
        goes_on=True,
        part_s=PART_FRAMES * EVERY_S,
        keep=Keep(Limit(KEPT_HOURS * 3600.0), Limit(2.0 * KEPT_HOURS * 3600.0)),
        reserve_bytes=0,
    )


def _frame(k: int) -> Frame:
    values = {
        "gpu_power_w": (k % 1000) + np.arange(GPUS, dtype=np.float64),
        "rack_power_w": np.full(RACKS, float(k % 1000)),
    }
    return Frame(BEGIN_S + EVERY_S * k, values)


def _judged(folder: Path, kept: set[int], begun: int, last: int, outcome: Outcome) -> set[int]:
    """Return the frames that are in the recording, after noting what is wrong with it."""
    if not (folder / "manifest.json").exists():
        outcome.worst_lost = max(outcome.worst_lost, last + 1 - begun)
        outcome.lost += last + 1 - begun
        return kept
    try:
        found = _frames(Recording(folder))
    except InputError as error:
        outcome.damaged.append(str(error))
        return kept
    newest = max(found, default=-1)
    lost = last - max(newest, begun - 1)
    outcome.worst_lost = max(outcome.worst_lost, lost)
    outcome.lost += lost
    wanted = kept | set(range(begun, newest + 1))
    oldest = min(found, default=0)
    if set(found) != {k for k in wanted if k >= oldest} or len(found) != len(set(found)):
        outcome.damaged.append(f"rows up to {newest} are not those that were written")
    if newest - oldest > 2 * 60 * KEPT_HOURS:
        outcome.damaged.append(f"rows from {oldest} are still there at {newest}")
    return set(found)


def _frames(recording: Recording) -> list[int]:
    """Return the numbers of the recorded frames; InputError for one with other readings.

    A kill between the parts of two axes leaves frames with one of them: they count as lost.
    """
    numbers = []
    for frame in recording.frames():
        k = round((frame.time_s - BEGIN_S) / EVERY_S)
        written = _frame(k).values
        if not written.keys() <= frame.values.keys():
            continue
        for name, values in written.items():
            if not np.array_equal(values, np.sort(frame.values[name])):
                raise InputError(f"{recording.folder}: {name} at frame {k} is not what was read")
        numbers.append(k)
    return numbers


def _ended(folder: Path, begun: int, outcome: Outcome) -> None:
    """Go on once more and end cleanly; count what was told and what is left over."""
    with _recorder(folder) as recorder:
        recorder.offer(_frame(begun))
        recorder.work()
    recording = Recording(folder)
    outcome.untold = max(0, outcome.begun - len(recording.losses))
    outcome.merged = sum("-" in Path(p.path).stem[5:] for p in recording.manifest.parts)
    listed = {part.path for part in recording.manifest.parts}
    there = {p.relative_to(folder).as_posix() for p in folder.glob("*/*")}
    if recording.notes or there != listed:
        outcome.damaged.append(f"left over: {sorted(there ^ listed)} {recording.notes}")
