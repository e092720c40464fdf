"""The compiled pass over a decompressed remote-write body: counts, samples, fingerprints.

Every function takes the body's bytes and a place in them. The message's make-up stands in
`telemetry/prometheus/remote_write_wire.py`, where the results become arrays and complaints.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from site_models.arrays import Ints

F = TypeVar("F", bound=Callable[..., Any])
Bytes = NDArray[np.uint8]
Prints = NDArray[np.uint64]

WELL, CUT_SHORT, MALFORMED = 0, 1, 2
WIRE_FIXED64, WIRE_BYTES, WIRE_FIXED32 = 1, 2, 5
OPTIONS: dict[str, Any] = {
    "cache": True,
    "error_model": "numpy",
    "forceinline": True,
    "nogil": True,
    "_nrt": False,
}
"""Nothing here makes or returns an array, so nobody counts who holds one: a third of the work."""


def _compiled(function: F) -> F:
    return cast(F, numba.njit(**OPTIONS)(function))


@_compiled
def varint(raw: Bytes, at: int) -> tuple[int, int]:
    """Return a number and the place after it; the place is -1 where the bytes end first."""
    value, shift = np.uint64(0), np.uint64(0)
    for _ in range(10):
        if at >= raw.size:
            return 0, -1
        byte = np.uint64(raw[at])
        value |= (byte & np.uint64(0x7F)) << shift
        at += 1
        if byte < np.uint64(0x80):
            return int(np.int64(value)), at
        shift += np.uint64(7)
    return 0, -1


@_compiled
def skipped(raw: Bytes, at: int, wire: int) -> int:
    """Return the place after a field's content; -1 where the bytes end or the type is none."""
    if wire == 0:
        _, at = varint(raw, at)
    elif wire == WIRE_FIXED64:
        at += 8
    elif wire == WIRE_BYTES:
        size, at = varint(raw, at)
        if at >= 0:
            at = -1 if size < 0 else at + size
    elif wire == WIRE_FIXED32:
        at += 4
    else:
        at = -1
    return at if at <= raw.size else -1


@_compiled
def counted(raw: Bytes) -> tuple[int, int, int]:
    """Return how many series and samples a body has, and whether it is one."""
    series, samples, at = 0, 0, 0
    while at < raw.size:
        tag, at = varint(raw, at)
        if at < 0:
            return 0, 0, CUT_SHORT
        if tag >> 3 == 0:
            return 0, 0, MALFORMED
        if tag != 10:
            at = skipped(raw, at, tag & 7)
            if at < 0:
                return 0, 0, CUT_SHORT
            continue
        size, at = varint(raw, at)
        if at < 0 or size < 0 or at + size > raw.size:
            return 0, 0, CUT_SHORT
        end = at + size
        series += 1
        while at < end:
            tag, at = varint(raw, at)
            if at < 0 or tag >> 3 == 0:
                return 0, 0, MALFORMED
            samples += tag == 18
            at = skipped(raw, at, tag & 7)
            if at < 0 or at > end:
                return 0, 0, MALFORMED
    return series, samples, WELL


@_compiled
def filled(
    raw: Bytes,
    series: Ints,
    bits: Prints,
    time_ms: Ints,
    print_a: Prints,
    print_b: Prints,
    span: Ints,
) -> int:
    """Write samples and fingerprints of a body that was counted; return the outcome."""
    row, sample, at = 0, 0, 0
    while at < raw.size:
        tag, at = varint(raw, at)
        if tag != 10:
            at = skipped(raw, at, tag & 7)
            continue
        size, at = varint(raw, at)
        end = at + size
        span[row, 0], span[row, 1] = at, end
        begin, labels_end = at, at
        while at < end:
            tag, at = varint(raw, at)
            start = at
            at = skipped(raw, at, tag & 7)
            if tag == 10:
                labels_end = at
            elif tag == 18:
                size, start = varint(raw, start)
                outcome = _sample(raw, start, at, sample, bits, time_ms)
                if outcome != WELL:
                    return outcome
                series[sample] = row
                sample += 1
        print_a[row], print_b[row] = _printed(raw, begin, labels_end)
        row += 1
    return WELL


@_compiled
def _printed(raw: Bytes, start: int, end: int) -> tuple[np.uint64, np.uint64]:
    """Return two fingerprints of some bytes, taken eight at a time.

    Labels stand before samples, as every sender writes them; otherwise each sample would
    make its series a new one, which costs time and nothing else.
    """
    a, b = np.uint64(14695981039346656037), np.uint64(0x9E3779B97F4A7C15)
    # Unsigned places spare the compiled code the check for negative ones.
    i, last, eight = np.uint64(start), np.uint64(end), np.uint64(8)
    word = np.uint64(0)
    while i + eight <= last:
        word = np.uint64(0)
        for k in range(8):
            word |= np.uint64(raw[i + np.uint64(k)]) << np.uint64(8 * k)
        a = (a ^ word) * np.uint64(0x9FB21C651E98DF25)
        a ^= a >> np.uint64(32)
        b = (b + word + np.uint64(1)) * np.uint64(0xD6E8FEB86659FD93)
        b ^= b >> np.uint64(29)
        i += eight
    word = last - np.uint64(start)
    while i < last:
        word = (word << eight) | np.uint64(raw[i])
        i += np.uint64(1)
    a = (a ^ word) * np.uint64(0x9FB21C651E98DF25)
    b = (b + word + np.uint64(1)) * np.uint64(0xD6E8FEB86659FD93)
    return a, b


@_compiled
def _sample(raw: Bytes, at: int, end: int, sample: int, bits: Prints, time_ms: Ints) -> int:
    """Write one sample; zero fields are left out on the wire, so both begin as 0."""
    bits[sample], time_ms[sample] = np.uint64(0), 0
    while at < end:
        tag, at = varint(raw, at)
        if at < 0:
            return MALFORMED
        if tag == 9:
            if at + 8 > end:
                return MALFORMED
            value = np.uint64(0)
            for i in range(8):
                value |= np.uint64(raw[at + i]) << np.uint64(8 * i)
            bits[sample] = value
            at += 8
        elif tag == 16:
            time_ms[sample], at = varint(raw, at)
        else:
            at = skipped(raw, at, tag & 7)
        if at < 0 or at > end:
            return MALFORMED
    return WELL
