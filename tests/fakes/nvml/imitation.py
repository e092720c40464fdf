"""The imitated driver from Python: building it, its state in a mapped file, its log of writes."""

import ctypes
import mmap
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from site_models.arrays import Floats

SOURCE = Path(__file__).with_name("imitation.c")
MOST_GPUS = 16
MAGIC = 0x4C4D564E
STATE_VARIABLE, LOG_VARIABLE = "NVML_IMITATION_STATE", "NVML_IMITATION_LOG"

NO_MEMORY_TEMP, NO_INSTANT, NO_NVLINK, NO_NVLINK5, NO_ECC = 1, 2, 4, 8, 16
NO_PLATFORM, NO_MARGIN, NO_ENERGY, NO_PCIE, NO_EVENTS = 32, 64, 128, 256, 512
"""Bits of `unsupported`."""
GONE, BACK_AFTER_INIT = 1, 2
"""Values of `lost`: gone until told otherwise; back, but seen only after the next init."""

_u32, _u64, _i32, _f64 = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int32, ctypes.c_double


class Gpu(ctypes.Structure):
    """`struct gpu` of imitation.c: what one device answers."""

    _fields_ = (
        ("uuid", ctypes.c_char * 48),
        ("name", ctypes.c_char * 64),
        ("bus_id", ctypes.c_char * 32),
        ("serial", ctypes.c_char * 32),
        ("chassis", ctypes.c_char * 16),
        *((name, _f64) for name in ("wave_mw", "wave_s", "since_s")),
        *((name, _u64) for name in ("energy_mj", "reasons", "memory_total", "memory_used")),
        *((name, _u64) for name in ("ecc_uncorrected", "nvlink_tx_kib", "nvlink_rx_kib")),
        *((name, _u64) for name in ("nvlink5_tx", "nvlink5_rx", "pcie_tx", "pcie_rx")),
        *((name, _u32) for name in ("power_mw", "average_mw", "temp_c", "memory_temp_c")),
        *((name, _i32) for name in ("margin_k", "slowdown_tlimit", "shutdown_tlimit")),
        *((name, _u32) for name in ("sm_mhz", "memory_mhz", "sm_max_mhz", "memory_max_mhz")),
        *((name, _u32) for name in ("utilization", "memory_utilization")),
        *((name, _u32) for name in ("limit_mw", "limit_min_mw", "limit_max_mw")),
        *((name, _u32) for name in ("limit_default_mw", "locked_min_mhz", "locked_max_mhz")),
        *((name, _u32) for name in ("slot", "tray", "host", "module")),
        *((name, _u32) for name in ("lost", "lost_at_init", "xid", "xid_serial")),
        *((name, _u32) for name in ("unsupported", "hang_us", "garbled")),
    )


class State(ctypes.Structure):
    """`struct state` of imitation.c."""

    _fields_ = (
        *((name, _u32) for name in ("magic", "count", "may_write")),
        *((name, _u32) for name in ("inits", "running", "driver_missing")),
        ("driver", ctypes.c_char * 32),
        ("gpus", Gpu * MOST_GPUS),
    )


H200: Mapping[str, Any] = {
    "name": b"NVIDIA H200",
    "power_mw": 300_000,
    "average_mw": 299_000,
    "temp_c": 45,
    "memory_temp_c": 55,
    "margin_k": 42,
    "slowdown_tlimit": -2,
    "shutdown_tlimit": -8,
    "sm_mhz": 1755,
    "memory_mhz": 3201,
    "sm_max_mhz": 1980,
    "memory_max_mhz": 3201,
    "utilization": 80,
    "memory_utilization": 40,
    "memory_total": 140 * 1024**3,
    "memory_used": 20 * 1024**3,
    "limit_mw": 700_000,
    "limit_min_mw": 200_000,
    "limit_max_mw": 700_000,
    "limit_default_mw": 700_000,
    "energy_mj": 5_000_000_000,
    "unsupported": NO_NVLINK5,
}
"""A server board in mid-load; `energy_mj` is what was counted before."""


class Imitation:
    """A library that imitates the driver, built into a folder, and the state it answers from.

    Other processes see it through `environment`; `gpus[k].temp_c = 80` is seen at once.
    """

    def __init__(self, folder: Path, count: int = 8, *, old_driver: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.log_path = folder, folder / "writes.log"
        self._build(old_driver)
        path = folder / "state"
        path.write_bytes(bytes(ctypes.sizeof(State)))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self.state = State.from_buffer(self._map)
        self.state.magic, self.state.count, self.state.driver = MAGIC, count, b"580.95.05"
        for k in range(count):
            self._place(k)

    def _build(self, old_driver: bool) -> None:
        flags = ["-DOLD_DRIVER"] if old_driver else []
        target = self.folder / "libnvidia-ml.so.1"
        words = ["gcc", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", *flags]
        words += ["-Wl,-soname,libnvidia-ml.so.1", "-o", str(target), str(SOURCE), "-lm"]
        subprocess.run(words, check=True)

    def _place(self, k: int) -> None:
        gpu = self.state.gpus[k]
        gpu.uuid = f"GPU-{k:08x}-1111-2222-3333-444444444444".encode()
        gpu.bus_id = f"00000000:{0x1B + 0x10 * k:02X}:00.0".encode()
        gpu.serial, gpu.chassis = f"16{k:011d}".encode(), b"1820325000042"
        gpu.slot, gpu.tray, gpu.host, gpu.module = 3, 2, 1, k + 1
        for name, value in H200.items():
            setattr(gpu, name, value)
        gpu.since_s = time.monotonic()

    @property
    def gpus(self) -> Any:
        """What each device answers; assign to its fields."""
        return self.state.gpus

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which a process finds this driver and no other."""
        return {
            **os.environ,
            "LD_LIBRARY_PATH": str(self.folder),
            STATE_VARIABLE: str(self.folder / "state"),
            LOG_VARIABLE: str(self.log_path),
        }

    def draw(self, k: int, power_w: float, wave_w: float = 0.0, wave_s: float = 0.0) -> None:
        """Let a GPU draw a power from now on, with a sine on top; its counter follows."""
        gpu, now_s = self.state.gpus[k], time.monotonic()
        if gpu.wave_s <= 0.0:
            gpu.energy_mj += int(min(gpu.power_mw, gpu.limit_mw) * (now_s - gpu.since_s))
        gpu.since_s, gpu.power_mw = now_s, int(1e3 * power_w)
        gpu.wave_mw, gpu.wave_s = 1e3 * wave_w, wave_s

    def lose(self, k: int) -> None:
        """Let a GPU fall off the bus."""
        self.state.gpus[k].lost = GONE

    def give_back(self, k: int) -> None:
        """Let a lost GPU return; as with the real driver a new init is needed to see it."""
        self.state.gpus[k].lost_at_init = self.state.inits
        self.state.gpus[k].lost = BACK_AFTER_INIT

    def raise_xid(self, k: int, xid: int) -> None:
        """Let the driver report an Xid."""
        self.state.gpus[k].xid = xid
        self.state.gpus[k].xid_serial += 1

    def reload(self) -> None:
        """Do what a driver reload does: power limits and clocks return to their defaults."""
        for gpu in self.state.gpus[: self.state.count]:
            gpu.limit_mw = gpu.limit_default_mw
            gpu.locked_min_mhz = gpu.locked_max_mhz = 0
            gpu.energy_mj, gpu.since_s = 0, time.monotonic()

    def writes(self) -> list[tuple[str, str, int, int, int]]:
        """Return every write so far: what, uuid, two numbers, and the result; refused ones too."""
        if not self.log_path.exists():
            return []
        lines = [line.split() for line in self.log_path.read_text().splitlines()]
        return [(what, uuid, int(a), int(b), int(r)) for _, what, uuid, a, b, r in lines]


def jitter_s(time_s: Floats, every_s: float) -> float:
    """Return the 99th percentile of how far frames lie from the grid that fits them best."""
    off_s = time_s - time_s[0] - every_s * np.rint((time_s - time_s[0]) / every_s)
    return float(np.percentile(np.abs(off_s - np.median(off_s)), 99.0))
