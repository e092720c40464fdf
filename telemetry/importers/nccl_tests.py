"""Logs of nccl-tests, on the axis `link`: one id a test, one row a buffer size.

Such logs state no times of day: rows stand one second apart from the epoch on, in the order of
the log, and the id tells operation, nodes and GPUs a node.
"""

from pathlib import Path

import numpy as np

from telemetry.files.nccl_log import is_log, read_log
from telemetry.files.readings import Log, Readings, in_order_of_appearance

FORMAT = "nccl-tests"

_US_PER_ROW = 1_000_000


def sniff(head: str, path: Path) -> bool:
    """Return whether the text is such a log."""
    return is_log(head)


def read(log: Log) -> Readings:
    """Return the timed sizes; InputError naming file and line if the log is unusable."""
    timed, rejected = read_log(log.text, log.path)
    ids, place = in_order_of_appearance([log.prefix + row.name for row in timed])
    values = {
        "collective_bytes": np.array([row.size_bytes for row in timed]),
        "collective_s": np.array([row.time_s for row in timed]),
        "collective_nodes": np.array([float(row.nodes) for row in timed]),
        "collective_gpus_per_node": np.array([float(row.gpus_per_node) for row in timed]),
    }
    time_us = np.arange(len(timed), dtype=np.int64) * _US_PER_ROW
    readings = Readings("link", ids, place, time_us, values)
    readings.rejected.update(rejected)
    return readings
