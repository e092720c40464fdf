"""Logs of nccl-tests: which GPUs took part, and the time of each buffer size.

The log names the test (`# Collective test starting: all_reduce_perf`; older versions do not,
then the file's name has to), lists the ranks with host and device, and prints one line a size:
size, count, type, redop, root, then time [us], algbw, busbw and errors out of place and the
same in place. One log may hold several tests.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from site_models.errors import InputError

OPERATIONS = ("all_reduce", "all_gather", "reduce_scatter", "alltoall", "broadcast", "sendrecv")
_TEST = re.compile(r"#\s*Collective test starting:\s*(\w+?)_perf")
_RANK = re.compile(r"#\s+Rank\s+\d+\s.*?\bon\s+(\S+)\s+device\s+\d+\s+\[[^\]]*\]\s*(.*)")
_ROW = re.compile(r"\s*\d+\s+\d+\s+\w+\s+\S+\s+-?\d+\s+\S+\s+\S+\s+\S+")
_S_PER_US = 1e-6


@dataclass(frozen=True, slots=True)
class Timed:
    """One line of a log: out-of-place time of a buffer."""

    op: str
    nodes: int
    gpus_per_node: int
    gpu: str
    size_bytes: float
    time_s: float
    line: int

    @property
    def name(self) -> str:
        """Return the id of the test: operation, nodes and GPUs a node."""
        return f"{self.op}/{self.nodes}x{self.gpus_per_node}"


def is_log(head: str) -> bool:
    """Return whether a text begins like a log of nccl-tests."""
    known = ("nccl-tests version", "Collective test starting", "nThread", "algbw")
    return any(mark in head for mark in known) and "#" in head


def read_log(text: str, path: Path) -> tuple[list[Timed], Counter[str]]:
    """Return the timed sizes of a log and what was left out, by reason.

    Raises InputError naming file and line: no test named, a size before any rank, hosts with
    unequal numbers of GPUs.
    """
    op = next((known for known in OPERATIONS if known in path.name), "")
    hosts: Counter[str] = Counter()
    gpu, fresh = "", True
    found: list[Timed] = []
    rejected: Counter[str] = Counter()
    for number, line in enumerate(text.splitlines(), 1):
        if test := _TEST.match(line):
            op = "alltoall" if test[1] == "alltoall" else test[1]
        elif rank := _RANK.match(line):
            if not fresh:
                hosts, fresh = Counter(), True
            hosts[rank[1]] += 1
            gpu = rank[2].strip()
        elif _ROW.match(line):
            fresh = False
            _add(found, rejected, line.split(), op, hosts, gpu, f"{path}: line {number}", number)
    if not found:
        raise InputError(f"{path}: no timed size, expected a log of nccl-tests")
    return found, rejected


def _add(
    found: list[Timed],
    rejected: Counter[str],
    cells: list[str],
    op: str,
    hosts: Counter[str],
    gpu: str,
    where: str,
    number: int,
) -> None:
    if op not in OPERATIONS:
        raise InputError(
            f"{where}: test {op or 'not named'!r}, expected one of: {', '.join(OPERATIONS)}"
        )
    if not hosts:
        raise InputError(f"{where}: a size before any rank, expected the list of ranks first")
    if len(set(hosts.values())) > 1:
        raise InputError(f"{where}: hosts with unequal numbers of GPUs, expected equal ones")
    try:
        size_bytes, time_s = float(cells[0]), float(cells[5]) * _S_PER_US
    except ValueError:
        rejected["no time"] += 1
        return
    if size_bytes <= 0.0 or time_s <= 0.0:
        rejected["no bytes or no time"] += 1
        return
    each = next(iter(hosts.values()))
    found.append(Timed(op, len(hosts), each, gpu, size_bytes, time_s, number))
