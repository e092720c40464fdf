"""A live world reads as the clock goes: one source, opened once, never resampled."""

import itertools
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from controllers import live, opening, this_host
from controllers.this_host import located
from controllers.wish import Wish
from controllers.worlds import open_world
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.host_gpu import HostGpu
from site_models.plant import Plant
from telemetry.nvml.host import Host
from telemetry.sources.nvml import NvmlSource, seats_of
from tests.fakes.nvml.fake_driver import FakeDriver, board


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDriver]:
    """Let `nvml` be eight boards of ours."""
    fake, hosts = FakeDriver(*(board(k) for k in range(8))), []

    def open_source(argument: str, plant: Plant, *span: Any, every_s: float) -> NvmlSource:
        hosts.append(host := Host(fake))
        seats = seats_of([device.identity for device in host.devices], plant.gpu_names)
        return NvmlSource(host, seats, plant.gpu_names, every_s)

    module = SimpleNamespace(SCHEME="nvml", LIVE=True, open_source=open_source)
    monkeypatch.setattr(opening, "find_sources", lambda: {"nvml": module})
    monkeypatch.setattr(live, "source_of", lambda scheme: module)
    yield fake
    for host in hosts:
        host.close()


@pytest.mark.slow
def test_a_live_world_says_so_and_believes_what_the_gpus_draw(driver: FakeDriver) -> None:
    for k, gpu in enumerate(driver.gpus):
        gpu.fields[186, 0] = 300e3 + 10e3 * k
    world = open_world(Wish("hgx-h200", "nvml", dt_s=0.05))
    shots = list(itertools.islice(world.snapshots(), 6))
    assert {shot.mode for shot in shots} == {"LIVE"}
    assert shots[0].label == "8 x NVIDIA H200, driver 580.0"
    assert shots[-1].inputs.gpu_power_w.tolist() == [300.0 + 10.0 * k for k in range(8)]
    assert abs(shots[-1].frame.time_s - time.time()) < 2.0
    assert np.diff([shot.frame.time_s for shot in shots]).min() > 0.0
    assert driver.inits == 1
    driver.gpus[3].lost = True
    shots = list(itertools.islice(world.snapshots(), 3))
    assert np.isnan(shots[-1].frame.values["gpu_power_w"][3])
    assert np.isfinite(shots[-1].state.gpu_temp_c).all()


def test_a_host_whose_gpus_do_not_fit_the_site_is_refused(driver: FakeDriver) -> None:
    with pytest.raises(InputError, match="8 GPUs are here, the site has 72"):
        open_world(Wish("edge", "nvml"))


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[HostGpu]]:
    """Let the driver of this host find the GPUs of a list; without any there is no driver."""
    gpus: list[HostGpu] = []

    def host_gpus() -> list[HostGpu]:
        if not gpus:
            raise InputError("nvml: no driver")
        return gpus

    module = SimpleNamespace(host_gpus=host_gpus)
    monkeypatch.setattr(this_host, "source_of", lambda scheme: module)
    this_host._found.cache_clear()
    yield gpus
    this_host._found.cache_clear()


def test_only_the_workstation_is_made_of_what_the_driver_finds(found: list[HostGpu]) -> None:
    assert located("workstation") == ("workstation", ())
    this_host._found.cache_clear()
    found += [HostGpu("NVIDIA H200", 200.0, 650.0)] * 2
    assert located("pilot") == ("pilot", ())
    site, catalogs = located("workstation")
    plant = compile_site(site, catalogs)
    assert plant.site == "workstation"
    assert plant.gpu_names == ("gpu0", "gpu1")
    assert plant.arrays.gpus.power_max_w.tolist() == [650.0, 650.0]
