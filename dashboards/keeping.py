"""How much of a recording stays: the options of verbs that record for long."""

from typing import Annotated

import typer

from telemetry.recording.retention import Keep, limit_of

_WORDS = "Age, size or both, as 7d,50GB; the oldest parts go first. All of it if not given."
KeepRaw = Annotated[
    str | None, typer.Option("--keep-raw", metavar="LIMIT", help=f"Of readings. {_WORDS}")
]
KeepRollups = Annotated[
    str | None,
    typer.Option("--keep-rollups", metavar="LIMIT", help="The same of the rollups per rack."),
]


def keep_of(raw: str | None, rollups: str | None) -> Keep:
    """Return the limits; InputError, one line, for words that are none."""
    return Keep(limit_of("--keep-raw", raw or ""), limit_of("--keep-rollups", rollups or ""))
