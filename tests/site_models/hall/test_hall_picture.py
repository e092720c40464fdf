"""What the picture of a hall shows, and that PyBullet leaves no trace."""

import json
import subprocess
import sys
import zlib
from math import pi
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from site_models.errors import InputError
from site_models.hall.layout import draw_hall
from site_models.hall.placed import Hall, Placed

HALL = Hall(20.0, 12.0, 4.0)
RACKS = [
    Placed(f"r{i:02}", "rack", 5.0 + 0.6 * i, 6.0, 0.6, 1.068, 2.236, -pi / 2.0, 1.2, 1.2)
    for i in range(8)
]


def decoded(path: Path) -> NDArray[np.uint8]:
    """Read the pixels of a PNG whose rows all use filter 2."""
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(content):
        size, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        chunks[kind] = content[at + 8 : at + 8 + size]
        check = int.from_bytes(content[at + 8 + size : at + 12 + size])
        assert check == zlib.crc32(content[at + 4 : at + 8 + size])
        at += 12 + size
    width, height = (int.from_bytes(chunks[b"IHDR"][i : i + 4]) for i in (0, 4))
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert (rows[:, 0] == 2).all()
    return np.cumsum(rows[:, 1:], axis=0, dtype=np.uint8).reshape(height, width, 3)


def test_the_picture_has_the_asked_size_and_many_colours(tmp_path: Path) -> None:
    path = tmp_path / "hall.png"
    draw_hall(HALL, RACKS, path, size=(320, 200))
    pixels = decoded(path)
    assert pixels.shape == (200, 320, 3)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50
    assert [entry.name for entry in tmp_path.iterdir()] == ["hall.png"]


def test_a_given_colour_is_seen(tmp_path: Path) -> None:
    def reddish(colours: dict[str, tuple[float, float, float, float]] | None) -> int:
        draw_hall(HALL, RACKS, tmp_path / "hall.png", colours, size=(320, 200))
        red, green, blue = np.moveaxis(decoded(tmp_path / "hall.png").astype(int), 2, 0)
        return int(((red > 120) & (green < 60) & (blue < 60)).sum())

    assert reddish(None) == 0
    assert reddish({"r03": (1.0, 0.0, 0.0, 1.0)}) > 20


@pytest.mark.parametrize("hall", [Hall(60.0, 3.0, 4.0), Hall(3.0, 60.0, 4.0), Hall(9.0, 9.0, 9.0)])
def test_the_whole_hall_is_in_view(tmp_path: Path, hall: Hall) -> None:
    draw_hall(hall, [], tmp_path / "hall.png", size=(320, 200))
    pixels = decoded(tmp_path / "hall.png")
    background = pixels[:, :1].astype(int)
    drawn = (np.abs(pixels.astype(int) - background) > 3).any(axis=2)
    assert drawn.any()
    for border in (drawn[:3], drawn[-3:], drawn[:, :3], drawn[:, -3:]):
        assert not border.any()


def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"hall\.png: cannot write the picture: No such file"):
        draw_hall(HALL, [], tmp_path / "missing" / "hall.png", size=(32, 32))
    assert list(tmp_path.iterdir()) == []


def test_pictures_of_odd_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected 16 to 4096 pixels"):
        draw_hall(HALL, [], tmp_path / "hall.png", size=(0, 900))


def test_nothing_is_printed_and_the_world_is_gone(tmp_path: Path) -> None:
    program = """
import json, sys
from site_models.hall.layout import check_layout, draw_hall
from site_models.hall.placed import Hall, Placed
items = [Placed("a", "rack", 5.0, 5.0, 0.6, 1.0, 2.0, 0.0, 1.2, 1.2)]
check_layout(Hall(9.0, 9.0, 4.0), items)
draw_hall(Hall(9.0, 9.0, 4.0), items, sys.argv[1], size=(64, 48))
import pybullet
connected = [pybullet.getConnectionInfo(client)["isConnected"] for client in range(4)]
print(json.dumps({"connected": connected}))
"""
    command = [sys.executable, "-c", program, str(tmp_path / "hall.png")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == {"connected": [0, 0, 0, 0]}
    assert ran.stderr == ""
