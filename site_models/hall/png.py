"""Write pictures as PNG with the standard library alone."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from site_models.errors import InputError


def write_png(path: Path, rgb: NDArray[np.uint8]) -> None:
    """Write 8-bit RGB pixels of shape (height, width, 3).

    The file appears whole or not at all. Raises InputError if it cannot be written.
    Checked by decoding in ``tests/site_models/hall/test_hall_picture.py``.

    References
    ----------
    .. [1] W3C, *Portable Network Graphics (PNG) Specification*, 2nd ed., 2003. Filter 2
       ("up") on every row: flat areas become zeros.
    """
    height, width, _ = rgb.shape
    rows = rgb.reshape(height, width * 3)
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    filtered = np.hstack([np.full((height, 1), 2, np.uint8), rows - above])
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(filtered.tobytes(), 6))
        + _chunk(b"IEND", b"")
    )
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot write the picture: {error.strerror}") from error


def _chunk(kind: bytes, content: bytes) -> bytes:
    """Return a PNG chunk: length, kind, content, check sum over the last two."""
    check = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
