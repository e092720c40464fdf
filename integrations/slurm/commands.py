"""Slurm through its own commands: jobs and nodes read, both changed with `scontrol update`."""

import re
import subprocess
from collections.abc import Iterator, Mapping

from integrations.slurm.told import NODE_FORMAT, Job, Node, job_of, keys_in, node_of

TIMEOUT_S = 20.0


class SlurmError(RuntimeError):
    """A command of Slurm's failed; the message is its own."""


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

    def config(self) -> dict[str, str]:
        """Return what slurmctld goes by, as `scontrol show config` tells it."""
        told = self._run("scontrol", "show", "config")
        return dict(re.findall(r"^(\w+)\s+= (.*?)\s*$", told, re.MULTILINE))

    def partitions(self) -> list[dict[str, str]]:
        """Return every partition, hidden ones too, as `scontrol show partition` tells it."""
        told = self._run("scontrol", "-a", "-o", "show", "partition")
        return [keys_in(line) for line in told.splitlines() if line.startswith("PartitionName=")]

    def members(self) -> dict[str, set[str]]:
        """Return the nodes of every partition."""
        found: dict[str, set[str]] = {}
        for line in self._run("sinfo", "-a", "-h", "-N", "-o", "%N|%R").splitlines():
            node, _, partition = line.partition("|")
            found.setdefault(partition, set()).add(node)
        return found

    def qualities(self) -> list[tuple[str, str, str]]:
        """Return each QOS of the accounting database: name, those it preempts, how it is."""
        told = self._run("sacctmgr", "-nP", "show", "qos", "format=Name,Preempt,PreemptMode")
        rows = (line.split("|") for line in told.splitlines() if line.count("|") == 2)
        return [(name, preempts, mode) for name, preempts, mode in rows]

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
