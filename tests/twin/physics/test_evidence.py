"""Laws hold against what stands outside the project: every row of `twin validate` for them."""

import pytest

from benchmarks.evidence import gathered


@pytest.mark.slow
@pytest.mark.parametrize(
    "subject",
    ["fluids", "psychrometrics", "friction", "exchangers", "rejection", "rack_flow", "servers"],
)
def test_no_row_falls_short(subject: str) -> None:
    rows = list(gathered(subject))
    assert rows
    assert [row.name for row in rows if row.status == "short"] == []
