"""The jobs of a scenario as its file names them, put on a plant: places, powers, profiles."""

from pathlib import Path

import numpy as np

from controllers.event import places
from controllers.jobs.assigned import Arrivals, Assigned, arrivals_of
from controllers.scenario import Job, Scenario
from site_models.arrays import Flags, Floats
from site_models.errors import InputError
from site_models.kinds.workload import Workload
from site_models.plant import Plant
from telemetry.files.requests import read_requests
from twin.workload import workload


def assigned(scenario: Scenario, plant: Plant, path: Path) -> list[Assigned]:
    """Return the jobs of a scenario that name a profile; InputError naming a wrong key."""
    jobs = []
    for n, job in enumerate(scenario.jobs):
        if job.profile is None:
            continue
        where = f"{path}: jobs.{n}"
        try:
            profile = workload(job.profile)
        except InputError as error:
            raise InputError(f"{where}.profile: {error}") from None
        end_s = np.inf if job.end_s is None else scenario.start_s + job.end_s
        asked = None if job.requests is None else _arrivals(path, job.requests, profile, where)
        gpus = np.flatnonzero(gpus_of_job(job, plant)).astype(np.int64)
        start_s = scenario.start_s + job.start_s
        by_s = np.inf if job.finish_by_s is None else scenario.start_s + job.finish_by_s
        jobs.append(
            Assigned(
                job.name,
                job.profile,
                profile,
                gpus,
                start_s,
                end_s,
                asked,
                job.priority,
                job.allowed_slowdown,
                job.preemptible,
                by_s,
            )
        )
    names = [job.name for job in jobs]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{path}: jobs: two named {name!r}, expected different names")
    return jobs


def _arrivals(path: Path, table: str, profile: Workload, where: str) -> Arrivals:
    """Return the tokens that requests ask of a profile: prompts of a prefill, else answers."""
    if profile.work not in ("prefill", "decode"):
        raise InputError(f"{where}.requests: expected a profile of prefill or decode")
    if not path.is_file():  # who asks over the network names no files of this host
        raise InputError(f"{where}.requests: expected a scenario in a file, beside its table")
    requests = read_requests(path.parent / table)
    tokens = requests.context_tokens if profile.work == "prefill" else requests.generated_tokens
    return arrivals_of(requests.time_s, tokens)


def gpus_of_job(job: Job, plant: Plant) -> Flags:
    """Return the GPUs that a job's patterns name."""
    node = plant.arrays.gpus.node
    gpus = np.zeros(len(plant.gpu_names), dtype=np.bool_)
    for pattern in job.gpus:
        gpus[places(plant.gpu_names, pattern)] = True
    for pattern in job.nodes:
        gpus |= np.isin(node, places(plant.node_names, pattern))
    for pattern in job.racks:
        gpus |= np.isin(plant.arrays.nodes.rack[node], places(plant.rack_names, pattern))
    return gpus


def power_of_job(job: Job, mine: Flags, plant: Plant, where: str) -> Floats:
    """Return a job's power on each GPU; InputError above a power limit."""
    gpus = plant.arrays.gpus
    if job.power_w is None:
        return np.maximum((job.share or 0.0) * gpus.power_max_w, gpus.idle_power_w)
    over = mine & (job.power_w > gpus.power_max_w)
    if over.any():
        g = int(np.argmax(over))
        raise InputError(
            f"{where}.power_w: {job.power_w:g}, expected at most {gpus.power_max_w[g]:g},"
            f" the limit of {plant.gpu_names[g]}"
        )
    return np.full(len(mine), job.power_w)


def at_once(one: Job, other: Job) -> bool:
    """Say whether two jobs overlap in time."""
    return one.start_s < latest_s(other) and other.start_s < latest_s(one)


def latest_s(job: Job) -> float:
    """Return when a job is over at the latest, since the scenario's start."""
    end_s = job.end_s if job.finish_by_s is None else job.finish_by_s
    return np.inf if end_s is None else end_s
