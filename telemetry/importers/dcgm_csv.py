"""Tables with the columns `timestamp` and `gpu` and others named much like signals.

Written by collectors around DCGM. A column counts when it is a signal's own name, a DCGM
field's name or one of the short names below; other columns are left out.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from site_models.arrays import Flags, Floats
from site_models.errors import InputError
from telemetry.files.log_table import LogTable, first_cells
from telemetry.files.readings import Log, Readings, in_order_of_appearance, rising, without_resets
from telemetry.files.zones import UTC
from telemetry.signals import SIGNALS, on_axis
from telemetry.units import to_base

FORMAT = "dcgm-csv"

_INT32_BLANK = 0x7FFFFFF0
_INT64_BLANK = 0x7FFFFFFFFFFFFFF0
_FP64_BLANK = 140737488355328.0
"""DCGM writes a reading that it has not as one of these or a little above."""

_COLUMNS: Mapping[str, tuple[str, str]] = {
    "power_w": ("gpu_power_w", "W"),
    "temp_c": ("gpu_temp_c", "degC"),
    "mem_temp_c": ("memory_temp_c", "degC"),
    "sm_clock_mhz": ("sm_clock_hz", "MHz"),
    "mem_clock_mhz": ("memory_clock_hz", "MHz"),
    "gpu_util_pct": ("gpu_utilization", "percent"),
    "mem_util_pct": ("memory_utilization", "percent"),
    "mem_used_mib": ("memory_used_bytes", "MiB"),
    "power_limit_w": ("gpu_cap_w", "W"),
    "throttle_reasons": ("clocks_event_reasons", "mask"),
    "energy_mj": ("gpu_energy_j", "mJ"),
    "energy_j": ("gpu_energy_j", "J"),
    "nvlink_tx_bytes_s": ("nvlink_tx_bytes_per_s", "bytes/s"),
    "nvlink_rx_bytes_s": ("nvlink_rx_bytes_per_s", "bytes/s"),
    "pcie_tx_bytes_s": ("pcie_tx_bytes_per_s", "bytes/s"),
    "pcie_rx_bytes_s": ("pcie_rx_bytes_per_s", "bytes/s"),
    "DCGM_FI_DEV_POWER_USAGE": ("gpu_power_w", "W"),
    "DCGM_FI_DEV_GPU_TEMP": ("gpu_temp_c", "degC"),
    "DCGM_FI_DEV_MEMORY_TEMP": ("memory_temp_c", "degC"),
    "DCGM_FI_DEV_SM_CLOCK": ("sm_clock_hz", "MHz"),
    "DCGM_FI_DEV_MEM_CLOCK": ("memory_clock_hz", "MHz"),
    "DCGM_FI_DEV_GPU_UTIL": ("gpu_utilization", "percent"),
    "DCGM_FI_DEV_MEM_COPY_UTIL": ("memory_utilization", "percent"),
    "DCGM_FI_DEV_FB_USED": ("memory_used_bytes", "MiB"),
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": ("gpu_energy_j", "mJ"),
    "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS": ("clocks_event_reasons", "mask"),
    "DCGM_FI_DEV_ENFORCED_POWER_LIMIT": ("gpu_cap_w", "W"),
    "DCGM_FI_DEV_XID_ERRORS": ("xid", "code"),
    "DCGM_FI_PROF_SM_ACTIVE": ("sm_active", "ratio"),
    "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": ("tensor_active", "ratio"),
    "DCGM_FI_PROF_DRAM_ACTIVE": ("dram_active", "ratio"),
    "DCGM_FI_PROF_PCIE_TX_BYTES": ("pcie_tx_bytes_per_s", "bytes/s"),
    "DCGM_FI_PROF_PCIE_RX_BYTES": ("pcie_rx_bytes_per_s", "bytes/s"),
    "DCGM_FI_PROF_NVLINK_TX_BYTES": ("nvlink_tx_bytes_per_s", "bytes/s"),
    "DCGM_FI_PROF_NVLINK_RX_BYTES": ("nvlink_rx_bytes_per_s", "bytes/s"),
    **{signal.name: (signal.name, signal.unit) for signal in on_axis("gpu")},
}


def sniff(head: str, path: Path) -> bool:
    """Return whether the header has timestamp, gpu and a column that counts."""
    cells = set(first_cells(head))
    return {"timestamp", "gpu"} <= cells and not cells.isdisjoint(_COLUMNS)


def read(log: Log) -> Readings:
    """Return the GPU signals of the table; a bare number N in `gpu` becomes `gpuN`.

    Times are seconds since the epoch or ISO 8601. Raises InputError naming file and row for
    text in a number column and for a GPU's time running backwards.
    """
    table = LogTable(log)
    known = {name: _COLUMNS[name] for name in table.names if name in _COLUMNS}
    if not known:
        raise InputError(f"{log.path}: row 1: expected columns such as power_w or gpu_temp_c")
    seconds = bool(pc.all(pc.match_substring_regex(table.cells("timestamp"), r"^[\d.]*$")).as_py())
    time_us = table.times("timestamp", "s" if seconds else "iso", log.zone or UTC)
    names = [_gpu_id(cell) for cell in table.cells("gpu").to_pylist()]
    ids, place = in_order_of_appearance([log.prefix + name for name in names])
    rising(log, place, time_us, table.first_row)
    readings = Readings("gpu", ids, place, time_us, {})
    readings.rejected["half-written last row"] += table.cut
    for column, (name, unit) in known.items():
        if name in readings.values:
            raise InputError(f"{log.path}: row 1: {column}: a second column for {name}")
        written = table.numbers(column)
        blank = _blank(written, name)
        readings.rejected[f"{name} blank"] += int(blank.sum())
        value = to_base(
            SIGNALS[name], np.where(blank, np.nan, written), unit, f"{log.path}: {column}"
        )
        counts = SIGNALS[name].kind == "counter"
        readings.values[name] = without_resets(value, place) if counts else value
    return readings


def _gpu_id(cell: str) -> str:
    return f"gpu{cell}" if re.fullmatch(r"\d+", cell) else cell


def _blank(written: Floats, name: str) -> Flags:
    """Return where DCGM had no reading. Wide counts reach beyond the narrow blanks."""
    near_64 = (written >= _INT64_BLANK - 1024) & (written <= _INT64_BLANK + 1024)
    near_fp64 = (written >= _FP64_BLANK) & (written <= _FP64_BLANK + 16)
    near_32 = (written >= _INT32_BLANK) & (written <= _INT32_BLANK + 16)
    if SIGNALS[name].unit in ("J", "bytes", "bytes/s", "mask"):
        near_32[:] = False
    return near_64 | near_fp64 | near_32
