"""Repeats write out what they say, and nothing else."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from site_models.repeat import expanded


def test_copies_are_numbered_padded_and_moved() -> None:
    raw = {
        "rows": [
            {"name": "first"},
            {
                "repeat": {"index": "r", "count": 3, "first": 8, "step_m": [0.0, 2.5]},
                "name": "row{r}",
                "racks": [{"name": "x{r:02d}-{i}", "count": 4}],
                "at_m": [1.0, 2.0],
            },
        ]
    }
    assert expanded(raw, "site.yaml")["rows"] == [
        {"name": "first"},
        {"name": "row8", "racks": [{"name": "x08-{i}", "count": 4}], "at_m": [1.0, 2.0]},
        {"name": "row9", "racks": [{"name": "x09-{i}", "count": 4}], "at_m": [1.0, 4.5]},
        {"name": "row10", "racks": [{"name": "x10-{i}", "count": 4}], "at_m": [1.0, 7.0]},
    ]


def test_repeats_within_repeats_know_both_numbers() -> None:
    raw = [
        {
            "repeat": {"index": "h", "count": 2},
            "name": "hall{h}",
            "cdus": [{"repeat": {"index": "c", "count": 2}, "name": "hall{h}-cdu{c}"}],
        }
    ]
    assert expanded(raw, "x") == [
        {"name": "hall1", "cdus": [{"name": "hall1-cdu1"}, {"name": "hall1-cdu2"}]},
        {"name": "hall2", "cdus": [{"name": "hall2-cdu1"}, {"name": "hall2-cdu2"}]},
    ]


def test_a_repeat_wraps_into_lines() -> None:
    rule = {"count": 5, "step_m": [2.0, 0.0], "wrap": 2, "wrap_step_m": [0.0, 7.0]}
    copies = expanded([{"repeat": rule, "at_m": [1.0, 1.0]}], "x")
    places = [copy["at_m"] for copy in copies]
    assert places == [[1.0, 1.0], [3.0, 1.0], [1.0, 8.0], [3.0, 8.0], [1.0, 15.0]]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=4).filter(lambda key: key != "repeat"), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_what_has_no_repeat_stays_as_it_is(raw: Any) -> None:
    assert expanded(raw, "x") == raw


@given(st.integers(1, 40), st.integers(-5, 5))
def test_a_repeat_stands_for_its_count(count: int, first: int) -> None:
    (*copies,) = expanded([{"repeat": {"count": count, "first": first}, "name": "a{n}"}], "x")
    assert [copy["name"] for copy in copies] == [f"a{first + i}" for i in range(count)]
