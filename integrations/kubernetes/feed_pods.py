"""What runs on a cluster's GPUs, told to the twin: pods by what they ask for, on their nodes.

The device plugin chooses the very GPUs of a pod and tells nobody: those of its node that nobody
holds stand for them. So counts by node are right, and a node that is full is right GPU by GPU.
Needs nothing but the standard library and `label_nodes.py`.
"""

import argparse
import logging
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from integrations.kubernetes.label_nodes import ACCOUNT, Http, twin_nodes

PREFIX = "k8s-"
GPU = "nvidia.com/gpu"
PROFILE = "ai-factory-twin/profile"
JOB_LABELS = (
    "jobset.sigs.k8s.io/jobset-name",
    "training.kubeflow.org/job-name",
    "batch.kubernetes.io/job-name",
)
"""Pods of one namespace with the same value are one job: they exchange with one another."""
OVER = "status.phase!=Succeeded,status.phase!=Failed"
PAGE, LONGEST = 500, 256

log = logging.getLogger("twin-pods")


class Job(NamedTuple):
    """GPUs that a job's pods have on each node."""

    gpus: dict[str, int]
    profile: str | None


def jobs_of(cluster: Http) -> dict[str, Job]:
    """Return the jobs whose pods are bound to nodes and ask for GPUs, by the twin's name."""
    found: dict[str, Job] = {}
    for pod in _pods(cluster):
        node, count = pod["spec"].get("nodeName"), gpus_asked(pod["spec"])
        if not node or not count:
            continue
        name = name_of(pod["metadata"])
        job = found.setdefault(name, Job({}, _profile(pod["metadata"])))
        job.gpus[node] = job.gpus.get(node, 0) + count
    return found


def gpus_asked(spec: Mapping[str, Any]) -> int:
    """Return the GPUs of a pod: of its containers together, or of one that runs before them.

    >>> one = {"resources": {"limits": {"nvidia.com/gpu": "4"}}}
    >>> gpus_asked({"containers": [one, one, {}], "initContainers": [one]})
    8
    """

    def each(key: str) -> list[int]:
        limits = [(one.get("resources") or {}).get("limits") or {} for one in spec.get(key) or ()]
        return [int(limit.get(GPU, 0)) for limit in limits]

    return max(sum(each("containers")), max(each("initContainers"), default=0))


def name_of(about: Mapping[str, Any]) -> str:
    """Return what the twin calls a pod's job."""
    labels = about.get("labels") or {}
    own = next((labels[key] for key in JOB_LABELS if labels.get(key)), about["name"])
    name = f"{PREFIX}{about['namespace']}.{own}"
    return name if len(name) <= LONGEST else f"{PREFIX}{about['uid']}"


def feed(cluster: Http, twin: Http) -> int:
    """Bring the twin's allocations of this cluster in line with its pods; returns how many changed.

    Rests on nothing remembered, so either side may restart. A job keeps the GPUs that it was
    told with. While telemetry is stale all stays as it is.
    """
    nodes = twin_nodes(twin)
    if nodes is None:
        log.warning("the twin's telemetry is stale: allocations stay")
        return 0
    jobs, told = jobs_of(cluster), twin.call("GET", "/api/v1/allocations")
    held = {one["job"]: list(one["gpus"]) for one in told["items"]}
    changed = 0
    for name in [name for name in held if name.startswith(PREFIX) and name not in jobs]:
        twin.call("DELETE", f"/api/v1/allocations/{quote(name, safe='')}")
        log.info("%s ended", name)
        changed += 1
        del held[name]
    for name, job in jobs.items():
        taken = {gpu for other, gpus in held.items() if other != name for gpu in gpus}
        gpus = _chosen(job, nodes, held.get(name, []), taken)
        if not gpus or sorted(gpus) == sorted(held.get(name, [])):
            continue
        body = {"job": name, "gpus": gpus, "start_s": told["time_s"], "profile": job.profile}
        try:
            twin.call("POST", "/api/v1/allocations", body)
        except OSError as error:  # another took one meanwhile: the next round sees it
            log.warning("%s: %s", name, error)
            continue
        held[name] = gpus
        log.info("%s runs on %d GPUs", name, len(gpus))
        changed += 1
    return changed


def _chosen(
    job: Job, nodes: Mapping[str, Mapping[str, Any]], before: Sequence[str], taken: set[str]
) -> list[str]:
    """Return the GPUs that stand for a job's: as before, then free ones; unknown nodes left out."""
    found: list[str] = []
    for node, count in job.gpus.items():
        here = [gpu for gpu in nodes.get(node, {}).get("gpus", []) if gpu not in taken]
        kept = [gpu for gpu in here if gpu in before]
        found += [*kept, *(gpu for gpu in here if gpu not in before)][:count]
        if node in nodes and len(here) < count:
            log.warning("%s: %d GPUs asked for, %d not held by others", node, count, len(here))
    return found


def _profile(about: Mapping[str, Any]) -> str | None:
    return (about.get("annotations") or {}).get(PROFILE)


def _pods(cluster: Http) -> Iterator[dict[str, Any]]:
    """Yield the pods that are not over, page by page."""
    asked = {"limit": str(PAGE), "fieldSelector": OVER}
    while True:
        page = cluster.call("GET", f"/api/v1/pods?{urlencode(asked)}")
        yield from page["items"]
        more = (page.get("metadata") or {}).get("continue")
        if not more:
            return
        asked["continue"] = more


def main(words: Sequence[str] | None = None) -> int:
    """Run until ended, or once; a failure is said and tried again at the next round."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--twin", default="http://127.0.0.1:8050", help="address of the twin")
    add("--token-file", type=Path, help="a file with a token of role scheduler")
    add("--kubernetes", default="https://kubernetes.default.svc", help="address of the API server")
    add("--every", type=float, default=5.0, help="seconds between rounds")
    add("--once", action="store_true", help="one round, then end")
    asked = parser.parse_args(words)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    cluster = Http(asked.kubernetes, ACCOUNT / "token", ACCOUNT / "ca.crt")
    twin = Http(asked.twin, asked.token_file)
    while True:
        failed = False
        try:
            feed(cluster, twin)
        except (OSError, ValueError, KeyError) as error:
            log.warning("%s: %s", type(error).__name__, error)
            failed = True
        if asked.once:
            return int(failed)
        time.sleep(asked.every)


if __name__ == "__main__":
    sys.exit(main())
