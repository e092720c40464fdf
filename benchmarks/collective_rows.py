"""Measured collectives of many sources as one table, and constants fitted without one of them."""

import statistics
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.shared import shared
from site_models.arrays import Flags, Floats
from telemetry.files.nccl_log import Timed, read_log
from telemetry.files.readings import read_text
from twin.fabric.collective_fit import Table, fit, times
from twin.fabric.collective_table import read_table
from twin.fabric.names import Names, span_of_names

TABLES = "data/nccl-tables/nccl_tables.csv"
CLUSTER = "data/nccl-h100-cluster/example-cluster01"
CLUSTER_NAME = "cluster01"
MIB = 2.0**20
JUDGED = 0.9 * MIB
"""From 1 MiB; some pages round sizes."""
_TOTALS = {
    "all-reduce": 90.0, "all-reduce, 256 MiB and more": 30.0, "all-reduce, 1 to 8 MiB": 25.0,
    "all-gather": 50.0, "all-to-all": 50.0, "reduce-scatter": 8.0, "send and receive": 3.0,
}  # fmt: skip
"""Say of each class of rows in a fit, whatever their number."""
_CLUSTER_SAY = 0.5
_SMALL_SAY = 10.0


def data(name: str) -> Path:
    """Return where shared data stand."""
    return shared() / name


def classes(table: Table) -> dict[str, Flags]:
    """Return the classes that are judged: rows by operation and size."""
    op, size = np.array(table.op), table.size_bytes
    big = size >= JUDGED
    reduce = (op == "all_reduce") & big
    return {
        "all-reduce": reduce,
        "all-reduce, 256 MiB and more": reduce & (size >= 255 * MIB),
        "all-reduce, 1 to 8 MiB": reduce & (size <= 8.5 * MIB),
        "all-gather": (op == "all_gather") & big,
        "all-to-all": (op == "alltoall") & big,
        "reduce-scatter": (op == "reduce_scatter") & big,
        "send and receive": (op == "sendrecv") & big,
    }


@cache
def everything() -> Table:
    """Return the published tables followed by the medians of the cluster's logs."""
    table, _ = read_table(data(TABLES))
    return joined(table, cluster())


def published(table: Table) -> Flags:
    """Return the rows that are not the cluster's."""
    return np.array([source != CLUSTER_NAME for source in table.source], dtype=np.bool_)


@cache
def cluster() -> Table:
    """Return the median time of each test and size of the cluster, without its send-receive.

    Its send-receive runs a single channel at half the interface's rate and tells nothing of
    collectives. Node pairs and single nodes were measured 45 and 10 times.
    """
    found: dict[tuple[str, int, int, float], list[Timed]] = defaultdict(list)
    for path in sorted(data(CLUSTER).rglob("*.log")):
        for row in read_log(read_text(path), path)[0]:
            if row.op != "sendrecv":
                found[row.op, row.nodes, row.gpus_per_node, row.size_bytes].append(row)
    keys = sorted(found)
    networks = ["8x400G IB" if nodes > 1 else "NVLink4/NVSwitch" for _, nodes, _, _ in keys]
    return Table(
        tuple(op for op, *_ in keys),
        ("",) * len(keys),
        (CLUSTER_NAME,) * len(keys),
        np.array([size for *_, size in keys]),
        np.array([statistics.median(row.time_s for row in found[key]) for key in keys]),
        span_of_names(
            [
                Names("H100", each, nodes, network)
                for (_, nodes, each, _), network in zip(keys, networks, strict=True)
            ]
        ),
    )


def joined(first: Table, second: Table) -> Table:
    """Return the rows of both."""
    return Table(
        first.op + second.op,
        first.algorithm + second.algorithm,
        first.source + second.source,
        np.concatenate([first.size_bytes, second.size_bytes]),
        np.concatenate([first.time_s, second.time_s]),
        type(first.span)._make(
            np.concatenate(pair) for pair in zip(first.span, second.span, strict=True)
        ),
    )


def weights(table: Table) -> Floats:
    """Return each row's say in a fit: classes have equal totals, the cluster half of them."""
    ours = published(table)
    say = np.zeros(len(table))
    for name, members in classes(table).items():
        for keep, share in ((members & ours, 1.0), (members & ~ours, _CLUSTER_SAY)):
            say[keep] += share * _TOTALS[name] / max(int(keep.sum()), 1)
    small = table.size_bytes < JUDGED
    say[small] += _SMALL_SAY / max(int(small.sum()), 1)
    say[~(table.time_s > 0.0)] = 0.0
    return say


def source_of(url: str) -> str:
    """Return what counts as one source: a repository with all its pages, or a note."""
    return url.split(" ")[0] if url.startswith("http") else url


@cache
def left_out_times() -> Floats:
    """Return each row's time from constants fitted to all other sources [s]."""
    table = everything()
    out = np.full(len(table), np.nan)
    names = [source_of(url) for url in table.source]
    for source in dict.fromkeys(names):
        own = np.array([name == source for name in names], dtype=np.bool_)
        say = weights(table)
        say[own] = 0.0
        out[own] = times(table.rows(own), fit(table, say))
    return out
