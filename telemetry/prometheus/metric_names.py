"""Metric names of other exporters, each with the signal and the unit that it stands for.

The table is versioned by generation: dcgm-exporter 4.9 renamed its metrics and changed the
unit of eleven, so a name says which generation it is of, and no unit is ever guessed. Names
of this project's own signals are taken as they are, in base units.
"""

import csv
import functools
import re
from collections.abc import Mapping
from importlib import resources
from typing import NamedTuple

from telemetry.signals import SIGNALS
from telemetry.units import UNITS

BLANK_FROM = 1e18
"""Larger integers are DCGM's blanks (2^63 less a few: not supported, not found, no right)."""
BLANKS_32 = (2147483632.0, 2147483646.0)
"""The 32-bit blanks lie between these."""

SPELLED: Mapping[str, str] = {
    "C": "degC",
    "°C": "degC",
    "celsius": "degC",
    "%": "percent",
    "watts": "W",
    "joules": "J",
    "hertz": "Hz",
    "MB": "MiB",
    "bytes per second": "bytes/s",
    "B/s": "bytes/s",
}
"""How help texts spell units, where they differ from ours."""

_HELP_UNIT = re.compile(r"\(in ([^)]+)\)")


class Metric(NamedTuple):
    """What a metric of a name stands for: base value = reading * scale + offset."""

    signal: str
    unit: str
    scale: float
    offset: float


@functools.cache
def metrics() -> Mapping[str, Metric]:
    """Return every known metric by its name.

    Checked in ``tests/telemetry/prometheus/test_metric_names.py``.
    """
    known = {name: Metric(name, signal.unit, 1.0, 0.0) for name, signal in SIGNALS.items()}
    text = resources.files("telemetry.tables").joinpath("dcgm_names.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        unit = UNITS[row["unit"]]
        known[row["name"]] = Metric(row["signal"], row["unit"], unit.scale, unit.offset)
    return known


def refused_unit(metric: Metric, help_text: str) -> str | None:
    """Return the unit that a help text states if it is another than the table's, else None.

    A help text that states no unit is no objection.
    """
    found = _HELP_UNIT.search(help_text)
    if found is None:
        return None
    said = found.group(1).strip()
    unit = SPELLED.get(said, said)
    return None if unit == metric.unit else said
