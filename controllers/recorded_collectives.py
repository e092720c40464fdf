"""Measured collectives of a recording: what `twin import --format nccl-tests` made of logs."""

import numpy as np

from telemetry.recording import Recording
from twin.fabric.collective import OPERATIONS
from twin.fabric.collective_site import Timed

COLUMNS = ("collective_bytes", "collective_s", "collective_nodes", "collective_gpus_per_node")


def timed_collectives(stored: Recording) -> tuple[Timed, ...]:
    """Return the timed sizes by test; empty for a recording that holds none."""
    if "link" not in stored.axes or not set(COLUMNS) <= set(stored.signals("link")):
        return ()
    found = []
    for name in stored.ids("link"):
        size, time_s, nodes, each = (stored.series(column, name)[1] for column in COLUMNS)
        known = np.isfinite(size) & (time_s > 0.0)
        head = name.rpartition("/")[0]
        op = next((op for op in OPERATIONS if head.endswith(op)), "")
        if op and known.any():
            counts = int(nodes[known][0]), int(each[known][0])
            found.append(Timed(op, *counts, size[known], time_s[known]))
    return tuple(found)
