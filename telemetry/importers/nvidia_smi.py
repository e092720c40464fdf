"""Tables of ``nvidia-smi --query-gpu=... --format=csv``, units in the header or the cells.

A log without header (``noheader``) is read only if its cells are laid out as ``timestamp,
utilization.gpu, utilization.memory, memory.used, memory.total, temperature.gpu,
power.draw`` with their units: a timestamp, %, %, MiB, MiB, a bare number, W. Any other
needs a map.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from site_models.arrays import Floats
from site_models.errors import InputError
from telemetry.files.log_table import LogTable, first_cells
from telemetry.files.readings import Log, Readings, in_order_of_appearance, rising, without_resets
from telemetry.files.zones import UTC
from telemetry.signals import SIGNALS
from telemetry.units import to_base

FORMAT = "nvidia-smi"

_FIELDS: Mapping[str, tuple[str, str, str]] = {
    "power.draw.instant": ("gpu_power_w", "W", "W"),
    "power.draw": ("gpu_power_w", "W", "W"),
    "power.draw.average": ("gpu_power_avg_w", "W", "W"),
    "power.limit": ("gpu_cap_w", "W", "W"),
    "enforced.power.limit": ("gpu_cap_w", "W", "W"),
    "temperature.gpu": ("gpu_temp_c", "degC", ""),
    "temperature.memory": ("memory_temp_c", "degC", ""),
    "temperature.gpu.tlimit": ("gpu_margin_k", "K", ""),
    "clocks.sm": ("sm_clock_hz", "MHz", "MHz"),
    "clocks.current.sm": ("sm_clock_hz", "MHz", "MHz"),
    "clocks.mem": ("memory_clock_hz", "MHz", "MHz"),
    "clocks.current.memory": ("memory_clock_hz", "MHz", "MHz"),
    "utilization.gpu": ("gpu_utilization", "percent", "%"),
    "utilization.memory": ("memory_utilization", "percent", "%"),
    "memory.used": ("memory_used_bytes", "MiB", "MiB"),
    "clocks_event_reasons.active": ("clocks_event_reasons", "mask", ""),
    "clocks_throttle_reasons.active": ("clocks_event_reasons", "mask", ""),
    "ecc.errors.uncorrected.volatile.total": ("ecc_errors", "code", ""),
}
"""Field: signal, its unit, the unit as nvidia-smi writes it. The first found of a signal
counts: on devices since Ampere `power.draw` is a mean over a second, `instant` is not."""

_ID_FIELDS = ("index", "gpu_uuid", "uuid", "gpu_bus_id", "pci.bus_id")
_BARE_LAYOUT = (
    "timestamp",
    "utilization.gpu",
    "utilization.memory",
    "memory.used",
    "memory.total",
    "temperature.gpu",
    "power.draw",
)
_DATE = r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d+"
_BARE = re.compile(rf"{_DATE}, *\d+ %, *\d+ %, *\d+ MiB, *\d+ MiB, *\d+, *[\d.]+ W\s*$", re.M)


def sniff(head: str, path: Path) -> bool:
    """Return whether the text is such a table, or one without header in the known layout."""
    fields = {_field(cell) for cell in first_cells(head)}
    known = "timestamp" in fields and not fields.isdisjoint(_FIELDS)
    return known or _BARE.match(head) is not None


def read(log: Log) -> Readings:
    """Return the GPU signals of the table.

    A GPU is `gpuN` of its index, or its UUID or bus id; a table with none of these is of one
    GPU, `gpu0`. Raises InputError naming file and row for text in a number column and for a
    GPU's time running backwards.
    """
    if _BARE.match(log.text):
        table = LogTable(log, header=_BARE_LAYOUT)
    elif sniff(log.text, log.path):
        table = LogTable(log)
    else:
        raise InputError(
            f"{log.path}: row 1: expected a header with timestamp and fields such as power.draw; "
            "a table without header needs --format csv --map MAP.yaml"
        )
    columns = {_field(name): name for name in table.names}
    time_us = table.times(columns["timestamp"], "iso", log.zone or UTC)
    ids, place = in_order_of_appearance([log.prefix + name for name in _gpu_ids(table, columns)])
    rising(log, place, time_us, table.first_row)
    readings = Readings("gpu", ids, place, time_us, {})
    readings.rejected["half-written last row"] += table.cut
    for field, (name, unit, written) in _FIELDS.items():
        if field in columns and name not in readings.values:
            column = columns[field]
            numbers = _mask(table, column) if unit == "mask" else None
            if numbers is None:
                numbers = table.numbers(column, unit=written)
            where = f"{log.path}: {column}"
            value = to_base(SIGNALS[name], numbers, unit, where)
            counts = SIGNALS[name].kind == "counter"
            readings.values[name] = without_resets(value, place) if counts else value
    return readings


def _field(column: str) -> str:
    """Return a column's field: the name without its unit in brackets."""
    return re.sub(r"\s*\[.*\]$", "", column.strip())


def _gpu_ids(table: LogTable, columns: Mapping[str, str]) -> list[str]:
    for field in _ID_FIELDS:
        if field in columns:
            cells = table.cells(columns[field]).to_pylist()
            return [f"gpu{cell}" if field == "index" else cell for cell in cells]
    return ["gpu0"] * len(table)


def _mask(table: LogTable, column: str) -> Floats:
    """Return a column of hexadecimal masks as numbers; NaN where it is none."""
    cells = table.cells(column)
    distinct = pc.unique(cells)
    numbers = [
        float(int(text, 16)) if re.fullmatch(r"0x[0-9A-Fa-f]+", text) else np.nan
        for text in distinct.to_pylist()
    ]
    place = np.asarray(pc.index_in(cells, distinct), np.int64)
    return np.array(numbers, np.float64)[place]
