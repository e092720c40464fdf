"""Exposition text is read as the reference writer writes it, and refused when it is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_models.errors import InputError
from telemetry.prometheus.exposition_text import labels_of, samples_of

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)


@given(
    st.dictionaries(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True), TEXT, max_size=4)
)
def test_labels_come_back_as_they_were(labels: dict[str, str]) -> None:
    def escaped(text: str) -> str:
        return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")

    block = "{" + ",".join(f'{k}="{escaped(v)}"' for k, v in labels.items()) + "}"
    assert labels_of(block, "here") == labels


def test_samples_with_and_without_labels_and_times() -> None:
    text = '# HELP a b\n# TYPE a gauge\na 1\nb{x="1"} 2.5 1700000000000\n\nc{x="}"} NaN\n'
    found = samples_of(text, "here")
    assert [(s.name, s.block, s.reading, s.time_ms) for s in found] == [
        ("a", "", "1", ""),
        ("b", '{x="1"}', "2.5", "1700000000000"),
        ("c", '{x="}"}', "NaN", ""),
    ]


@pytest.mark.parametrize("text", ["<html>", 'a{x="1" 2\n', "a 1\nb{x=", "a 1\nb"])
def test_text_cut_short_or_of_another_kind_is_refused_by_line(text: str) -> None:
    with pytest.raises(InputError, match=r"here: line \d: expected"):
        samples_of(text, "here")


def test_labels_that_are_no_pairs_are_refused() -> None:
    with pytest.raises(InputError, match="pairs"):
        labels_of("{x=1}", "here")
