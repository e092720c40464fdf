"""What the twin believes at an instant of a recording: its tail replayed."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from controllers.simulated.onset import Onset
from controllers.wish import Wish
from controllers.worlds import open_world
from site_models.errors import InputError
from telemetry.recording import Recording
from telemetry.samples import sample

TAIL_S = 1800.0
"""Replayed before the instant: longer than loops, halls and controllers remember."""


def onset_of(recording: str, at: datetime | None, wish: Wish) -> Onset:
    """Return the believed state and inputs at an instant of a recording, its end if not given.

    The replay begins at rest under what was recorded half an hour before. InputError for a
    recording that cannot be read or does not hold the instant.
    """
    stored = Recording(sample(recording) or Path(recording))
    at_s = stored.end_s if at is None else at.timestamp()
    if not stored.start_s <= at_s <= stored.end_s:
        span = " to ".join(
            datetime.fromtimestamp(s, UTC).isoformat() for s in (stored.start_s, stored.end_s)
        )
        given = "nothing" if at is None else at.isoformat()
        raise InputError(f"{recording}: holds {span}, expected recording_time within, got {given}")
    tail = replace(
        wish,
        spec=f"replay:{recording}",
        policies=("hold",),
        from_s=at_s - TAIL_S,
        to_s=at_s,
        onset=None,
        journal=None,
    )
    world = open_world(tail)
    for _ in world.snapshots():
        pass
    progress = world.loop.progress
    return Onset(progress.state, progress.inputs, f"recording {recording}")
