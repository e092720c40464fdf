"""What every source of frames offers."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from telemetry.frame import Frame


class Source(Protocol):
    """Where frames come from; the source is the clock.

    A live source waits for its next reading, a replay hands out recorded times, the rig
    simulated ones. Times rise strictly from frame to frame.
    """

    @property
    def axes(self) -> Mapping[str, Sequence[str]]:
        """Ids along each axis of the frames, in the order of their arrays."""
        ...

    def read(self) -> Frame | None:
        """Return the next frame, or None when there will be no other."""
        ...
