"""The placement trace openb as nodes and tasks; see its SOURCE file. Study use only."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.shared import shared
from controllers.placement.mix import ANY_MODEL, Tasks
from site_models.arrays import Floats, Ints

FOLDER = shared() / "calibration_only" / "openb"
WORKLOAD = "openb_pod_list_default"
ARRIVED = 1.3
"""Requested GPU share that arrives, of the capacity."""
MEBIBYTE = 1024.0**2
MOST_GPUS = 8


class Cluster(NamedTuple):
    """Nodes of one site."""

    cpu_cores: Floats
    memory_bytes: Floats
    model: Ints
    gpus: Ints
    free: Floats
    """Shape (nodes, 8): what part of each GPU is free."""


class Trace(NamedTuple):
    """Nodes, the kinds of task that came, and which kind each task was."""

    cluster: Cluster
    tasks: Tasks
    counted: Floats
    """Tasks of each kind. Shape (kinds,)"""
    kind: Ints
    """Of each task, in the order of the file."""


class Curve(NamedTuple):
    """A published curve: percent allocated at whole percents arrived."""

    mean: dict[int, float]
    spread: dict[int, float]


def read_trace(folder: Path = FOLDER) -> Trace:
    """Return the default trace in base units: cores, bytes, shares of a GPU."""
    nodes = _table(folder / "openb_node_list_gpu_node.csv")
    pods = _table(folder / f"{WORKLOAD}.csv")
    models = sorted({row["model"] for row in nodes})
    gpus = np.array([int(row["gpu"]) for row in nodes])
    free = (np.arange(MOST_GPUS) < gpus[:, np.newaxis]).astype(np.float64)
    cluster = Cluster(
        cpu_cores=np.array([float(row["cpu_milli"]) for row in nodes]) / 1000.0,
        memory_bytes=np.array([float(row["memory_mib"]) for row in nodes]) * MEBIBYTE,
        model=np.array([models.index(row["model"]) for row in nodes]),
        gpus=gpus,
        free=free,
    )
    number = {model: i for i, model in enumerate(models)}
    columns = np.array(
        [
            (
                float(row["cpu_milli"]) / 1000.0,
                float(row["memory_mib"]) * MEBIBYTE,
                int(row["num_gpu"]),
                float(row["gpu_milli"]) / 1000.0,
                _allowed(row["gpu_spec"], number),
            )
            for row in pods
        ]
    )
    kinds, kind, count = np.unique(columns, axis=0, return_inverse=True, return_counts=True)
    cores, memory, wanted, share, allowed = kinds.T.copy()
    tasks = Tasks(cores, memory, wanted.astype(np.int64), share, allowed.astype(np.int64))
    return Trace(cluster, tasks, count.astype(np.float64), kind.ravel().astype(np.int64))


def arrivals(trace: Trace, seed: int) -> Ints:
    """Return kinds in the order of coming: the trace shuffled, then random tasks of it.

    As published: random tasks are repeated until the next would exceed what is to arrive,
    by its share of one GPU.
    """
    chance = np.random.default_rng(seed)
    order = chance.permutation(trace.kind)
    wanted = trace.tasks.gpus * trace.tasks.share
    whole = ARRIVED * float(trace.cluster.gpus.sum())
    more: list[int] = []
    total = float(wanted[order].sum())
    while True:
        kind = int(trace.kind[chance.integers(len(trace.kind))])
        if total + float(trace.tasks.share[kind]) > whole:
            return np.concatenate([order, np.array(more, dtype=np.int64)])
        total += float(wanted[kind])
        more.append(kind)


def published(policy: str, folder: Path = FOLDER) -> Curve:
    """Return the published curve of a policy by the end of its name, such as `FGD`."""
    rows = [
        row
        for row in _table(folder / "fgd_reference_alloc_pct.csv")
        if row["workload"] == WORKLOAD and row["policy"].split("-")[-1] == policy
    ]
    at = [int(row["arrived_gpu_request_pct"]) for row in rows]
    return Curve(
        mean=dict(zip(at, (float(row["mean"]) for row in rows), strict=True)),
        spread=dict(zip(at, (float(row["std"]) for row in rows), strict=True)),
    )


def _allowed(models: str, number: dict[str, int]) -> int:
    """Return a bit for each model named; all for none named."""
    if not models:
        return ANY_MODEL
    return sum(1 << number[model] for model in models.split("|") if model in number)


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
