"""Large sites on a screen: blocks of racks set in rows, as a line is broken on a page."""

import numpy as np

from site_models.arrays import Floats, Ints

ASPECT = 2.3
"""Width over height of the panel that the floor is drawn in."""
GAP_M = 4.0
AISLE_M = 0.7
"""Widest that an aisle is drawn: rows stay apart, and their racks as large as can be."""


def folded(place_m: Floats, block: Ints) -> tuple[Floats, Floats]:
    """Return the places with every block moved to a cell of a grid, in the blocks' order.

    Within a block nothing moves, so aisles and neighbours stay true; between blocks the
    distances are lost, which is why only sites too large to be read otherwise are folded.
    `place_m` is as in Plant; a block of -1 stays where it is. The second array is the
    middle of each block's upper edge, shape (blocks, 2).
    """
    blocks = int(block.max()) + 1 if len(block) else 0
    corners = np.array([_bounds(place_m[block == at]) for at in range(blocks)])
    if blocks == 0:
        return place_m, np.empty((0, 2))
    cell_x = float((corners[:, 2] - corners[:, 0]).max()) + GAP_M
    cell_y = float((corners[:, 3] - corners[:, 1]).max()) + GAP_M
    columns = columns_of(blocks, cell_x, cell_y)
    column, row = np.arange(blocks) % columns, np.arange(blocks) // columns
    moved, tops = place_m.copy(), np.empty((blocks, 2))
    for at in range(blocks):
        left_x, top_y = cell_x * float(column[at]), -cell_y * float(row[at])
        mine = block == at
        moved[mine, 0] += left_x - corners[at, 0]
        moved[mine, 1] += top_y - corners[at, 3]
        tops[at] = left_x + (corners[at, 2] - corners[at, 0]) / 2.0, top_y
    return moved, tops


def closed_up(place_m: Floats) -> Floats:
    """Return the places with aisles along x, across the whole hall, AISLE_M wide at most.

    Order and rows stay, and so do distances along x, where names of rows stand; a hall of
    four rows far apart would otherwise leave its racks too small to be read. `place_m` is
    as in Plant.
    """
    moved, y, turned = place_m.copy(), place_m[:, 1], place_m[:, 4]
    deep = place_m[:, 2] * np.abs(np.cos(turned)) + place_m[:, 3] * np.abs(np.sin(turned))
    order = np.argsort(y - deep / 2.0, kind="stable")
    low = (y - deep / 2.0)[order]
    ends = np.maximum.accumulate((y + deep / 2.0)[order])
    moved[order[1:], 1] -= np.cumsum(np.maximum(low[1:] - ends[:-1] - AISLE_M, 0.0))
    return moved


def columns_of(cells: int, wide: float, high: float) -> int:
    """Return how many columns draw equal cells the largest in a panel of ASPECT; at least 1.

    >>> columns_of(14, 1.0, 1.0)
    7
    """

    def scale(columns: int) -> float:
        return min(ASPECT / (columns * wide), 1.0 / (-(-cells // columns) * high))

    return max(range(1, max(cells, 1) + 1), key=scale)


def _bounds(place_m: Floats) -> tuple[float, float, float, float]:
    """Return left, lower, right and upper edge of some racks; zeros for none."""
    if len(place_m) == 0:
        return 0.0, 0.0, 0.0, 0.0
    reach = place_m[:, 2:4].max() / 2.0
    low, high = place_m[:, :2].min(axis=0) - reach, place_m[:, :2].max(axis=0) + reach
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
