"""`twin show`: what a recording holds."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from dashboards.report import Json, iso, table, tell
from telemetry.recording import Recording
from telemetry.samples import sample

GAP_FACTOR = 5.0
"""A pause this many times the usual interval is a gap."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("show")(show)


def show(
    recording: Annotated[
        Path, typer.Argument(metavar="REC", help="Folder of a recording, or pilot-demo.")
    ],
    json: Json = False,
) -> None:
    """Say what a recording holds: signals, ids, span, gaps, rollups, losses."""
    stored = Recording(sample(str(recording)) or recording)
    axes = {
        axis: {"ids": list(stored.ids(axis)), "signals": list(stored.signals(axis))}
        for axis in stored.axes
    }
    span_s = stored.end_s - stored.start_s if stored.rows else 0.0
    gaps = gaps_of(stored)
    manifest = stored.manifest
    content = {
        "axes": axes,
        "rows": stored.rows,
        "start_s": stored.start_s,
        "end_s": stored.end_s,
        "span_s": span_s,
        "gaps": gaps,
        "site": manifest.site,
        "source": manifest.source,
        "closed": manifest.closed,
        "notes": list(stored.notes),
        "rollups": stored.rollups,
        "lost": list(stored.losses),
    }
    lines = [
        f"{recording}: {stored.rows} rows over {span_s:.0f} s from {iso(stored.start_s)}",
        f"source: {manifest.source}" + (f", site {manifest.site}" if manifest.site else ""),
        "ended cleanly" if manifest.closed else "not ended cleanly",
        *stored.notes,
        *(f"lost: {loss}" for loss in stored.losses),
        *table(
            ("axis", "ids", "signals"),
            ((a, str(len(h["ids"])), ", ".join(h["signals"])) for a, h in axes.items()),
        ),
        *(f"rollup {name}: {rows} rows" for name, rows in stored.rollups.items()),
        *(f"gap of {g['gap_s']:.0f} s on {g['axis']} from {iso(g['from_s'])}" for g in gaps[:20]),
    ]
    tell(content, lines, json)


def gaps_of(stored: Recording) -> list[dict[str, Any]]:
    """Return pauses in the first id of each axis that are far longer than its usual interval."""
    found = []
    for axis in stored.axes:
        first, signals = stored.ids(axis)[0], stored.signals(axis)
        if not signals:
            continue
        time_s, _ = stored.series(signals[0], first)
        interval_s = np.diff(time_s)
        if len(interval_s) < 2:
            continue
        wide = np.flatnonzero(interval_s > GAP_FACTOR * float(np.median(interval_s)))
        found += [
            {"axis": axis, "from_s": float(time_s[i]), "gap_s": float(interval_s[i])} for i in wide
        ]
    return found
