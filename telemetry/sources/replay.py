"""Recorded frames, handed out again in the order of their times."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.frame import Frame
from telemetry.recording import Recording, Seats
from telemetry.recording.job_log import Told, read_job_log
from telemetry.samples import sample

PLANT_AXES = ("gpu", "node", "rack", "cdu", "plant", "power", "site", "weather")
"""Axes of frames on which a plant has names."""


class ReplaySource:
    """A recording bound to a site.

    Each frame holds what was sampled at its instant and no more; `telemetry.held` makes a
    regular grid of it and `telemetry.pace` makes it last as long as it did. Recorded ids
    bind to the site's by name; the others by natural order, when as many are left over on
    both sides. With `loop` the recording starts again when it ends: times go on rising and
    `label`, the recording's own source, counts the rounds.

    Raises InputError when ids do not fit the site or nothing was recorded in the span.
    """

    def __init__(
        self,
        recording: Recording,
        plant: Plant | Mapping[str, Sequence[str]],
        *,
        from_s: float = -np.inf,
        to_s: float = np.inf,
        loop: bool = False,
    ) -> None:
        self._recording = recording
        self._span = (from_s, to_s)
        self._loop = loop
        names = axis_names(plant)
        common = [axis for axis in recording.axes if names.get(axis)]
        self.axes: Mapping[str, Sequence[str]] = {axis: names[axis] for axis in common}
        self._seats = {axis: _bind(recording, axis, names[axis]) for axis in common}
        self._frames = self._play()
        self._ahead = next(self._frames, None)
        self._shift_s = 0.0
        self._last_s = np.nan
        self._rounds = 1
        if self._ahead is None:
            raise InputError(
                f"{recording.folder}: nothing to replay on this site between the given times, "
                f"recorded are {', '.join(recording.axes) or 'no rows'}"
            )

    @property
    def label(self) -> str:
        """What a banner says of these frames."""
        said = self._recording.manifest.source
        return said if self._rounds == 1 else f"{said} (round {self._rounds})"

    def recorded_s(self, time_s: float) -> float:
        """Return when a time of these frames was in the recording."""
        return time_s - self._shift_s

    def read(self) -> Frame | None:
        """Return the next recorded frame, or None at the end."""
        frame = self._ahead
        if frame is None:
            return None
        time_s = frame.time_s + self._shift_s
        following = next(self._frames, None)
        if following is None and self._loop:
            following = self._start_again(time_s, frame.time_s)
        self._last_s, self._ahead = frame.time_s, following
        return Frame(time_s, frame.values, frame.age_s)

    def _play(self) -> Iterator[Frame]:
        return self._recording.frames(self._seats, *self._span)

    def _start_again(self, time_s: float, recorded_s: float) -> Frame | None:
        """Return the first frame again, one last interval after `time_s`."""
        gap_s = recorded_s - self._last_s if self._last_s < recorded_s else 1.0
        self._frames = self._play()
        first = next(self._frames)
        self._shift_s = time_s + gap_s - first.time_s
        self._rounds += 1
        return first


def axis_names(plant: Plant | Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return the ids along each axis, of a plant or as given."""
    if isinstance(plant, Plant):
        return {axis: plant.axis(axis) for axis in PLANT_AXES}
    return {axis: tuple(ids) for axis, ids in plant.items()}


def _bind(recording: Recording, axis: str, names: Sequence[str]) -> Seats:
    """Return the seats of recorded ids along a site's axis."""
    recorded = recording.ids(axis)
    index = {name: k for k, name in enumerate(names)}
    strangers = [name for name in recorded if name not in index]
    if strangers:
        free = [name for name in names if name not in recorded]
        if len(recorded) != len(names):
            raise InputError(
                f"{recording.folder}: {axis} {strangers[0]!r} is not on the site, and order does "
                f"not tell: {len(recorded)} {axis} ids are recorded, the site has {len(names)}"
            )
        index |= {name: index[seat] for name, seat in zip(strangers, free, strict=True)}
    return Seats({name: index[name] for name in recorded}, len(names))


SCHEME = "replay"
"""`replay:REC` opens a recording's folder."""


def open_source(
    argument: str, plant: Plant, from_s: float, to_s: float, loop: bool
) -> ReplaySource:
    """Return a recording's source by folder or a sample's name; InputError for neither."""
    return ReplaySource(Recording(_folder(argument)), plant, from_s=from_s, to_s=to_s, loop=loop)


def job_log(argument: str) -> Sequence[Told]:
    """Return what was told of jobs while that recording was made."""
    return read_job_log(_folder(argument))


def _folder(argument: str) -> Path:
    return sample(argument) or Path(argument)
