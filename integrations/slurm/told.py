"""Jobs and nodes as Slurm's commands print them, read.

Formats: scontrol(1) and sinfo(1) of Slurm 22.05 to 24.11. A job's text (name, comments) comes
from its user, so each key counts where it stands first, and lines of text as a whole.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

WHOLE_LINES = ("Comment", "AdminComment", "Command", "WorkDir", "StdErr", "StdIn", "StdOut")
NODE_FORMAT = "%N|%T|%f|%b|%w|%E"
NOTHING = ("", "(null)", "N/A", "None", "none", "Unknown")
ON_NODE = re.compile(r"^ +Nodes=(\S+) CPU_IDs=\S+ Mem=\d+ GRES=(\S*)$", re.MULTILINE)
INDICES = re.compile(r"gpu(?::[^:(,]+)?:(\d+)(?:\(IDX:([0-9,\-]+)\))?")


@dataclass(frozen=True, slots=True)
class Job:
    """A job as `scontrol show job` tells it."""

    id: str
    name: str
    state: str
    reason: str
    nodes: str
    """Where it runs, as Slurm lists nodes; "" while it waits."""
    wanted: str
    left_out: str
    node_count: int
    gpus_per_node: int
    gpus: int
    """In all; 0 for a job without."""
    requeues: bool
    """Slurm puts it back into the queue when asked: a batch job, alone, submitted so."""
    partition: str
    qos: str
    exempt_until_s: float | None
    """Nobody preempts it sooner; None: Slurm says nothing of it."""
    limit_s: float | None
    start_s: float | None
    end_s: float | None
    comment: str
    note: str
    """The admin comment: what the twin last said."""
    devices: Mapping[str, tuple[int, ...]]
    """Indices of its GPUs by node list; empty where Slurm does not tell."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node as `sinfo` tells it."""

    name: str
    state: str
    available: tuple[str, ...]
    active: tuple[str, ...]
    weight: int
    reason: str


def job_of(text: str) -> Job:
    """Return a job from its paragraph of `scontrol -d show job`."""
    keys = keys_in(text)
    count = int(re.match(r"\d*", keys.get("NumNodes", "")).group() or 1)  # type: ignore[union-attr]
    per_node, whole = gpus_in(keys.get("TresPerNode", "")), gpus_in(keys.get("TresPerJob", ""))
    tasks = int(re.match(r"\d*", keys.get("NumTasks", "")).group() or 1)  # type: ignore[union-attr]
    by_task = gpus_in(keys.get("TresPerTask", "")) * tasks
    return Job(
        id=keys["JobId"],
        name=_text(keys, "JobName"),
        state=keys.get("JobState", ""),
        reason=keys.get("Reason", ""),
        nodes=_text(keys, "NodeList"),
        wanted=_text(keys, "ReqNodeList"),
        left_out=_text(keys, "ExcNodeList"),
        node_count=max(count, 1),
        gpus_per_node=per_node,
        gpus=per_node * max(count, 1) or whole or by_task,
        requeues=keys.get("Requeue") == keys.get("BatchFlag") == "1" and "HetJobId" not in keys,
        partition=_text(keys, "Partition"),
        qos=_text(keys, "QOS"),
        exempt_until_s=_instant_s(_text(keys, "PreemptEligibleTime")),
        limit_s=_duration_s(_text(keys, "TimeLimit")),
        start_s=_instant_s(_text(keys, "StartTime")),
        end_s=_instant_s(_text(keys, "EndTime")),
        comment=_text(keys, "Comment"),
        note=_text(keys, "AdminComment"),
        devices={nodes: devices_in(gres) for nodes, gres in ON_NODE.findall(text)},
    )


def node_of(line: str) -> Node:
    """Return a node from a line of `sinfo` in NODE_FORMAT."""
    name, state, available, active, weight, reason = line.split("|", 5)
    return Node(
        name, state, _features(available), _features(active), int(weight),
        "" if reason in NOTHING else reason,
    )  # fmt: skip


def gpus_in(tres: str) -> int:
    """Return the GPUs of a request.

    >>> gpus_in("gres:gpu:h200:2"), gpus_in("gres/gpu=4,gres/shard=1"), gpus_in("gres:gpu")
    (2, 4, 1)
    """
    total = 0
    for part in tres.split(","):
        found = re.fullmatch(r"(?:gres[:/])?gpu(?::[A-Za-z_][^:=]*)?(?:[:=](\d+))?", part)
        if found:
            total += int(found[1] or 1)
    return total


def devices_in(gres: str) -> tuple[int, ...]:
    """Return indices of GPUs on a node, the first ones where only their number is told.

    >>> devices_in("gpu:h200:3(IDX:0,2-3)"), devices_in("gpu:2")
    ((0, 2, 3), (0, 1))
    """
    found: list[int] = []
    for count, indices in INDICES.findall(gres):
        if not indices:
            found += range(int(count))
        for part in filter(None, indices.split(",")):
            low, _, high = part.partition("-")
            found += range(int(low), int(high or low) + 1)
    return tuple(found)


def keys_in(text: str) -> dict[str, str]:
    """Return `Key=value` words; the first of a key counts."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("JobId="):
            line, _, found["JobName"] = line.partition(" JobName=")
        key, _, rest = line.strip().partition("=")
        if key in WHOLE_LINES:
            found.setdefault(key, rest.strip())
            continue
        for word in line.split():
            key, equals, value = word.partition("=")
            if equals:
                found.setdefault(key, value)
    return found


def _text(keys: Mapping[str, str], key: str) -> str:
    value = keys.get(key, "")
    return "" if value in NOTHING else value


def _features(listed: str) -> tuple[str, ...]:
    return () if listed in NOTHING else tuple(listed.split(","))


def _instant_s(text: str) -> float | None:
    """Return a local time of Slurm's as seconds since the epoch."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def _duration_s(text: str) -> float | None:
    """Return `days-hh:mm:ss` in seconds; None for no limit."""
    found = re.fullmatch(r"(?:(\d+)-)?(\d+):(\d+):(\d+)", text)
    if not found:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
