"""How verbs speak: one JSON object for programs, short lines for people."""

import math
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from site_models.errors import InputError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
SITE_HELP = "Shipped site or path of a YAML file."
SiteOption = Annotated[str, typer.Option("--site", metavar="SITE", help=SITE_HELP)]
Catalogs = Annotated[
    list[Path] | None,
    typer.Option(
        "--catalog",
        metavar="FOLDER",
        help="Equipment of your own, read before the shipped. May be repeated.",
    ),
]
Params = Annotated[
    Path | None,
    typer.Option("--params", metavar="OVERLAY", help="Parameters written by twin identify."),
]
Out = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="New folder to write.")]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="Leave out what is before: ISO 8601 or epoch s."),
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="TIME", help="Leave out what is after: ISO 8601 or epoch s."),
]


def tell(content: Mapping[str, Any] | list[Any], lines: Iterable[str], as_json: bool) -> None:
    """Print a report: the object, or the lines."""
    if as_json:
        sys.stdout.buffer.write(
            orjson.dumps(_plain(content), option=orjson.OPT_SERIALIZE_NUMPY) + b"\n"
        )
        sys.stdout.buffer.flush()
    else:
        for line in lines:
            typer.echo(line)


def complain(message: str) -> None:
    """Say on stderr, in one line, why a verb did not do all it was asked."""
    sys.stderr.write(f"twin: {' '.join(message.split())}\n")


def positive(option: str, value: float) -> float:
    """Return the value of an option; InputError unless it is above zero."""
    if not value > 0.0:
        raise InputError(f"{option}: expected a number above 0, got {value:g}")
    return value


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return rows as aligned columns under their heads."""
    listed = [heads, *rows]
    widths = [max(len(row[column]) for row in listed) for column in range(len(heads))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in listed
    ]


def markdown(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return rows as a Markdown table."""
    listed = [heads, tuple("---" for _ in heads), *rows]
    return ["| " + " | ".join(row) + " |" for row in listed]


def time_of(option: str, text: str | None, otherwise: float) -> float:
    """Return epoch seconds of an option: a number or an ISO 8601 time, UTC unless it says."""
    if text is None:
        return otherwise
    try:
        time_s = float(text)
    except ValueError:
        pass
    else:
        if math.isfinite(time_s):
            return time_s
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        said = f"{option}: {text!r}, expected epoch seconds or an ISO 8601 time"
        raise InputError(said) from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def iso(time_s: float) -> str:
    """Return a time as ISO 8601 in UTC; empty for none."""
    return "" if math.isnan(time_s) else datetime.fromtimestamp(time_s, UTC).isoformat()


def _plain(value: Any) -> Any:
    """Return JSON values: numbers that are not finite become null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
