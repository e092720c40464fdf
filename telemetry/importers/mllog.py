"""Node power from MLPerf Training logs: ``:::MLLOG`` lines with the key `power_reading`."""

import re
from pathlib import Path

import numpy as np

from site_models.errors import InputError
from telemetry.files.readings import Log, Readings, rising

FORMAT = "mllog"

_READING = re.compile(
    r'^:::MLLOG .*?"time_ms": *(\d+).*?"key": *"power_reading", *"value": *"?'
    r"(null|-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\"? *[,}].*$",
    re.MULTILINE,
)
_SIDE = re.compile(r"(?<![a-z])(ac|dc)(?![a-z])")


def sniff(head: str, path: Path) -> bool:
    """Return whether the text has such lines."""
    return ":::MLLOG" in head


def read(log: Log) -> Readings:
    """Return the power of the log's node, negative readings left out and counted.

    It is `node_dc_power_w` where the path speaks of dc (``smc-dc-power/...``), the nearest
    folder to the file first, and `node_power_w`, at the wall, elsewhere; a map's only
    signal goes before both. Times are UTC. Raises InputError naming the row of a reading
    that is no number or whose time runs backwards.
    """
    found = _READING.findall(log.text)
    if len(found) != log.text.count('"power_reading"'):
        _complain(log)
    if not found:
        raise InputError(f"{log.path}: expected :::MLLOG lines with the key power_reading")
    time_ms, power_w = np.array(found).T
    time_us = time_ms.astype(np.int64) * 1000
    place = np.zeros(len(found), np.int64)
    rising(log, place, time_us, 1)
    power = np.where(power_w == "null", "nan", power_w).astype(np.float64)
    readings = Readings("node", (log.node,), place, time_us, {})
    negative = power < 0.0
    readings.rejected["negative power"] += int(negative.sum())
    readings.values[_signal(log)] = np.where(negative, np.nan, power)
    return readings


def _signal(log: Log) -> str:
    if log.map is not None:
        return next(iter(log.map.signals))
    sides = _SIDE.findall(str(log.path.resolve()).lower())
    return "node_dc_power_w" if sides and sides[-1] == "dc" else "node_power_w"


def _complain(log: Log) -> None:
    """Raise InputError for the first reading that is none."""
    for row, line in enumerate(log.text.splitlines(), start=1):
        if '"power_reading"' in line and not _READING.match(line):
            raise InputError(
                f"{log.path}: row {row}: expected time_ms and a number as value of power_reading"
            )
