"""A replay that tells again which jobs held which GPUs."""

import logging
from collections.abc import Callable, Mapping, Sequence

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from site_models.errors import InputError
from telemetry.frame import Frame
from telemetry.recording.job_log import Told
from telemetry.source import Source

_log = logging.getLogger(__name__)


class Retold:
    """Frames of a recording; before each, what was told of jobs by its time is told again.

    `recorded_s` turns a frame's time into the recording's own: in a replay that goes round,
    the jobs of each round follow those of the one before, and those that run in both stay. A
    job whose GPUs somebody else holds by now, or that names a GPU which the site has not, is
    left out and said so once. Checked in ``tests/controllers/jobs/test_retold.py``.
    """

    def __init__(
        self,
        source: Source,
        log: Sequence[Told],
        allocations: Allocations,
        recorded_s: Callable[[float], float],
    ) -> None:
        self._source, self._log, self._allocations = source, log, allocations
        self._recorded_s = recorded_s
        self._next, self._at_s = 0, float("-inf")
        self._held: dict[str, Told] = {}
        self._left_out: set[str] = set()

    @property
    def axes(self) -> Mapping[str, Sequence[str]]:
        """Ids along each axis, as the source has them."""
        return self._source.axes

    def read(self) -> Frame | None:
        """Return the source's next frame."""
        frame = self._source.read()
        if frame is not None:
            self._tell(frame.time_s)
        return frame

    def _tell(self, time_s: float) -> None:
        recorded_s = self._recorded_s(time_s)
        again = recorded_s < self._at_s
        self._at_s = recorded_s
        if again:
            self._next = 0
            self._held = {job: told for job, told in self._held.items() if told.end_s is None}
        first = self._next
        while self._next < len(self._log) and self._log[self._next].time_s <= recorded_s:
            self._next += 1
        if self._next == first and not again:
            return
        now = {} if again else dict(self._held)
        for told in self._log[first : self._next]:
            now.pop(told.job, None)
            if told.gpus:
                now[told.job] = told
        for job in [job for job, told in self._held.items() if now.get(job) != told]:
            self._allocations.release(job)
        for told in (told for job, told in now.items() if self._held.get(job) != told):
            self._put(told, time_s, time_s - recorded_s)
        self._held = now

    def _put(self, told: Told, time_s: float, shift_s: float) -> None:
        end_s = None if told.end_s is None else told.end_s + shift_s
        if end_s is not None and end_s <= time_s:
            return
        try:
            self._allocations.put(
                Allocation(
                    job=told.job,
                    gpus=self._allocations.indices(told.gpus),
                    start_s=told.start_s + shift_s,
                    end_s=end_s,
                    profile=told.profile,
                    share=told.share,
                    gpu_power_w=told.gpu_power_w,
                    priority=told.priority,
                    allowed_slowdown=told.allowed_slowdown,
                    preemptible=told.preemptible,
                ),
                time_s,
            )
        except InputError as error:
            if told.job not in self._left_out:
                self._left_out.add(told.job)
                _log.warning("recorded job left out: %s", error)
