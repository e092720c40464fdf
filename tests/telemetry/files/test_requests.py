"""Requests to a language model from a table."""

from pathlib import Path

import numpy as np
import pytest

from site_models.errors import InputError
from telemetry.files.requests import read_requests

GOOD = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:04.0319600,3180,8
2023-11-16 18:17:03.9799600,4808,10
"""


def test_requests_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(GOOD)
    found = read_requests(path)
    assert found.context_tokens.tolist() == [4808.0, 3180.0]
    assert np.diff(found.time_s) == pytest.approx([0.052], abs=1e-4)


def test_the_published_trace_is_read_whole(shared: Path) -> None:
    path = shared / "data/jobs-azure-llm-2023-code/AzureLLMInferenceTrace_code.csv"
    found = read_requests(path)
    assert len(found.time_s) == 8819
    assert 50 * 60 < found.time_s[-1] - found.time_s[0] < 60 * 60


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column TIMESTAMP"),
        ("TIMESTAMP,ContextTokens\n", "no column GeneratedTokens"),
        (GOOD.splitlines()[0], "expected at least one request"),
        (GOOD.replace("4808", "-1"), "row 3: expected a time and two counts"),
        (GOOD.replace(",8\n", "\n"), "row 2: expected a time and two counts"),
        (GOOD.replace("2023-11-16 18:17:04", "noon"), "row 2: expected a time"),
    ],
)
def test_a_table_that_is_none_is_refused_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as error:
        read_requests(path)
    assert "\n" not in str(error.value)
