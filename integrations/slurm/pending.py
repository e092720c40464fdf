"""Waiting jobs: held while no good place is left, kept off bad nodes, placed where asked."""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.slurm.commands import Slurm, SlurmError
from integrations.slurm.told import Job
from integrations.slurm.twin import Site, Twin

HELD, AVOID = "twin: held: ", "twin: avoid "
PLACE = "twin:place"
"""In the comment of a job that its user submitted held: the twin chooses its nodes."""
RESERVE_S = 60.0
MOST = 200
"""Jobs that are looked at in one round, first come first."""
BY_HAND = ("JobHeldUser", "JobHeldAdmin")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Pending:
    """Steers what waits. `tokens` are the reservations of jobs that were placed."""

    twin: Twin
    slurm: Slurm
    tokens: dict[str, str] = field(default_factory=dict)

    def steer(self, site: Site, jobs: Iterable[Job]) -> None:
        """Look at every waiting job with GPUs once."""
        names = set(self.slurm.nodes()) & set(site.nodes)
        waiting = [job for job in jobs if job.state == "PENDING" and job.gpus and not job.wanted]
        for job in waiting[:MOST]:
            try:
                self._one(site, job, names)
            except SlurmError as error:
                log.warning("job %s: %s", job.id, error)

    def let_go(self, jobs: Iterable[Job]) -> None:
        """Release every job that we hold: without the twin nothing waits for it."""
        for job in jobs:
            if job.state == "PENDING" and ours(job):
                self.slurm.release(job.id)
                self.slurm.update_job(job.id, AdminComment="twin: no advice: released")
                log.info("job %s released", job.id)

    def _one(self, site: Site, job: Job, names: set[str]) -> None:
        if job.reason in BY_HAND and not ours(job):
            if job.comment.startswith(PLACE) and job.gpus_per_node:
                self._place(job, names, site)
            return
        told = self.twin.steering(request_of(job))
        if told["stale"]:
            self.let_go([job])
            return
        user = set(self.slurm.names(job.left_out)) - avoided(job)
        avoid = {name: why for name, why in told["avoid"].items() if name in names - user}
        if len(names - user - avoid.keys()) < job.node_count and avoid:
            self._hold(job, next(iter(avoid.values())))
            return
        self._leave_out(job, user, avoid)
        if ours(job):
            self.slurm.release(job.id)
            log.info("job %s released", job.id)

    def _hold(self, job: Job, why: str) -> None:
        if not ours(job):
            self.slurm.hold(job.id)
            log.info("job %s held: %s", job.id, why)
        if job.note != HELD + why:
            self.slurm.update_job(job.id, AdminComment=HELD + why)

    def _leave_out(self, job: Job, user: set[str], avoid: Mapping[str, str]) -> None:
        """Write the nodes to leave out, those of the user's kept, where they differ."""
        if avoided(job) == avoid.keys() and not ours(job):
            return
        wanted = sorted(user | avoid.keys())
        names = ",".join(sorted(avoid))
        note = f"{AVOID}{names} ({next(iter(avoid.values()))})" if avoid else "twin: all nodes good"
        self.slurm.update_job(job.id, ExcNodeList=",".join(wanted), AdminComment=note)
        log.info("job %s: %s", job.id, note)

    def _place(self, job: Job, names: set[str], site: Site) -> None:
        """Put a job that waits for it onto the best nodes, reserve them and let it start."""
        told = self.twin.steering(request_of(job))
        if told["stale"]:
            return
        bad = set(self.slurm.names(job.left_out)) | told["avoid"].keys()
        exclude = sorted(site.nodes.keys() - (names - bad))
        asked = {**request_of(job), "exclude": exclude, "limit": 1, "reserve_s": RESERVE_S}
        advice = self.twin.placement(asked)["advice"]
        if not advice or len(advice[0]["nodes"]) != job.node_count:
            return
        best = advice[0]
        note = f"twin: placed: {'; '.join(best['reasons'][1:3])}"
        self.slurm.update_job(job.id, ReqNodeList=",".join(best["nodes"]), AdminComment=note)
        self.slurm.release(job.id)
        self.tokens[job.id] = best["reservation"]
        log.info("job %s placed on %s", job.id, ",".join(best["nodes"]))


def request_of(job: Job) -> dict[str, Any]:
    """Return the placement request that a job means."""
    request: dict[str, Any] = {"job": f"slurm-{job.id}", "gpus": job.gpus}
    if job.gpus_per_node:
        request["gpus_per_node"] = job.gpus_per_node
    if job.limit_s:
        request["duration_s"] = job.limit_s
    return request


def ours(job: Job) -> bool:
    """Say whether it was us who held the job."""
    return job.reason in BY_HAND and job.note.startswith(HELD)


def avoided(job: Job) -> set[str]:
    """Return the nodes that the twin had left out, by the note that says so."""
    found = re.match(rf"{AVOID}(\S+) \(", job.note)
    return set(found[1].split(",")) if found else set()
