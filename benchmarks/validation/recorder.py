"""A recorder killed at random instants: what is left is whole, and what is not is told."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.evidence import Evidence
from benchmarks.killed_recorder import PART_FRAMES, killed

KILLS = 200
REFERENCE = f"issue 4; {KILLS} kills of one recording, each gone on with, merges and retention on"


def rows() -> Iterator[Evidence]:
    """Yield the rows of this subject: what so many kills came to."""
    with tempfile.TemporaryDirectory() as scratch:
        found = killed(Path(scratch) / "recording", KILLS, seed=4)
    yield Evidence.at_most(
        "Recordings damaged by a kill: a finished part lost, unreadable or with other readings",
        REFERENCE,
        float(len(found.damaged)),
        0.0,
        "",
        f"{found.merged} merged parts at the end",
        "; ".join(found.damaged[:2]),
    )
    yield Evidence.at_most(
        "Parts lost by one kill, at most",
        REFERENCE,
        float(found.worst_lost // PART_FRAMES),
        1.0,
        "",
        f"{found.worst_lost} frames, of {PART_FRAMES} in a part and the one in hand",
    )
    yield Evidence.at_most(
        "Kills that the next start did not tell of",
        REFERENCE,
        float(found.untold),
        0.0,
        "",
        f"{found.begun} of the kills met a recorder that had taken frames",
    )
