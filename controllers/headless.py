"""A run without pages: a world driven to its end, what it believed recorded."""

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from controllers.accounts.account_figures import figures_of
from controllers.accounts.books import Books
from controllers.accounts.charges import Charges
from controllers.checkpoint import store
from controllers.simulated.limit_watch import Limit, LimitWatch
from controllers.simulated.rig_readings import readings
from controllers.snapshot import Snapshot
from controllers.worlds import World
from telemetry.frame import Frame
from telemetry.recording import RecordingWriter
from telemetry.signals import AXES
from twin.unsolved import NotSettledError, NotSolvedError

STATE_FILE = "state.npz"
REPORT_FILE = "report.json"
PART_S = 600.0
"""Simulated time in one recorded part: what a killed run loses at most."""
STORE_EVERY = 600
"""Ticks between two stored states: what a killed run loses at most."""
UNSOLVABLE = (NotSolvedError, NotSettledError, ArithmeticError, np.linalg.LinAlgError)
"""What a step raises that cannot be computed; a run then ends with what it has."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to."""

    steps: int
    simulated_s: float
    wall_s: float
    digest: str
    energy_j: float
    """Through the utility meters."""
    it_energy_j: float
    balance_error: float
    """Worst of all steps, relative."""
    limits: tuple[Limit, ...]
    account: Mapping[str, object]
    """Of the interval that was run, as `controllers.accounts.account_figures` tells it."""
    stopped: str | None = None
    """Where and why the run could not go on; None for one that came to its end."""

    def as_json(self) -> dict[str, object]:
        """Return plain numbers and lists."""
        return {**asdict(self), "limits": [asdict(limit) for limit in self.limits]}


def run_headless(
    world: World,
    out: Path,
    source: str,
    for_s: float = math.inf,
    tell: Callable[[Snapshot], None] | None = None,
    charges: Charges | None = None,
) -> Report:
    """Run a world to its end, or for `for_s` simulated seconds, into a new folder.

    The folder becomes a recording of what was believed, on every axis of the plant, with
    the state to resume from and the report beside it. An interrupt ends the run early but
    cleanly; so does a step that cannot be solved, which `stopped` then says. InputError if
    the folder holds something already.
    """
    plant = world.plant
    axes = {axis: plant.axis(axis) for axis in AXES if axis not in ("link", "job")}
    watch, books = LimitWatch(plant), Books(charges or Charges())
    shots = _Solved(world)
    began_s = time.perf_counter()
    steps, simulated_s, energy_j, it_j, worst = 0, 0.0, 0.0, 0.0, 0.0
    writer = RecordingWriter(
        out,
        source=f"believed from {source}",
        axes={axis: ids for axis, ids in axes.items() if ids},
        site=plant.site,
        site_hash=plant.site_hash,
        part_s=PART_S,
    )
    with writer:
        try:
            for shot in shots:
                steps += 1
                simulated_s += shot.dt_s
                if shot.dt_s > 0.0:
                    ledger = shot.state.ledger
                    energy_j += ledger.energy_in_j
                    it_j += ledger.it_energy_j
                    worst = max(worst, ledger.balance_error)
                    watch.look(shot.state, shot.dt_s)
                    books.look(shot.plant, shot.state, shot.dt_s)
                writer.add(believed_frame(shot))
                if steps % STORE_EVERY == 0:
                    store(out / STATE_FILE, world.loop)
                if tell is not None:
                    tell(shot)
                if simulated_s >= for_s:
                    break
        except KeyboardInterrupt:
            pass
        if shots.storable:
            store(out / STATE_FILE, world.loop)
    digest = world.loop.progress.digest
    wall_s = time.perf_counter() - began_s
    report = Report(
        steps,
        simulated_s,
        wall_s,
        digest,
        energy_j,
        it_j,
        worst,
        tuple(watch.report()),
        figures_of(books.entries()[0]),
        shots.stopped,
    )
    _write_json(out / REPORT_FILE, report.as_json())
    return report


class _Solved:
    """The snapshots of a world up to the first that cannot be computed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.stopped: str | None = None
        self.storable = True
        """Whether the loop's progress is sound; not after a step whose numbers are none."""

    def __iter__(self) -> Iterator[Snapshot]:
        try:
            for shot in self._world.snapshots():
                if not math.isfinite(shot.state.ledger.balance_error):
                    self.storable = False
                    raise FloatingPointError("the step gave an energy that is not a number")
                yield shot
        except UNSOLVABLE as error:
            time_s = self._world.loop.progress.state.time_s
            when = datetime.fromtimestamp(time_s, UTC).isoformat()
            self.stopped = f"stopped after {when}: {' '.join(str(error).split())}"


def believed_frame(shot: Snapshot) -> Frame:
    """Return what the twin believed at a snapshot, as the signals of a frame."""
    values = readings(shot.plant, shot.state, shot.inputs, shot.gpu_cap_w)
    return Frame(shot.state.time_s, {name: read for name, read in values.items() if len(read)})


def _write_json(path: Path, content: object) -> None:
    beside = path.with_name(path.name + ".part")
    beside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(beside, path)
