"""How much of a recording is kept: the oldest parts go first, raw and rollups apart."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from site_models.errors import InputError
from telemetry.recording.listing import Entry

_LIMIT = re.compile(r"(\d+(?:\.\d+)?)(min|h|d|MB|GB|TB)")
_SECONDS = {"min": 60.0, "h": 3600.0, "d": 86_400.0}
_BYTES = {"MB": 1e6, "GB": 1e9, "TB": 1e12}


@dataclass(frozen=True, slots=True)
class Limit:
    """How old parts may grow, and how large together; infinite: as they like."""

    age_s: float = math.inf
    size_bytes: float = math.inf


@dataclass(frozen=True, slots=True)
class Keep:
    """The limits of a recording: of the readings, and of the rollups beside them."""

    raw: Limit = Limit()
    rollups: Limit = Limit()


def limit_of(option: str, text: str) -> Limit:
    """Return a limit from words as `7d`, `50GB` or `7d,50GB`; InputError for others."""
    age_s, size_bytes = math.inf, math.inf
    for word in text.split(",") if text else ():
        found = _LIMIT.fullmatch(word.strip())
        if found is None or float(found[1]) <= 0.0:
            raise InputError(
                f"{option}: {text!r}, expected an age (min, h, d), a size (MB, GB, TB) or both,"
                " as 7d,50GB"
            )
        if found[2] in _SECONDS:
            age_s = min(age_s, float(found[1]) * _SECONDS[found[2]])
        else:
            size_bytes = min(size_bytes, float(found[1]) * _BYTES[found[2]])
    return Limit(age_s, size_bytes)


def surplus(entries: Sequence[Entry], keep: Keep, now_us: int) -> tuple[Entry, ...]:
    """Return the parts that are beyond the limits at `now_us`, the newest frame's time.

    A part is too old when all of it is. Checked in
    ``tests/telemetry/recording/test_recording_retention.py``.
    """
    raw = [entry for entry in entries if entry.is_raw]
    rollups = [entry for entry in entries if not entry.is_raw]
    return (*_beyond(raw, keep.raw, now_us), *_beyond(rollups, keep.rollups, now_us))


def _beyond(entries: Sequence[Entry], limit: Limit, now_us: int) -> Iterator[Entry]:
    size_bytes = sum(entry.size_bytes for entry in entries)
    for entry in sorted(entries, key=lambda entry: (entry.end_us, entry.part.path)):
        too_old = (now_us - entry.end_us) / 1e6 > limit.age_s
        if not too_old and size_bytes <= limit.size_bytes:
            return
        size_bytes -= entry.size_bytes
        yield entry
