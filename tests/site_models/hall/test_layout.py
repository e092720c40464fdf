"""What a layout check finds, against closed forms."""

import time
from dataclasses import replace
from math import cos, pi, sin
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from site_models.arrays import Floats
from site_models.errors import InputError
from site_models.hall.layout import LayoutIssue, check_layout
from site_models.hall.placed import Hall, Placed

HALL = Hall(20.0, 12.0, 4.0)
NORTH, SOUTH, WEST = pi / 2.0, -pi / 2.0, pi


def rack(name: str, x_m: float, y_m: float, facing_rad: float = SOUTH) -> Placed:
    return Placed(name, "rack", x_m, y_m, 0.6, 1.068, 2.236, facing_rad, 1.2, 1.2, mass_kg=1360.0)


def row(y_m: float, facing_rad: float, first: int = 0) -> list[Placed]:
    return [rack(f"r{first + i:02}", 5.0 + 0.6 * i, y_m, facing_rad) for i in range(8)]


def lines(issues: list[LayoutIssue]) -> list[str]:
    return [issue.message for issue in issues]


def test_racks_that_touch_are_no_issue() -> None:
    assert check_layout(HALL, row(6.0, SOUTH)) == []


def test_facing_rows_share_their_aisle() -> None:
    aisle = row(4.0, NORTH) + row(4.0 + 1.068 + 1.2, SOUTH, first=8)
    assert check_layout(HALL, aisle) == []


def test_an_overlap_is_named_with_its_depth() -> None:
    items = [rack("r07", 5.0, 6.0), Placed("cdu1", "cdu", 5.48, 6.0, 0.6, 1.0, 2.0, SOUTH)]
    assert lines(check_layout(HALL, items)) == ["rack r07 overlaps cdu1 by 0.12 m"]


def test_a_blocked_clearance_is_named_with_its_distance() -> None:
    crah = Placed("crah2", "crah", 5.0, 6.0 + 0.534 + 1.1 + 0.4, 2.0, 0.8, 2.0, SOUTH)
    (issue,) = check_layout(HALL, [rack("r03", 5.0, 6.0, NORTH), crah])
    assert issue.message == "front clearance of rack r03 (1.20 m) is blocked by crah2 at 1.10 m"
    assert (issue.check, issue.item, issue.other) == ("clearance", "r03", "crah2")
    assert issue.distance_m == pytest.approx(1.1, abs=1e-6)


def test_a_rack_that_cannot_be_pulled_out_is_named() -> None:
    crah = Placed("crah2", "crah", 5.0, 6.0 + 0.534 + 0.8 + 0.4, 2.0, 0.8, 2.0, SOUTH)
    assert lines(check_layout(HALL, [rack("r03", 5.0, 6.0, NORTH), crah])) == [
        "front clearance of rack r03 (1.20 m) is blocked by crah2 at 0.80 m",
        "rack r03 (1.07 m deep) cannot be pulled out: crah2 is 0.80 m before its front",
    ]


def test_an_aisle_too_narrow_is_named_for_both_racks() -> None:
    pair = [rack("a", 5.0, 4.0, SOUTH), rack("b", 5.0, 4.0 + 1.068 + 0.9, NORTH)]
    assert lines(check_layout(HALL, pair)) == [
        "rear clearance of rack a (1.20 m) is blocked by rack b at 0.90 m",
        "rear clearance of rack b (1.20 m) is blocked by rack a at 0.90 m",
    ]


def test_sides_are_looked_at_where_they_need_room() -> None:
    ups = Placed("ups1", "ups", 5.0, 6.0, 1.0, 0.8, 2.0, NORTH, side_clearance_m=0.5)
    post = Placed("p1", "post", 5.9, 6.0, 0.2, 0.2, 4.0, 0.0)
    assert lines(check_layout(HALL, [ups, post])) == [
        "right clearance of ups1 (0.50 m) is blocked by post p1 at 0.30 m"
    ]


def test_an_item_outside_the_hall_is_named_with_the_wall() -> None:
    shifted = replace(rack("r01", 19.9, 6.0), height_m=4.25)
    assert lines(check_layout(HALL, [shifted])) == [
        "rack r01 passes through the east wall by 0.20 m",
        "rack r01 passes through the ceiling by 0.25 m",
    ]


def test_a_wall_blocks_a_clearance() -> None:
    assert lines(check_layout(HALL, [rack("r01", 0.3, 0.534 + 1.1)])) == [
        "front clearance of rack r01 (1.20 m) is blocked by the south wall at 1.10 m"
    ]
    assert check_layout(HALL, [rack("r01", 0.3, 0.534 + 1.2)]) == []


def test_a_turned_rack_is_measured_along_its_own_front() -> None:
    turn, gap_m = 0.4, 0.7
    away_m = 0.534 + gap_m + 0.25
    cart = Placed(
        "x", "cart", 8.0 + away_m * cos(turn), 6.0 + away_m * sin(turn), 0.5, 0.5, 1.0, turn
    )
    issues = check_layout(HALL, [rack("r", 8.0, 6.0, turn), cart])
    assert [issue.check for issue in issues] == ["clearance", "extraction"]
    assert [issue.distance_m for issue in issues] == pytest.approx([gap_m, gap_m], abs=1e-6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x_m": float("nan")}, "rack r: x_m is nan, expected a finite number"),
        ({"width_m": 0.0}, "rack r: width_m is 0, expected more than 0"),
        ({"rear_clearance_m": -1.0}, "rack r: rear_clearance_m is -1, expected 0 or more"),
    ],
)
def test_odd_measures_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=f"^{said}$"):
        replace(rack("r", 5.0, 6.0), **change)


def test_two_items_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match=r"^r: 2 items have this name, expected one$"):
        check_layout(HALL, [rack("r", 5.0, 6.0), rack("r", 8.0, 6.0)])


quarters = st.integers(2, 30).map(lambda n: n / 4.0)
sizes = st.integers(1, 8).map(lambda n: n / 4.0)
anywhere = st.floats(-3.0, 3.0)
boxes = st.tuples(quarters, quarters, sizes, sizes, sizes, st.sampled_from([0.0, NORTH, WEST]))


def placed(name: str, box: tuple[float, float, float, float, float, float]) -> Placed:
    return Placed(name, "rack", *box, 0.5, 0.5, 0.25)


@settings(max_examples=60)
@given(st.lists(boxes, max_size=8), st.floats(-500.0, 500.0), st.floats(-500.0, 500.0))
def test_it_does_not_matter_where_the_hall_lies(
    drawn: list[tuple[float, float, float, float, float, float]], dx_m: float, dy_m: float
) -> None:
    hall = Hall(7.5, 7.5, 1.5)
    items = [placed(f"r{i}", box) for i, box in enumerate(drawn)]
    away = [replace(item, x_m=item.x_m + dx_m, y_m=item.y_m + dy_m) for item in items]
    here = check_layout(hall, items)
    there = check_layout(replace(hall, x_m=dx_m, y_m=dy_m), away)
    assert {(i.check, i.item) for i in here} == {(i.check, i.item) for i in there}
    near, far = (sorted(i.distance_m for i in issues) for issues in (here, there))
    np.testing.assert_allclose(near, far, atol=1e-6)


def shared_m(a: Placed, b: Placed) -> float:
    """Smallest overlap of two footprints over the axes that could separate them."""
    directions = [t + q for t in (a.facing_rad, b.facing_rad) for q in (0.0, pi / 2.0)]
    overlaps = []
    for direction in directions:
        axis = np.array([cos(direction), sin(direction)])
        (a_low, a_high), (b_low, b_high) = (
            (float((corners(item) @ axis).min()), float((corners(item) @ axis).max()))
            for item in (a, b)
        )
        overlaps.append(min(a_high - b_low, b_high - a_low))
    return min(overlaps)


def corners(item: Placed) -> Floats:
    ahead = np.array([cos(item.facing_rad), sin(item.facing_rad)]) * item.depth_m / 2.0
    across = np.array([-sin(item.facing_rad), cos(item.facing_rad)]) * item.width_m / 2.0
    middle = np.array([item.x_m, item.y_m])
    return np.array([middle + s * ahead + t * across for s in (-1, 1) for t in (-1, 1)])


lengths = st.floats(0.2, 3.0)
turns = st.one_of(st.just(0.0), st.floats(-pi, pi))


@settings(max_examples=150)
@given(lengths, lengths, lengths, lengths, anywhere, anywhere, turns, turns)
def test_overlaps_agree_with_separating_axes(
    w1: float, d1: float, w2: float, d2: float, x_m: float, y_m: float, t1: float, t2: float
) -> None:
    a = Placed("a", "cdu", 0.0, 0.0, w1, d1, 9.0, t1)
    b = Placed("b", "cdu", x_m, y_m, w2, d2, 9.0, t2)
    expected_m = shared_m(a, b)
    issues = check_layout(Hall(40.0, 40.0, 10.0, -20.0, -20.0), [a, b])
    if expected_m > 0.002:
        assert lines(issues)[0].startswith("cdu a overlaps cdu b by ")
        assert issues[0].distance_m == pytest.approx(expected_m, abs=1e-3)
    elif expected_m < 0.0:
        assert issues == []


def campus() -> tuple[Hall, list[Placed]]:
    racks = [
        rack(
            f"r{n:04}", 5.0 + 0.6 * (n % 50), 4.0 + 2.4 * (n // 50), NORTH if n // 50 % 2 else SOUTH
        )
        for n in range(1400)
    ]
    crahs = [
        Placed(
            f"crah{n}",
            "crah",
            45.0 + 5.0 * (n // 30),
            3.0 + 2.1 * (n % 30),
            2.0,
            0.9,
            2.0,
            0.0,
            1.0,
        )
        for n in range(300)
    ]
    return Hall(100.0, 72.0, 5.0), racks + crahs


def test_a_campus_is_checked_in_seconds() -> None:
    hall, items = campus()
    start_s = time.perf_counter()
    assert check_layout(hall, items) == []
    assert time.perf_counter() - start_s < 3.0


def test_an_empty_hall_has_no_issue() -> None:
    assert check_layout(HALL, []) == []
