"""Local times of logs become microseconds of UTC."""

import datetime
import re
from datetime import timedelta, timezone, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from site_models.arrays import Ints
from site_models.errors import InputError

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")


class Zone(NamedTuple):
    """A time zone as it was named: UTC, +HH:MM east of it, or a place such as Europe/Rome."""

    name: str
    rules: tzinfo


UTC = Zone("UTC", datetime.UTC)


def zone_of(name: str, where: str = "--zone") -> Zone:
    """Return the zone of a name; InputError for an unknown one."""
    if name in ("UTC", "Z", "utc"):
        return UTC
    offset = _OFFSET.fullmatch(name)
    if offset:
        sign = -1 if offset[1] == "-" else 1
        minutes = sign * (int(offset[2]) * 60 + int(offset[3]))
        if abs(minutes) < 24 * 60:
            return Zone(name, timezone(timedelta(minutes=minutes)))
    else:
        try:
            return Zone(name, ZoneInfo(name))
        except (KeyError, OSError, ValueError):
            pass
    raise InputError(
        f"{where}: unknown zone {name!r}, expected UTC, +HH:MM or a name such as Europe/Rome"
    )


def west_of_utc(seconds: float) -> Zone:
    """Return the fixed zone that lies `seconds` west of UTC, as C's `timezone` counts."""
    return Zone(f"{-seconds:+g} s", timezone(timedelta(seconds=-seconds)))


def to_utc(local_us: Ints, zone: Zone) -> Ints:
    """Return UTC for local times, both in microseconds since the epoch. Shape: as given.

    Of a local time that occurs twice the earlier is meant; one that is skipped counts from
    the hour's end.
    """
    if isinstance(zone.rules, ZoneInfo):
        naive = pa.array(local_us, pa.timestamp("us"))
        known = pc.assume_timezone(naive, zone.name, ambiguous="earliest", nonexistent="latest")
        return np.asarray(known.cast(pa.int64()))
    offset = zone.rules.utcoffset(None) or timedelta(0)
    return local_us - offset // timedelta(microseconds=1)
