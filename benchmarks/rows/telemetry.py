"""How fast telemetry of a large site comes in."""

from collections.abc import Iterator

import cramjam
import numpy as np

from benchmarks.row import Row, best_s
from telemetry.board import Board
from telemetry.prometheus.exposition_text import samples_of
from telemetry.prometheus.remote_write import Receiver
from telemetry.prometheus.seating import Seating

NODES, GPUS = 1000, 8
METRICS = (
    "DCGM_FI_DEV_POWER_USAGE",
    "DCGM_FI_DEV_GPU_TEMP",
    "DCGM_FI_DEV_MEMORY_TEMP",
    "DCGM_FI_DEV_SM_CLOCK",
    "DCGM_FI_DEV_GPU_UTIL",
)
PER_BODY = 5000
"""Samples that a server sends at once."""


def rows(only: str = "") -> Iterator[Row]:
    """Measure the receiver and the reader of exposition text, one core each."""
    if only in ("", "remote_write"):
        yield Row.at_least("remote_write", _remote_write_rate(), "samples/s", 1e6)
    if only in ("", "exposition_text"):
        text = "\n".join(_line(name, n) for n in range(NODES) for name in METRICS) + "\n"
        took_s = best_s(lambda: samples_of(text, "bench"))
        yield Row.yardstick("exposition_text", NODES * len(METRICS) / took_s, "samples/s")


def _remote_write_rate() -> float:
    """Return the samples a second from compressed bodies to the board."""
    nodes = tuple(f"n{n}" for n in range(NODES))
    axes = {"gpu": tuple(f"{n}-gpu{g}" for n in nodes for g in range(GPUS)), "node": nodes}
    seating = Seating(axes, np.repeat(np.arange(NODES), GPUS).tolist())
    receiver = Receiver(Board(axes, 60.0), seating)
    series = [(m, g) for g in range(NODES * GPUS) for m in METRICS]
    bodies = [
        bytes(cramjam.snappy.compress_raw(_request(series[at : at + PER_BODY])))
        for at in range(0, len(series), PER_BODY)
    ]

    def took() -> None:
        for body in bodies:
            receiver.take(body, 1_000_000.0)

    took()
    return len(series) / best_s(took)


def _line(name: str, node: int) -> str:
    return f'{name}{{gpu="0",UUID="GPU-{node:012d}",Hostname="n{node}"}} 61.5'


def _request(series: list[tuple[str, int]]) -> bytes:
    """Return a WriteRequest with one sample a series, as the wire has it."""
    return b"".join(_field(1, _series(name, gpu)) for name, gpu in series)


def _series(name: str, gpu: int) -> bytes:
    labels = {
        "DCGM_FI_DRIVER_VERSION": "550.54.15",
        "Hostname": f"n{gpu // GPUS}",
        "UUID": f"GPU-{gpu:012d}",
        "__name__": name,
        "device": f"nvidia{gpu % GPUS}",
        "gpu": str(gpu % GPUS),
        "instance": f"n{gpu // GPUS}:9400",
        "job": "dcgm",
        "modelName": "NVIDIA H100 80GB HBM3",
    }
    packed = b"".join(
        _field(1, _field(1, key.encode()) + _field(2, text.encode()))
        for key, text in labels.items()
    )
    sample = b"\x09" + np.float64(50.0).tobytes() + b"\x10" + _varint(999_999_000)
    return packed + _field(2, sample)


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
