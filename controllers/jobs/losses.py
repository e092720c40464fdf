"""Throughput that jobs have lost since an instant: what their allowed slowdown is held against."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Losses:
    """Work done and work wanted of each job since an event began; nothing before the first."""

    since_s: float | None = None
    """When the event began that is looked at; None: none has yet."""
    done: dict[str, float] = field(default_factory=dict)
    wanted: dict[str, float] = field(default_factory=dict)

    def begin(self, since_s: float) -> None:
        """Look at the event that began then; again the same changes nothing."""
        if since_s != self.since_s:
            self.since_s = since_s
            self.done.clear()
            self.wanted.clear()

    def add(self, job: str, done: float, wanted: float) -> None:
        """Note what a job did of what it would have done unhindered, in its own units."""
        if self.since_s is not None:
            self.done[job] = self.done.get(job, 0.0) + done
            self.wanted[job] = self.wanted.get(job, 0.0) + wanted

    def slowdown(self, job: str) -> float:
        """Return the share of its throughput that a job has lost. 0..1"""
        wanted = self.wanted.get(job, 0.0)
        if wanted <= 0.0:
            return 0.0
        return min(max(1.0 - self.done[job] / wanted, 0.0), 1.0)
