"""Prometheus remote-write 1.0 bodies: snappy around protobuf, scanned without building objects.

A body is a WriteRequest: field 1 repeated TimeSeries {1: repeated Label {1: name, 2: value},
2: repeated Sample {1: double value, 2: int64 epoch ms}}. A compiled pass, that of
`telemetry/prometheus/remote_write_scan.py`, finds the samples and two 64-bit fingerprints of each
series' labels; only labels never met before become text.
Source: the protocol's specification, version 1.0.
"""

from typing import NamedTuple

import cramjam
import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from telemetry.prometheus.remote_write_scan import (
    CUT_SHORT,
    MALFORMED,
    WELL,
    WIRE_BYTES,
    Bytes,
    Prints,
    counted,
    filled,
    skipped,
    varint,
)

LARGEST_BODY_BYTES = 16 * 1024 * 1024
LARGEST_DECODED_BYTES = 64 * 1024 * 1024


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
    ``tests/telemetry/prometheus/test_remote_write_wire.py``.
    """
    raw = np.frombuffer(body, np.uint8)
    series_count, sample_count, outcome = counted(raw)
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
        outcome = filled(raw, batch.series, bits, time_ms, batch.print_a, batch.print_b, batch.span)
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
        tag, at = varint(body, at)
        if tag & 7 == WIRE_BYTES:
            size, at = varint(body, at)
            if tag >> 3 == 1:
                name, value = _label(bytes(body[at : at + size]))
                labels[name] = value
            at += size
        else:
            at = skipped(body, at, tag & 7)
    return labels


def _label(message: bytes) -> tuple[str, str]:
    raw = np.frombuffer(message, np.uint8)
    parts = {1: "", 2: ""}
    at = 0
    try:
        while at < len(message):
            tag, at = varint(raw, at)
            size, at = varint(raw, at)
            if tag & 7 != WIRE_BYTES or at + size > len(message):
                raise InputError("remote write: a label is malformed, expected name and value")
            parts[tag >> 3] = message[at : at + size].decode()
            at += size
    except UnicodeDecodeError as error:
        raise InputError("remote write: a label is not UTF-8 text") from error
    return parts[1], parts[2]
