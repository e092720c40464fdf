"""Wall power from the log of SPEC PTDaemon, as MLPerf submissions carry it (`spl.txt`).

Lines read ``Time,MM-DD-YYYY HH:MM:SS.mmm,Watts,W,Volts,V,Amps,A,PF,x,Mark,text`` and go on
with the analyser's channels; the first Watts is their sum.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from site_models.arrays import Ints
from site_models.errors import InputError
from telemetry.files.log_table import LogTable, first_cells
from telemetry.files.readings import Log, Readings, rising
from telemetry.files.zones import UTC, Zone, to_utc, west_of_utc

FORMAT = "spec-ptd"

_SESSION_SLACK_S = 120.0


def sniff(head: str, path: Path) -> bool:
    """Return whether the text begins as such a log does."""
    return re.match(r"Time,\d\d-\d\d-\d{4} \d\d:\d\d:\d\d\.\d+,Watts,", head) is not None


def read(log: Log) -> Readings:
    """Return `node_power_w` of the log's node.

    Raises InputError naming the row that is no reading, or whose time runs backwards.
    Checked against an independent integration of every shipped run in
    ``tests/telemetry/importers/test_import_measured.py``.
    """
    columns = len(first_cells(log.text))
    table = LogTable(log, header=[str(k) for k in range(columns)])
    for column, word in (("0", "Time"), ("2", "Watts")):
        strange = pc.not_equal(table.cells(column), word)
        if pc.any(strange).as_py():
            row = int(np.flatnonzero(np.asarray(strange))[0]) + 1
            raise InputError(f"{log.path}: row {row}: expected {word} in cell {int(column) + 1}")
    local_us = _local_times(table)
    time_us = to_utc(local_us, log.zone or stated_zone(log.path, local_us))
    place = np.zeros(len(table), np.int64)
    rising(log, place, time_us, 1)
    values = {"node_power_w": table.numbers("3", called="Watts")}
    readings = Readings("node", (log.node,), place, time_us, values)
    readings.rejected["half-written last row"] += table.cut
    return readings


def _local_times(table: LogTable) -> Ints:
    """Return the times as written. The month comes first, unless that makes no dates or the
    Mark, which begins with the session's date, says otherwise.
    """
    cells = table.cells("1")
    orders = [r"\3-\1-\2 ", r"\3-\2-\1 "]
    if pc.any(pc.match_substring_regex(cells, r"^(1[3-9]|[23]\d)-")).as_py():
        orders.pop(0)
    elif pc.any(pc.match_substring_regex(cells, r"^\d\d-(1[3-9]|[23]\d)-")).as_py():
        orders.pop(1)
    read_as = [_as_dates(table, cells, order) for order in orders]
    marked_us = _marked_day(table)
    return min(read_as, key=lambda times: abs(int(times[0]) - marked_us) if marked_us else 0)


def _as_dates(table: LogTable, cells: pa.Array, order: str) -> Ints:
    iso = pc.replace_substring_regex(cells, r"^(\d\d)-(\d\d)-(\d{4}) ", order)
    return table.as_times(iso, "Time", UTC)


def _marked_day(table: LogTable) -> int:
    """Return the session's date in microseconds since the epoch; 0 if there is none."""
    if len(table.names) > 11:
        found = re.match(r"(\d{4}-\d\d-\d\d)_", table.cells("11")[0].as_py())
        if found:
            return int(np.datetime64(found[1], "us").astype(np.int64))
    return 0


def stated_zone(path: Path, local_us: Ints) -> Zone:
    """Return the zone that the session's `server.json` beside a log states; UTC without one.

    That file says how far west of UTC the server stood, and when, in UTC, each phase of the
    session began and ended. Many analysers write UTC whatever the server's zone: when the
    log lies within a session's phase read as UTC, and not read in the stated zone, UTC is
    what was meant. So it is for all 58 runs of MLPerf Inference v3.0 and v4.1 that this was
    checked on.
    """
    for folder in (path.parent, path.parent.parent / "power", path.parent / "power"):
        try:
            session = json.loads((folder / "server.json").read_text(encoding="utf-8"))
            stated = west_of_utc(float(session["timezone"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        phases = _phases(session.get("messages", []))
        if not _lies_in(to_utc(local_us, stated), phases) and _lies_in(local_us, phases):
            return UTC
        return stated
    return UTC


def _phases(messages: Sequence[Any]) -> list[tuple[float, float]]:
    """Return start and end [s, UTC] of each phase that a session's messages tell."""
    begun: dict[str, float] = {}
    phases = []
    for message in messages:
        command = str(message.get("cmd", "")).split(",")
        if command[0] == "session" and len(command) == 4:
            at_s = float(message["cmd_time"])
            if command[2] == "start":
                begun[command[3]] = at_s
            elif command[3] in begun:
                phases.append((begun[command[3]], at_s))
    return phases


def _lies_in(time_us: Ints, phases: Sequence[tuple[float, float]]) -> bool:
    first_s, last_s = float(time_us[0]) / 1e6, float(time_us[-1]) / 1e6
    return any(
        start_s - _SESSION_SLACK_S <= first_s and last_s <= end_s + _SESSION_SLACK_S
        for start_s, end_s in phases
    )
