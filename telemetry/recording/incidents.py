"""What befell a recording, in a file beside it that anyone can read: `incidents.jsonl`."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

INCIDENTS_NAME = "incidents.jsonl"


class Incident(NamedTuple):
    """One line of the file: what was lost, between which times of the recording, and why."""

    kind: str
    """`killed`, `full` or `slow`."""
    after: str | None
    """Last recorded time before it, ISO 8601 UTC; None where nothing was recorded."""
    until: str | None
    """First recorded time after it; None where that is not known yet."""
    why: str


def note(folder: Path, incident: Incident) -> None:
    """Append a line for good; OSError where it cannot be written."""
    path = folder / INCIDENTS_NAME
    line = f"{json.dumps(incident._asdict())}\n".encode()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def noted(folder: Path) -> Iterator[Incident]:
    """Yield the incidents of a recording; a line cut short by a kill is left out."""
    try:
        lines = (folder / INCIDENTS_NAME).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in lines.splitlines():
        try:
            yield Incident(**json.loads(line))
        except (ValueError, TypeError):
            continue


def said(incident: Incident) -> str:
    """Return an incident in one line."""
    span = f"after {incident.after}" if incident.after else "before the first row"
    until = f" until {incident.until}" if incident.until else ""
    return f"{incident.kind}: {span}{until}: {incident.why}"
