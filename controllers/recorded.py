"""A world that is recorded while it runs: what was measured goes to disk, tick by tick."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from controllers.jobs.allocations import Allocations
from controllers.jobs.assigned import Assigned
from controllers.jobs.job_account import JobAccount
from controllers.live import Live
from controllers.noted_jobs import NotedJobs
from controllers.snapshot import Snapshot
from controllers.supervision.supervisor import Supervisor
from controllers.surroundings import Surroundings
from controllers.worlds import World
from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.live import fresh
from telemetry.recording.format import to_iso, to_microseconds
from telemetry.recording.recorder import Recorder
from telemetry.recording.retention import Keep
from telemetry.recording.rollups import RackSeats
from telemetry.signals import AXES


class RecordedWorld:
    """A world with a recorder listening: snapshots pass as they are, but for its alarm.

    Recorded are the frames, what was measured (in a replay: what is replayed; in a what-if:
    what its sensors said), with rollups per rack, and which jobs held which GPUs.
    What the twin believed follows from them and is what `twin replay` records. The loop never
    waits for the disk. Raises InputError where the folder holds a recording of another site
    or of later times.
    """

    def __init__(self, world: World, folder: Path, keep: Keep | None = None) -> None:
        plant = world.plant
        axes = {axis: plant.axis(axis) for axis in AXES if axis not in ("link", "job")}
        self._world = world
        self.recorder = Recorder(
            folder,
            source=world.loop.label,
            axes={axis: ids for axis, ids in axes.items() if ids},
            site=plant.site,
            site_hash=plant.site_hash,
            racks=RackSeats.of(plant),
            keep=keep,
            health=world.live.health if world.live is not None else None,
            goes_on=True,
        )
        begins_s = world.loop.progress.state.time_s
        if self.recorder.last_s > begins_s:
            last = to_iso(to_microseconds(self.recorder.last_s))
            self.recorder.close()
            raise InputError(
                f"{folder}: recorded up to {last}, and this begins at"
                f" {to_iso(to_microseconds(begins_s))}: expected a new folder"
            )
        self._jobs = NotedJobs(folder)

    @property
    def plant(self) -> Plant:
        """Return the compiled site."""
        return self._world.plant

    @property
    def zone(self) -> str:
        """Return the site's time zone."""
        return self._world.zone

    @property
    def allocations(self) -> Allocations:
        """Return what runs where."""
        return self._world.allocations

    @property
    def supervisor(self) -> Supervisor:
        """Return the keeper of policy modes, parameters and the journal."""
        return self._world.supervisor

    @property
    def around(self) -> Surroundings:
        """Return what policies are told beside the plant."""
        return self._world.around

    @property
    def live(self) -> Live | None:
        """Return the live sources and their health, where there are some."""
        return self._world.live

    @property
    def job_records(self) -> tuple[JobAccount, ...]:
        """Return the records of jobs that the world itself plays."""
        return self._world.job_records

    @property
    def played(self) -> tuple[Assigned, ...]:
        """Return those of them that run now."""
        return self._world.played

    def snapshots(self) -> Iterator[Snapshot]:
        """Run the loop, recording each frame; the recorder's alarm is in their health.

        In a live world it is there already, among the troubles of telemetry; there a reading
        is in several frames and recorded with the first.
        """
        self.recorder.start()
        for shot in self._world.snapshots():
            self._jobs.look(self._world, shot.state.time_s)
            self.recorder.offer(fresh(shot.frame, shot.dt_s) if self.live else shot.frame)
            alarm = "" if self._world.live is not None else self.recorder.alarm
            yield replace(shot, health=(*shot.health, alarm)) if alarm else shot

    def close(self) -> None:
        """Write what waits and end the recording; InputError where the disk has no room."""
        self._jobs.close()
        self.recorder.close()
