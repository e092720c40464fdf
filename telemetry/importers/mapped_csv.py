"""Any table of comma-separated text, by a map that says what its columns mean."""

from pathlib import Path

import numpy as np

from site_models.errors import InputError
from telemetry.files.log_table import LogTable
from telemetry.files.readings import Log, Readings, in_order_of_appearance, rising, without_resets
from telemetry.files.zones import UTC, zone_of
from telemetry.signals import SIGNALS
from telemetry.units import to_base

FORMAT = "csv"


def sniff(head: str, path: Path) -> bool:
    """Return False: a table means nothing without a map."""
    return False


def read(log: Log) -> Readings:
    """Return the readings that the map names.

    Raises InputError naming the file and the column or row: no map, a column that is not
    there, text in a number column, an id's time running backwards.
    """
    if log.map is None:
        raise InputError(f"{log.path}: format csv needs a map, expected --map MAP.yaml")
    table, chart = LogTable(log), log.map
    zone = zone_of(chart.time.zone, "time.zone") if chart.time.zone else log.zone or UTC
    time_us = table.times(chart.time.column, chart.time.unit, zone)
    if chart.id.column is None:
        ids: tuple[str, ...] = (str(chart.id.value),)
        place = np.zeros(len(table), np.int64)
    else:
        names = table.cells(chart.id.column).to_pylist()
        ids, place = in_order_of_appearance([chart.id.prefix + name for name in names])
    rising(log, place, time_us, table.first_row)
    readings = Readings(chart.axis, ids, place, time_us, {})
    readings.rejected["half-written last row"] += table.cut
    for name, entry in chart.signals.items():
        column = table.numbers(entry.column, chart.missing)
        where = f"{log.path}: signals.{name}"
        value = to_base(SIGNALS[name], column, entry.unit, where, entry.density_kg_per_m3)
        counts = entry.counter or SIGNALS[name].kind == "counter"
        readings.values[name] = without_resets(value, place) if counts else value
    return readings
