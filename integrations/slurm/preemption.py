"""Which jobs may be paused or started again elsewhere: what Slurm's own preemption has of it.

What the twin calls preemptible it may suspend and it may requeue. So a job must be one that Slurm
requeues (`Requeue=1`, which is the default of batch jobs and therefore no word of its user's
alone), and somebody must have said that its place can be taken: the site, by a partition or a QOS
that others preempt by requeueing (slurm.conf(5) and sacctmgr(1), PreemptMode), or its user.
"""

import functools
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from integrations.slurm.commands import Slurm, SlurmError
from integrations.slurm.told import Job

ASKED = "twin:preemptible"
"""A word in the comment of a job whose user lets the twin pause and move it."""
REQUEUE = "REQUEUE"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Preemption:
    """Whose jobs others may push back into the queue."""

    partitions: frozenset[str] = frozenset()
    qualities: frozenset[str] = frozenset()

    def allows(self, job: Job, now_s: float | None = None) -> bool:
        """Say whether the twin may pause or move the job at `now_s`, in epoch seconds."""
        if not job.requeues:
            return False
        if ASKED in job.comment.split():
            return True
        at_s = time.time() if now_s is None else now_s
        exempt = job.exempt_until_s is None or job.exempt_until_s > at_s
        told = job.partition in self.partitions or job.qos in self.qualities
        return told and not exempt


def preemption_of(slurm: Slurm) -> Preemption:
    """Ask Slurm how it preempts. Without an answer of the database no QOS says anything."""
    config = slurm.config()
    kind, default = config.get("PreemptType"), config.get("PreemptMode", "")
    if kind == "preempt/partition_prio":
        rows, members = slurm.partitions(), slurm.members()
        return Preemption(partitions=frozenset(partitions_pushed(rows, members)))
    if kind == "preempt/qos":
        try:
            return Preemption(qualities=frozenset(qualities_pushed(slurm.qualities(), default)))
        except SlurmError as error:
            _say(f"{error}; jobs of no QOS are told preemptible")
    return Preemption()


def partitions_pushed(
    rows: Iterable[Mapping[str, str]], members: Mapping[str, set[str]]
) -> Iterable[str]:
    """Yield the partitions whose jobs one of a higher tier on the same nodes may requeue."""
    rows = list(rows)
    tiers = {row["PartitionName"]: int(row.get("PriorityTier", "0")) for row in rows}
    for row in rows:
        name = row["PartitionName"]
        here = members.get(name, set())
        above = [other for other, tier in tiers.items() if tier > tiers[name]]
        if REQUEUE in _modes(row.get("PreemptMode", "")) and any(
            here & members.get(other, set()) for other in above
        ):
            yield name


def qualities_pushed(rows: Iterable[tuple[str, str, str]], default: str) -> Iterable[str]:
    """Yield the QOS whose jobs another QOS, or one of their own, may requeue.

    >>> rows = [("low", "", "cluster"), ("high", "low,kept", "cluster"), ("kept", "", "cancel")]
    >>> list(qualities_pushed(rows, "REQUEUE"))
    ['low']
    """
    rows = list(rows)
    pushed = {name for _, preempts, _ in rows for name in preempts.split(",")}
    for name, _, told in rows:
        modes = _modes(told)
        effective = _modes(default) if not modes - {"CLUSTER", "OFF", "WITHIN"} else modes
        if REQUEUE in effective and (name in pushed or "WITHIN" in modes | _modes(default)):
            yield name


@functools.cache
def _say(warning: str) -> None:
    """Log a warning, the same one once."""
    log.warning("%s", warning)


def _modes(listed: str) -> set[str]:
    return {mode.strip().upper() for mode in listed.split(",")} - {""}
