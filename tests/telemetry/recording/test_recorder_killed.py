"""A recorder that is killed again and again loses a part at most each time, and says so."""

from pathlib import Path

import pytest

from benchmarks.killed_recorder import PART_FRAMES, killed


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_twenty_kills_of_one_recording_cost_the_current_parts_alone(tmp_path: Path) -> None:
    found = killed(tmp_path / "r", 20, seed=1)
    assert found.damaged == []
    assert found.worst_lost <= PART_FRAMES + 1
    assert found.untold == 0
    assert found.begun > 5
