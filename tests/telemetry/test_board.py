"""The board: newest reading wins, nothing impossible gets on, ages are true."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.board import Board

AXES = {"gpu": ("a", "b", "c"), "node": ("n",)}


def put(board: Board, place: list[int], value: list[float], taken: list[float], now: float) -> int:
    return board.put("gpu_temp_c", np.array(place), np.array(value), np.array(taken), now)


def test_a_frame_says_how_old_each_reading_is_and_drops_what_expired() -> None:
    board = Board(AXES, expiry_s=10.0)
    put(board, [0, 1], [50.0, 60.0], [100.0, 95.0], 100.0)
    frame = board.frame(106.0)
    assert frame.values["gpu_temp_c"][0] == 50.0
    assert frame.age_s["gpu_temp_c"][0] == 6.0
    assert np.isnan(frame.values["gpu_temp_c"][1:]).all()


@given(st.permutations(range(6)))
def test_order_of_arrival_does_not_matter(order: list[int]) -> None:
    board = Board(AXES, expiry_s=100.0)
    samples = [(0, 40.0, 1.0), (0, 41.0, 2.0), (0, 42.0, 3.0), (1, 50.0, 2.0), (1, 51.0, 4.0)]
    samples.append(samples[2])
    for k in order:
        place, value, taken = samples[k]
        put(board, [place], [value], [taken], 5.0)
    frame = board.frame(5.0)
    assert frame.values["gpu_temp_c"][:2].tolist() == [42.0, 51.0]


def test_of_several_readings_in_one_batch_the_newest_stays() -> None:
    board = Board(AXES, expiry_s=100.0)
    assert put(board, [1, 1, 0], [9.0, 7.0, 3.0], [5.0, 4.0, 5.0], 5.0) == 2
    assert board.frame(5.0).values["gpu_temp_c"][:2].tolist() == [3.0, 9.0]


@pytest.mark.parametrize(
    ("value", "taken"), [(np.nan, 5.0), (1e9, 5.0), (-400.0, 5.0), (50.0, 3605.0)]
)
def test_what_cannot_be_leaves_the_reading_before_it(value: float, taken: float) -> None:
    board = Board(AXES, expiry_s=100.0)
    put(board, [0], [44.0], [4.0], 4.0)
    assert put(board, [0], [value], [taken], 5.0) == 0
    assert board.frame(5.0).values["gpu_temp_c"][0] == 44.0
    assert sum(board.refused.values()) == (0 if np.isnan(value) else 1)


def test_a_reading_with_a_life_of_its_own_outlives_the_boards_expiry() -> None:
    board = Board(AXES, expiry_s=10.0)
    place, taken_s = np.array([0]), np.array([100.0])
    board.put("gpu_temp_c", place, np.array([50.0]), taken_s, 100.0, life_s=250.0)
    assert board.frame(350.0).values["gpu_temp_c"][0] == 50.0
    assert np.isnan(board.frame(350.1).values["gpu_temp_c"][0])
    put(board, [0], [51.0], [360.0], 360.0)
    assert np.isnan(board.frame(370.1).values["gpu_temp_c"][0])
