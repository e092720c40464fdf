"""What a recording notes of the jobs that run while it is made."""

import logging
import math
from pathlib import Path

from controllers.worlds import World
from telemetry.recording.job_log import JobLog, Told, read_job_log

_log = logging.getLogger(__name__)


class NotedJobs:
    """Writes the jobs of a world to a recording's log as they come, change and go.

    A log that goes on begins with what its end left held. On a disk without room nothing
    more is noted, and that is said once. Checked in ``tests/controllers/test_recorded.py``.
    """

    def __init__(self, folder: Path) -> None:
        self._held: dict[str, Told] = {}
        for told in read_job_log(folder):
            self._held.pop(told.job, None)
            if told.gpus:
                self._held[told.job] = told
        self._log: JobLog | None = JobLog(folder)
        self._seen: tuple[int, tuple[str, ...]] | None = None

    def look(self, world: World, time_s: float) -> None:
        """Note what is different from the last look."""
        version = world.allocations.holdings(time_s).version
        seen = (version, tuple(own.name for own in world.played))
        if self._log is None or seen == self._seen:
            return
        self._seen = seen
        now = {told.job: told for told in _told(world, time_s)}
        try:
            for job in [job for job in self._held if job not in now]:
                self._log.note(Told(time_s, job, ()))
            for job, told in now.items():
                before = self._held.get(job)
                if before is None or before._replace(time_s=time_s) != told:
                    self._log.note(told)
        except OSError as error:
            _log.warning("jobs are no longer recorded: %s", error)
            self.close()
        self._held = now

    def close(self) -> None:
        """Let go of the log."""
        if self._log is not None:
            self._log.close()
        self._log = None


def _told(world: World, time_s: float) -> list[Told]:
    """Return what runs: as schedulers told it, and as the world itself plays it."""
    names = world.plant.gpu_names
    told = [
        Told(
            time_s,
            one.job,
            tuple(names[gpu] for gpu in one.gpus),
            one.start_s,
            one.end_s,
            one.profile,
            one.share,
            None if one.power_assumed else one.gpu_power_w,
            one.priority,
            one.allowed_slowdown,
            one.preemptible,
        )
        for one in world.allocations.jobs(time_s)
    ]
    return told + [
        Told(
            time_s,
            own.name,
            tuple(names[gpu] for gpu in own.gpus),
            own.start_s,
            own.end_s if math.isfinite(own.end_s) else None,
            own.profile_name,
            priority=own.priority,
            allowed_slowdown=own.allowed_slowdown,
            preemptible=own.preemptible,
        )
        for own in world.played
    ]
