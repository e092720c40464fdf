"""A served twin with one hot node, and a real Slurm that asks it."""

import getpass
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest

from controllers.snapshot import Snapshot
from dashboards.audit import Audit
from dashboards.auth import TokenBook
from dashboards.feed import Feed
from dashboards.web import build
from integrations.slurm.commands import Slurm
from integrations.slurm.controller import Controller, Duties
from integrations.slurm.twin import Twin
from tests.conftest import ROOT
from tests.fakes.serving import serving
from tests.fakes.slurm import Cluster, free_ports, needed, running
from tests.fakes.small_world import SmallWorld, small_snapshot

HOT, HOT_GPUS = "node4", np.arange(16, 20)
HOT_C, COOL_C, SLOWED_C = 87.0, 60.0, 92.0
"""A degree below the limit of its GPUs, far below, and over their hardware slowdown."""
"""The first node of the cluster, which Slurm alone would take first."""


class HotWorld(SmallWorld):
    """A small world with one node at the limit of its GPUs, until it is told to cool."""

    def __init__(self) -> None:
        self.temp_c = HOT_C
        super().__init__(interval_s=0.1)

    def snapshots(self) -> Iterator[Snapshot]:
        """Yield snapshots of a calm site with the GPUs of one node at `temp_c`."""
        tick = 0
        while True:
            tick += 1
            snapshot = small_snapshot(self.plant, tick, 0.3, self.supervisor)
            temp_c = snapshot.state.gpu_temp_c.copy()
            temp_c[HOT_GPUS] = self.temp_c
            yield replace(snapshot, state=snapshot.state._replace(gpu_temp_c=temp_c))
            time.sleep(self.interval_s)


@pytest.fixture(scope="session")
def world() -> HotWorld:
    """Return the world that the twin shows."""
    return HotWorld()


@pytest.fixture(scope="session")
def feed(world: HotWorld) -> Feed:
    """Return its feed."""
    return Feed(world)


@pytest.fixture(scope="session")
def twin(feed: Feed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Return a caller of the served twin."""
    audit = Audit(tmp_path_factory.mktemp("twin") / "audit.jsonl")
    app = build(feed, audit, TokenBook(None), trust_loopback=True)
    with serving(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        end_s = time.monotonic() + 10.0
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < end_s
            time.sleep(0.02)
        yield client


@pytest.fixture
def node_at(world: HotWorld, twin: httpx.Client) -> Iterator[Callable[[float], None]]:
    """Return how to heat or cool the node and wait until the twin tells; hot again afterwards."""

    def bring(temp_c: float) -> None:
        world.temp_c = temp_c
        end_s = time.monotonic() + 10.0
        while twin.get("/api/v1/nodes?limit=9").json()["items"][4]["gpu_temp_max_c"] != temp_c:
            assert time.monotonic() < end_s
            time.sleep(0.02)

    yield bring
    bring(HOT_C)


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a running Slurm with the nodes of one rack of the small plant."""
    needed()
    folder = tmp_path_factory.mktemp("slurm").resolve()
    plugin = ROOT / "integrations" / "slurm" / "job_submit.lua"
    with running(folder, {f"node{n}": 4 for n in range(4, 8)}, plugin) as cluster:
        yield cluster


@pytest.fixture
def commands(slurm: Cluster) -> Iterator[Slurm]:
    """Return Slurm's commands; afterwards no job is left."""
    settings(slurm, url=f"http://127.0.0.1:{free_ports(1)[0]}")
    yield Slurm(slurm.env)
    slurm.run("scancel", "-u", getpass.getuser())
    end_s = time.monotonic() + 10.0
    while slurm.run("squeue", "-h").stdout.strip():
        assert time.monotonic() < end_s
        time.sleep(0.1)


@pytest.fixture
def control(commands: Slurm, twin: httpx.Client) -> Controller:
    """Return a controller of both with its usual duties."""
    return Controller(Twin(str(twin.base_url)), commands, Duties())


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the address of a twin that takes calls and never answers."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(16)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"


def settings(cluster: Cluster, **values: str) -> Path:
    """Write the plugin's settings, which it reads at each submission."""
    path = cluster.folder / "twin.conf"
    path.write_text("".join(f"{key} = {value}\n" for key, value in values.items()))
    return path
