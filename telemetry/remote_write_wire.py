"""Prometheus remote-write 1.0 bodies: snappy around protobuf, scanned without building objects.

A body is a WriteRequest: field 1 repeated TimeSeries {1: repeated Label {1: name, 2: value},
2: repeated Sample {1: double value, 2: int64 epoch ms}}. A compiled pass finds the samples and
two 64-bit fingerprints of each series' labels; only labels never met before become text.
Source: the protocol's specification, version 1.0.
"""

from typing import NamedTuple

import cramjam
import numba
import numpy as np
from numpy.typing import NDArray

from site_models.arrays import Floats, Ints
from site_models.errors import InputError

LARGEST_BODY_BYTES = 16 * 1024 * 1024
LARGEST_DECODED_BYTES = 64 * 1024 * 1024

Bytes = NDArray[np.uint8]
Prints = NDArray[np.uint64]

WELL, CUT_SHORT, MALFORMED = 0, 1, 2
_WIRE_FIXED64, _WIRE_BYTES, _WIRE_FIXED32 = 1, 2, 5


class Batch(NamedTuple):
    """The samples of one body. `series` gives each sample's row in the other three."""

    series: Ints
    value: Floats
    """Shape (samples,); NaN also where Prometheus marks a series as gone."""
    time_s: Floats
    print_a: Prints
    """Two fingerprints of each series' labels, shape (series,)."""
    print_b: Prints
    span: Ints
    """First and last byte of each series' message in `body`, shape (series, 2)."""
    body: Bytes


def unpacked(body: bytes) -> bytes:
    """Return a body without its snappy; InputError where it is too large or none."""
    if len(body) > LARGEST_BODY_BYTES:
        raise InputError(f"remote write: body of {len(body)} bytes, at most {LARGEST_BODY_BYTES}")
    said, shift = 0, 0
    for byte in body[:10]:
        said |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if said > LARGEST_DECODED_BYTES:
        raise InputError(
            f"remote write: {said} bytes when decompressed, at most {LARGEST_DECODED_BYTES}"
        )
    try:
        return bytes(cramjam.snappy.decompress_raw(body))
    except Exception as error:
        raise InputError("remote write: body is not snappy, expected a compressed one") from error


def scanned(body: bytes) -> Batch:
    """Return the samples of a decompressed body.

    Raises InputError for a truncated or malformed message. Checked against the protobuf
    library on random requests, and cut at every byte, in
    ``tests/telemetry/test_remote_write_wire.py``.
    """
    raw = np.frombuffer(body, np.uint8)
    series_count, sample_count, outcome = _counted(raw)
    if outcome == WELL:
        batch = Batch(
            np.empty(sample_count, np.int64),
            np.empty(sample_count),
            np.empty(sample_count),
            np.empty(series_count, np.uint64),
            np.empty(series_count, np.uint64),
            np.empty((series_count, 2), np.int64),
            raw,
        )
        time_ms = np.empty(sample_count, np.int64)
        bits = np.empty(sample_count, np.uint64)
        outcome = _filled(
            raw, batch.series, bits, time_ms, batch.print_a, batch.print_b, batch.span
        )
    if outcome == CUT_SHORT:
        raise InputError("remote write: body ends inside a message, expected a whole one")
    if outcome == MALFORMED:
        raise InputError("remote write: body is not a WriteRequest of version 1.0")
    time_s: Floats = time_ms.astype(np.float64) * 1e-3
    return batch._replace(value=bits.view(np.float64), time_s=time_s)


def labels_in(body: Bytes, start: int, end: int) -> dict[str, str]:
    """Return the labels of one series' message; InputError where they are not text."""
    labels: dict[str, str] = {}
    at = start
    while at < end:
        tag, at = _varint(body, at)
        if tag & 7 == _WIRE_BYTES:
            size, at = _varint(body, at)
            if tag >> 3 == 1:
                name, value = _label(bytes(body[at : at + size]))
                labels[name] = value
            at += size
        else:
            at = _skipped(body, at, tag & 7)
    return labels


def _label(message: bytes) -> tuple[str, str]:
    raw = np.frombuffer(message, np.uint8)
    parts = {1: "", 2: ""}
    at = 0
    try:
        while at < len(message):
            tag, at = _varint(raw, at)
            size, at = _varint(raw, at)
            if tag & 7 != _WIRE_BYTES or at + size > len(message):
                raise InputError("remote write: a label is malformed, expected name and value")
            parts[tag >> 3] = message[at : at + size].decode()
            at += size
    except UnicodeDecodeError as error:
        raise InputError("remote write: a label is not UTF-8 text") from error
    return parts[1], parts[2]


@numba.njit(cache=True)
def _varint(raw: Bytes, at: int) -> tuple[int, int]:
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


@numba.njit(cache=True)
def _skipped(raw: Bytes, at: int, wire: int) -> int:
    """Return the place after a field's content; -1 where the bytes end or the type is none."""
    if wire == 0:
        _, at = _varint(raw, at)
    elif wire == _WIRE_FIXED64:
        at += 8
    elif wire == _WIRE_BYTES:
        size, at = _varint(raw, at)
        if at >= 0:
            at = -1 if size < 0 else at + size
    elif wire == _WIRE_FIXED32:
        at += 4
    else:
        at = -1
    return at if at <= raw.size else -1


@numba.njit(cache=True)
def _counted(raw: Bytes) -> tuple[int, int, int]:
    """Return how many series and samples a body has, and whether it is one."""
    series, samples, at = 0, 0, 0
    while at < raw.size:
        tag, at = _varint(raw, at)
        if at < 0:
            return 0, 0, CUT_SHORT
        if tag >> 3 == 0:
            return 0, 0, MALFORMED
        if tag != 10:
            at = _skipped(raw, at, tag & 7)
            if at < 0:
                return 0, 0, CUT_SHORT
            continue
        size, at = _varint(raw, at)
        if at < 0 or size < 0 or at + size > raw.size:
            return 0, 0, CUT_SHORT
        end = at + size
        series += 1
        while at < end:
            tag, at = _varint(raw, at)
            if at < 0 or tag >> 3 == 0:
                return 0, 0, MALFORMED
            samples += tag == 18
            at = _skipped(raw, at, tag & 7)
            if at < 0 or at > end:
                return 0, 0, MALFORMED
    return series, samples, WELL


@numba.njit(cache=True)
def _filled(
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
        tag, at = _varint(raw, at)
        if tag != 10:
            at = _skipped(raw, at, tag & 7)
            continue
        size, at = _varint(raw, at)
        end = at + size
        span[row, 0], span[row, 1] = at, end
        begin, labels_end = at, at
        while at < end:
            tag, at = _varint(raw, at)
            start = at
            at = _skipped(raw, at, tag & 7)
            if tag == 10:
                labels_end = at
            elif tag == 18:
                size, start = _varint(raw, start)
                outcome = _sample(raw, start, at, sample, bits, time_ms)
                if outcome != WELL:
                    return outcome
                series[sample] = row
                sample += 1
        print_a[row], print_b[row] = _printed(raw, begin, labels_end)
        row += 1
    return WELL


@numba.njit(cache=True)
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


@numba.njit(cache=True)
def _sample(raw: Bytes, at: int, end: int, sample: int, bits: Prints, time_ms: Ints) -> int:
    """Write one sample; zero fields are left out on the wire, so both begin as 0."""
    bits[sample], time_ms[sample] = np.uint64(0), 0
    while at < end:
        tag, at = _varint(raw, at)
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
            time_ms[sample], at = _varint(raw, at)
        else:
            at = _skipped(raw, at, tag & 7)
        if at < 0 or at > end:
            return MALFORMED
    return WELL
