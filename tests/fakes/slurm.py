"""A real Slurm from Debian's packages on the loopback: munged, slurmctld and one slurmd a node.

No systemd, no configuration outside its folder, free ports. Whoever runs it is SlurmUser.
"""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue")
LUA_SOCKET = ("/usr/share/lua/5.1/socket.lua",)

CONF = """\
ClusterName=twin
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2
GresTypes=gpu
JobSubmitPlugins=lua
SlurmdParameters=config_overrides
ReturnToService=2
SlurmctldTimeout=60
SlurmdTimeout=60
KillWait=1
MinJobAge=300
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
{nodes}
PartitionName=all Nodes={names} Default=YES MaxTime=60 DefaultTime=10 State=UP PreemptMode=OFF
PartitionName=spare Nodes={names} MaxTime=60 DefaultTime=10 State=UP
PartitionName=urgent Nodes={names} MaxTime=60 DefaultTime=10 State=UP PriorityTier=9
"""


def needed() -> None:
    """Skip without Slurm; fail where TWIN_REQUIRE names `slurm`."""
    folders = os.environ["PATH"] + ":/usr/sbin:/sbin"
    missing = [name for name in PROGRAMS if shutil.which(name, path=folders) is None]
    missing += [path for path in LUA_SOCKET if not Path(path).exists()]
    if missing:
        why = f"no {', '.join(missing)} here"
        if "slurm" in os.environ.get("TWIN_REQUIRE", "").split(","):
            pytest.fail(f"{why}, and TWIN_REQUIRE asks for Slurm")
        pytest.skip(why)


class Cluster:
    """A running Slurm; its commands, and its folder with `slurm.conf` and the plugin."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.folder, self.names = folder, tuple(names)
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        self.env = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "PATH": path}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of Slurm's."""
        return subprocess.run(
            words, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip

    def submit(self, *words: str, script: str = "true") -> str:
        """Submit a job with one task and return its number; fails where it is refused."""
        done = self.run("sbatch", "--parsable", "-o", "/dev/null", *words, "--wrap", script)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def job(self, job: str) -> dict[str, str]:
        """Return what `scontrol show job` says, by key."""
        return keys_of(self.run("scontrol", "-o", "show", "job", job).stdout)

    def node(self, node: str) -> dict[str, str]:
        """Return what `scontrol show node` says, by key."""
        return keys_of(self.run("scontrol", "-o", "show", "node", node).stdout)

    def waits(self, job: str, *states: str, within_s: float = 15.0) -> dict[str, str]:
        """Return the job once it is in one of the states."""
        end_s = time.monotonic() + within_s
        while (told := self.job(job)).get("JobState") not in states:
            assert time.monotonic() < end_s, told
            time.sleep(0.1)
        return told

    def ended(self, job: str) -> dict[str, str]:
        """Return the job once it has completed."""
        return self.waits(job, "COMPLETED")

    def log(self, lines: int = 40) -> str:
        """Return the end of the controller's log."""
        return "\n".join((self.folder / "slurmctld.log").read_text().splitlines()[-lines:])


def keys_of(line: str) -> dict[str, str]:
    """Return `Key=value` words; a value may hold spaces."""
    found: dict[str, str] = {}
    last = ""
    for word in line.split():
        key, equals, value = word.partition("=")
        if equals and key.replace(":", "").replace("_", "").isalnum() and key[0].isupper():
            found[key] = value
            last = key
        elif last:
            found[last] += f" {word}"
    return found


@contextmanager
def running(folder: Path, gpus: dict[str, int], plugin: Path) -> Iterator[Cluster]:
    """Start Slurm with nodes of so many GPUs each and stop it at the end."""
    names, (port, *node_ports) = list(gpus), free_ports(1 + len(gpus))
    host, user = socket.gethostname().split(".")[0], getpass.getuser()
    lines = [
        f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={at} CPUs=16"
        f" RealMemory=100 Gres=gpu:{count} Feature=nvl72 Weight=10 State=UNKNOWN"
        for (name, count), at in zip(gpus.items(), node_ports, strict=True)
    ]
    (folder / "state").mkdir()
    conf = CONF.format(
        host=host, port=port, user=user, folder=folder, nodes="\n".join(lines),
        names=",".join(names),
    )  # fmt: skip
    (folder / "slurm.conf").write_text(conf)
    gres = [f"NodeName={n} Name=gpu File=/dev/tty[0-{c - 1}]" for n, c in gpus.items()]
    (folder / "gres.conf").write_text("\n".join(gres) + "\n")
    (folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
    (folder / "job_submit.lua").write_text(plugin.read_text())
    cluster = Cluster(folder, names)
    with ExitStack() as stack:
        stack.callback(_report, folder)
        stack.enter_context(_munge(cluster))
        conf_path = str(folder / "slurm.conf")
        stack.enter_context(_daemon(cluster, "slurmctld", "-D", "-f", conf_path))
        for name in names:
            stack.enter_context(_daemon(cluster, "slurmd", "-D", "-f", conf_path, "-N", name))
        _until_idle(cluster)
        yield cluster


@contextmanager
def _munge(cluster: Cluster) -> Iterator[None]:
    folder = cluster.folder
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    words = [f"--{name}-file={folder}/munge.{name}" for name in ("pid", "log", "seed")]
    socket_path = folder / "munge.sock"
    with _daemon(
        cluster, "munged", "--foreground", "--force", f"--key-file={key}",
        f"--socket={socket_path}", *words,
    ):  # fmt: skip
        end_s = time.monotonic() + 10.0
        while not socket_path.exists():
            assert time.monotonic() < end_s, "munged does not start"
            time.sleep(0.02)
        yield


@contextmanager
def _daemon(cluster: Cluster, *words: str) -> Iterator[None]:
    """Run a daemon in the foreground until the block ends."""
    with (cluster.folder / "daemons.out").open("ab") as out:
        process = subprocess.Popen(
            words, cwd=cluster.folder, env=cluster.env, stdout=out, stderr=out,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5.0)


def _until_idle(cluster: Cluster, within_s: float = 25.0) -> None:
    end_s = time.monotonic() + within_s
    states: list[str] = []
    while len(states) < len(cluster.names) or set(states) != {"idle"}:
        if time.monotonic() > end_s:
            pytest.fail(f"Slurm's nodes are {states}\n{cluster.log()}")
        time.sleep(0.1)
        states = cluster.run("sinfo", "-h", "-N", "-o", "%T").stdout.split()


def _report(folder: Path) -> None:
    """Keep the folder small: nothing of it is read after the tests."""
    shutil.rmtree(folder / "state", ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """Return so many different free ports."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
