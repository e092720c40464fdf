"""The real binding against an imitated driver: ABI, pace, loss and return, resets, Xids."""

import ctypes
import ctypes.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pynvml  # type: ignore[import-untyped]
import pytest

from site_models.arrays import Floats
from telemetry.nvml import driver as nvml_driver
from telemetry.recording import Recording
from tests.conftest import ROOT
from tests.fakes.nvml.imitation import (
    NO_ECC,
    NO_ENERGY,
    NO_EVENTS,
    NO_INSTANT,
    NO_MARGIN,
    NO_MEMORY_TEMP,
    NO_NVLINK,
    NO_NVLINK5,
    NO_PCIE,
    NO_PLATFORM,
    Imitation,
    jitter_s,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc to build it with"),
]

Read = dict[str, Any]
TWIN = "from dashboards.cli import run; run()"


@pytest.fixture
def driver(tmp_path: Path) -> Imitation:
    """Return an imitated driver with eight H200."""
    return Imitation(tmp_path / "driver")


@contextmanager
def reading(driver: Imitation, seconds: float, every_s: float = 0.1) -> Iterator[Read]:
    """Read frames in another process while the block runs; its end fills the yielded dict."""
    out = driver.folder / "frames.npz"
    words = ["-m", "tests.fakes.nvml.read_frames", str(seconds), str(every_s), str(out)]
    before = driver.state.inits
    process = subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env=driver.environment, stderr=subprocess.PIPE
    )
    wait_for(lambda: driver.state.inits >= before + 2 or process.poll() is not None)
    time.sleep(0.3)
    found: Read = {}
    yield found
    said = process.communicate(timeout=60.0)[1].decode()
    assert process.returncode == 0, said
    found |= dict(np.load(out))
    found["said"] = said


def wait_for(seen: Callable[[], bool], wait_s: float = 30.0) -> None:
    """Wait until something is so."""
    end_s = time.monotonic() + wait_s
    while not seen():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.01)


def twin(driver: Imitation | None, *words: object) -> tuple[int, str, str]:
    """Run the command with an imitated driver, or none."""
    done = subprocess.run(
        [sys.executable, "-c", TWIN, *(str(word) for word in words)],
        cwd=ROOT,
        env=driver.environment if driver else {**os.environ, "LD_LIBRARY_PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=120.0,
    )
    return done.returncode, done.stdout, done.stderr


def seen(values: Floats) -> Floats:
    """Return a GPU's readings without what is missing."""
    found: Floats = values[~np.isnan(values)]
    return found


def test_structures_are_laid_out_as_the_binding_has_them() -> None:
    assert nvml_driver._FIELD.itemsize == ctypes.sizeof(pynvml.c_nvmlFieldValue_t)
    offsets: Mapping[str, str] = {
        "id": "fieldId",
        "scope": "scopeId",
        "type": "valueType",
        "failed": "nvmlReturn",
        "value": "value",
    }
    for ours, theirs in offsets.items():
        field = nvml_driver._FIELD.fields
        assert field is not None
        assert field[ours][1] == getattr(pynvml.c_nvmlFieldValue_t, theirs).offset
    platform = pynvml.c_nvmlPlatformInfo_v2_t
    assert (platform.chassisSerialNumber.offset, platform.slotNumber.offset) == (20, 36)
    assert (platform.moduleId.offset, ctypes.sizeof(platform)) == (40, 44)


def test_every_signal_is_read_through_the_binding(driver: Imitation) -> None:
    gpu = driver.gpus[5]
    gpu.memory_temp_c, gpu.margin_k, gpu.reasons, gpu.ecc_uncorrected = 61, -3, 0x24, 2**40
    with reading(driver, 3.2) as found:
        gpu.temp_c = 77
        end_s = time.monotonic() + 3.0
        while time.monotonic() < end_s:
            gpu.nvlink_tx_kib += 1000
            gpu.pcie_rx += 2_000_000
            time.sleep(0.01)
    assert str(found["label"]) == "8 x NVIDIA H200, driver 580.95.05"
    assert found["gpu_temp_c"][-1, 5] == 77.0
    assert found["gpu_temp_c"][-1, 4] == 45.0
    assert found["memory_temp_c"][0, 5] == 61.0
    assert seen(found["gpu_margin_k"][:, 5])[0] == -3.0
    assert found["clocks_event_reasons"][0, 5] == 0x24
    assert seen(found["ecc_errors"][:, 5])[0] == 2.0**40
    assert seen(found["gpu_cap_w"][:, 5])[0] == 700.0
    sent, received = found["nvlink_tx_bytes_per_s"][:, 5], found["pcie_rx_bytes_per_s"][:, 5]
    assert 0.5 * 1.024e8 < seen(sent)[-1] < 1.1 * 1.024e8
    assert 0.5 * 2e8 < seen(received)[-1] < 1.1 * 2e8
    assert seen(found["nvlink_rx_bytes_per_s"][:, 5])[-1] == 0.0


def test_frames_come_at_the_asked_rate(driver: Imitation) -> None:
    tries: list[float] = []
    while not tries or (min(tries) > 0.005 and len(tries) < 4):  # others may use this machine
        with reading(driver, 4.0) as found:
            pass
        tries.append(jitter_s(found["time_s"], 0.1))
    assert min(tries) <= 0.005
    assert len(found["time_s"]) + found["dropped"] >= 40


def test_a_gpu_lost_and_back_leaves_no_gap_in_the_frames(driver: Imitation) -> None:
    with reading(driver, 7.0) as found:
        driver.lose(2)
        time.sleep(1.0)
        driver.give_back(2)
        wait_for(lambda: driver.gpus[2].lost == 0)
        driver.raise_xid(3, 79)
    power_w = found["gpu_power_w"]
    missing = np.isnan(power_w[:, 2])
    assert 5 <= missing.sum() < 60
    assert not missing[-1]
    assert np.isfinite(power_w[:, 0]).mean() > 0.9  # but for the moment of the new start
    assert np.diff(found["time_s"]).max() < 0.1 * (2 + found["dropped"])
    assert found["xid"][-1].tolist() == [0, 0, 0, 79, 0, 0, 0, 0]


def test_a_counter_that_is_set_back_gives_no_false_rate(driver: Imitation) -> None:
    for gpu in driver.gpus[:8]:
        gpu.pcie_tx = 10**15
    with reading(driver, 4.5) as found:
        time.sleep(1.5)
        driver.reload()
        for gpu in driver.gpus[:8]:
            gpu.pcie_tx = 0
    rates = seen(found["pcie_tx_bytes_per_s"][:, 0])
    assert rates.tolist() == [0.0] * len(rates)
    energy_j = seen(found["gpu_energy_j"][:, 0])
    assert energy_j.min() < 1e4 < energy_j.max()
    assert "has set a counter back" in found["said"]


def test_what_is_not_offered_is_no_failure(tmp_path: Path) -> None:
    old = Imitation(tmp_path / "old", 2, old_driver=True)
    lacks = NO_MEMORY_TEMP | NO_INSTANT | NO_NVLINK | NO_NVLINK5 | NO_ECC
    old.gpus[0].unsupported = lacks | NO_PLATFORM | NO_MARGIN | NO_ENERGY | NO_PCIE | NO_EVENTS
    with reading(old, 1.5) as found:
        pass
    assert found["gpu_power_w"][-1].tolist() == [300.0, 300.0]
    assert found["gpu_temp_c"][-1].tolist() == [45.0, 45.0]
    assert np.isnan(found["memory_temp_c"][:, 0]).all()
    assert found["memory_temp_c"][-1, 1] == 55.0
    assert np.isnan(found["xid"][:, 0]).all()
    assert "gpu_margin_k" not in found


def test_a_garbled_reading_is_missing(driver: Imitation) -> None:
    driver.gpus[1].garbled = 1
    with reading(driver, 1.0) as found:
        pass
    assert np.isnan(found["gpu_power_w"][:, 1]).all()
    assert np.isfinite(found["gpu_power_w"][:, 0]).all()


def test_a_recording_agrees_with_the_energy_counter(driver: Imitation, tmp_path: Path) -> None:
    for k in range(8):
        driver.draw(k, 400.0 + 10.0 * k, wave_w=100.0, wave_s=1.3 + 0.2 * k)
    out = tmp_path / "rec"
    code, told, said = twin(
        driver, "record", "--source", "nvml", "--out", out, "--for", 8, "--json"
    )
    assert code == 0, said
    report = json.loads(told)
    assert report["seconds"] == pytest.approx(7.9, abs=0.2)
    assert report["dropped"] <= 4
    recording = Recording(out)
    assert recording.manifest.closed
    assert report["rows"] == recording.rows
    assert recording.manifest.host["gpu3"].startswith("GPU-00000003")
    for gpu in recording.ids("gpu"):
        energy_s, energy_j = recording.series("gpu_energy_j", gpu)
        power_s, power_w = recording.series("gpu_power_w", gpu)
        within = (power_s >= energy_s[0]) & (power_s <= energy_s[-1])
        integral_j = np.trapezoid(power_w[within], power_s[within])
        assert integral_j == pytest.approx(energy_j[-1] - energy_j[0], rel=1e-3)


def test_an_interrupt_ends_a_recording_with_what_was_read(
    driver: Imitation, tmp_path: Path
) -> None:
    out = tmp_path / "rec"
    words = ["record", "--source", "nvml", "--out", str(out), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", TWIN, *words],
        cwd=ROOT,
        env=driver.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: (out / "manifest.json").exists())
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=30.0)
    assert process.returncode == 0
    assert json.loads(told)["rows"] > 0
    assert Recording(out).manifest.closed


def test_without_a_driver_one_line_says_what_is_missing(tmp_path: Path) -> None:
    if ctypes.util.find_library("nvidia-ml"):
        pytest.skip("this host has a driver")
    code, told, said = twin(None, "record", "--source", "nvml", "--out", tmp_path / "rec")
    assert (code, told, said.count("\n")) == (2, "", 1)
    assert "libnvidia-ml.so.1 is not on this host" in said
    assert not (tmp_path / "rec").exists()


def test_a_driver_that_is_not_loaded_is_told_from_one_that_is_not_there(
    driver: Imitation, tmp_path: Path
) -> None:
    driver.state.driver_missing = 1
    code, _, said = twin(driver, "record", "--source", "nvml", "--out", tmp_path / "rec")
    assert (code, said.count("\n")) == (2, 1)
    assert "kernel driver is not loaded" in said


def test_the_workstation_is_made_of_what_the_driver_finds(tmp_path: Path) -> None:
    host = Imitation(tmp_path / "driver", 2)
    host.gpus[0].name = host.gpus[1].name = b"NVIDIA RTX 6000 Ada Generation"
    for gpu in host.gpus[:2]:
        gpu.limit_max_mw = gpu.limit_mw = gpu.limit_default_mw = 300_000
        gpu.limit_min_mw = 100_000
    code, told, said = twin(host, "check", "workstation", "--json")
    assert code == 0, told + said
    assert json.loads(told)["gpus"] == 2
    code, told, _ = twin(host, "doctor", "--port", 0)
    assert "2 GPUs: NVIDIA RTX 6000 Ada Generation" in told
    code, told, _ = twin(host, "doctor", "--port", 0, "--source", "nvml")
    assert "ok   source: nvml answers" in told


def test_writes_need_the_right_and_are_all_logged(driver: Imitation) -> None:
    code = (
        "import pynvml as n\n"
        "n.nvmlInit(); h = n.nvmlDeviceGetHandleByIndex(1)\n"
        "for limit in (500_000, 900_000):\n"
        "    try: n.nvmlDeviceSetPowerManagementLimit(h, limit)\n"
        "    except n.NVMLError as error: print(error.value)\n"
        "try: n.nvmlDeviceSetGpuLockedClocks(h, 300, 900)\n"
        "except n.NVMLError as error: print(error.value)\n"
        "print(n.nvmlDeviceGetPowerManagementLimit(h), n.nvmlDeviceGetClockInfo(h, 1))\n"
    )

    def run() -> str:
        return subprocess.run(
            [sys.executable, "-c", code],
            env=driver.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert run().split() == ["4", "4", "4", "700000", "1755"]
    driver.state.may_write = 1
    assert run().split() == ["2", "500000", "900"]
    uuid = bytes(driver.gpus[1].uuid).decode()
    assert driver.writes()[3:] == [
        ("power_limit", uuid, 500_000, 0, 0),
        ("power_limit", uuid, 900_000, 0, 2),
        ("locked_clocks", uuid, 300, 900, 0),
    ]
    assert len(driver.writes()) == 6
    driver.reload()
    assert (driver.gpus[1].limit_mw, driver.gpus[1].locked_max_mhz) == (700_000, 0)
