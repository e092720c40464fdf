"""Slurm through its own commands: jobs and nodes read, both changed with `scontrol update`.

Formats: scontrol(1) and sinfo(1) of Slurm 22.05 to 24.11. A job's text (name, comments) comes
from its user, so each key counts where it stands first, and lines of text as a whole.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

TIMEOUT_S = 20.0
WHOLE_LINES = ("Comment", "AdminComment", "Command", "WorkDir", "StdErr", "StdIn", "StdOut")
NODE_FORMAT = "%N|%T|%f|%b|%w|%E"
NOTHING = ("", "(null)", "N/A", "None", "none", "Unknown")
ON_NODE = re.compile(r"^ +Nodes=(\S+) CPU_IDs=\S+ Mem=\d+ GRES=(\S*)$", re.MULTILINE)
INDICES = re.compile(r"gpu(?::[^:(,]+)?:(\d+)(?:\(IDX:([0-9,\-]+)\))?")


class SlurmError(RuntimeError):
    """A command of Slurm's failed; the message is its own."""


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


class Slurm:
    """The cluster that the commands on this machine reach."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        self._env = None if env is None else dict(env)

    def jobs(self) -> list[Job]:
        """Return every job that slurmctld still keeps, ended ones too."""
        told = self._run("scontrol", "-d", "show", "job")
        return [job_of(part) for part in re.split(r"\n\n+(?=JobId=)", told) if "JobId=" in part]

    def nodes(self) -> dict[str, Node]:
        """Return every node by name."""
        lines = self._run("sinfo", "-h", "-N", "-o", NODE_FORMAT).splitlines()
        nodes = [node_of(line) for line in lines if line.count("|") >= 5]
        return {node.name: node for node in nodes}

    def names(self, listed: str) -> tuple[str, ...]:
        """Return the nodes of a list such as `gpu[1-3]`."""
        if not listed:
            return ()
        return tuple(self._run("scontrol", "show", "hostnames", listed).split())

    def update_job(self, job: str, **words: str) -> None:
        """Change a job: `update_job("7", ExcNodeList="gpu1")`."""
        self._run("scontrol", "update", f"JobId={job}", *_pairs(words))

    def update_node(self, node: str, **words: str) -> None:
        """Change a node."""
        self._run("scontrol", "update", f"NodeName={node}", *_pairs(words))

    def hold(self, job: str) -> None:
        """Keep a waiting job from starting, as an administrator does."""
        self._run("scontrol", "hold", job)

    def release(self, job: str) -> None:
        """Let a held job start."""
        self._run("scontrol", "release", job)

    def _run(self, *words: str) -> str:
        try:
            done = subprocess.run(
                words, env=self._env, capture_output=True, text=True, timeout=TIMEOUT_S,
                check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SlurmError(f"{words[0]}: {error}") from None
        if done.returncode:
            raise SlurmError(f"{' '.join(words[:3])}: {done.stderr.strip()}")
        return done.stdout


def _pairs(words: Mapping[str, str]) -> Iterator[str]:
    return (f"{key}={value}" for key, value in words.items())


def job_of(text: str) -> Job:
    """Return a job from its paragraph of `scontrol -d show job`."""
    keys = _keys(text)
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


def _keys(text: str) -> dict[str, str]:
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
