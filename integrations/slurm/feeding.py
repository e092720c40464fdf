"""What runs where, told to the twin: on it comes with a job's start, off with its end."""

import logging
import time
from collections.abc import Mapping
from typing import Any

from integrations.slurm.commands import Slurm
from integrations.slurm.preemption import preemption_of
from integrations.slurm.told import Job
from integrations.slurm.twin import Held, Site, Twin, TwinError

PREFIX = "slurm-"
HOLDING = ("RUNNING", "SUSPENDED", "COMPLETING", "STOPPED")
"""States in which a job has its GPUs."""

log = logging.getLogger(__name__)


def feed(twin: Twin, slurm: Slurm, site: Site, jobs: list[Job], tokens: Mapping[str, str]) -> None:
    """Bring the twin's allocations of this cluster in line with the jobs that run.

    Rests on nothing remembered, so either side may restart. `tokens` are reservations by job:
    one that a job was placed with is spent on its allocation. A job is told again when others may
    take its place now, or no longer. While it does not run it keeps the GPUs it was told with.
    """
    known = {name: held for name, held in twin.allocations().items() if name.startswith(PREFIX)}
    running: dict[str, Job] = {PREFIX + job.id: job for job in jobs if job.state in HOLDING}
    for name in known.keys() - running.keys():
        twin.release(name)
        log.info("%s ended", name)
    if not running:
        return
    preemption = preemption_of(slurm)
    for name, job in running.items():
        before = known.get(name)
        stays = before is not None and job.state != "RUNNING"
        gpus = before.gpus if before and stays else tuple(gpus_of(slurm, site, job))
        held = Held(gpus, preemption.allows(job))
        if gpus and not held.is_as(before):
            _tell(twin, site, job, held, tokens.get(job.id))


def gpus_of(slurm: Slurm, site: Site, job: Job) -> list[str]:
    """Return the twin's names of a job's GPUs; nodes that it does not know are left out."""
    found: list[str] = []
    for listed, indices in job.devices.items():
        for name in slurm.names(listed):
            here = site.nodes.get(name, {}).get("gpus", [])
            found += [here[i] for i in indices if i < len(here)]
    return found


def _tell(twin: Twin, site: Site, job: Job, held: Held, token: str | None) -> None:
    name = PREFIX + job.id
    allocation: dict[str, Any] = {
        "job": name,
        "gpus": held.gpus,
        "start_s": _on_clock(site, job.start_s) or site.time_s,
        "end_s": _on_clock(site, job.end_s) if site.live else None,
        "reservation": token,
        "preemptible": held.preemptible,
    }
    try:
        twin.allocate(allocation)
    except TwinError as error:
        if error.status != 409 or token is None:
            log.warning("%s: %s", name, error)
            return
        _tell(twin, site, job, held, None)
        return
    may = ", preemptible" if held.preemptible else ""
    log.info("%s runs on %d GPUs%s", name, len(held.gpus), may)


def _on_clock(site: Site, instant_s: float | None) -> float | None:
    """Return a time of this machine's clock on the twin's."""
    return None if instant_s is None else site.time_s + (instant_s - time.time())
