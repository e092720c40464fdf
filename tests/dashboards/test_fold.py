"""Folding keeps every block as it is and lets no two overlap."""

import numpy as np

from dashboards.parts.fold import AISLE_M, ASPECT, closed_up, folded


def hall_of(blocks: int, racks: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Return blocks of a few racks each, all in one long line."""
    x = np.concatenate([20.0 * b + 0.6 * np.arange(racks) for b in range(blocks)])
    place = np.column_stack([x, np.full_like(x, 3.0), np.full_like(x, 0.6), np.ones_like(x), 0 * x])
    return place, np.repeat(np.arange(blocks), racks)


def test_nothing_moves_within_a_block() -> None:
    place, block = hall_of(14)
    moved, _ = folded(place, block)
    for at in range(14):
        shift = moved[block == at, :2] - place[block == at, :2]
        np.testing.assert_allclose(shift, np.tile(shift[0], (6, 1)), atol=1e-9)
    np.testing.assert_array_equal(moved[:, 2:], place[:, 2:])


def test_blocks_do_not_overlap_and_the_whole_fits_the_panel() -> None:
    place, block = hall_of(14)
    moved, tops = folded(place, block)
    boxes = [np.r_[moved[block == b, :2].min(0), moved[block == b, :2].max(0)] for b in range(14)]
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]
    wide, high = np.ptp(moved[:, 0]), np.ptp(moved[:, 1])
    assert ASPECT / 2.5 < wide / high < ASPECT * 2.5
    assert len(tops) == 14


def test_a_site_without_racks_stays_empty() -> None:
    moved, tops = folded(np.empty((0, 5)), np.empty(0, dtype=np.int64))
    assert len(moved) == len(tops) == 0


def test_rows_far_apart_are_drawn_closer_in_their_order_and_true_within() -> None:
    y = np.repeat([0.0, 9.0, 10.5, 30.0], 6)
    x = np.tile(0.6 * np.arange(6), 4)
    up = np.full(24, np.pi / 2.0)
    place = np.column_stack([x, y, np.full(24, 0.6), np.full(24, 1.2), up])
    place[1, 0] += 40.0  # beside a row, where its name would stand, nothing moves
    drawn = closed_up(place)
    np.testing.assert_allclose(drawn[:, [0, 2, 3, 4]], place[:, [0, 2, 3, 4]], atol=1e-9)
    rows = drawn[::6, 1]
    np.testing.assert_allclose(np.diff(rows) - 1.2, [AISLE_M, 0.3, AISLE_M], atol=1e-9)
    np.testing.assert_allclose(closed_up(drawn), drawn, atol=1e-9)
