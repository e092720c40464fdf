"""One instant of readings on the plant's axes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from site_models.arrays import Floats


@dataclass(frozen=True, slots=True)
class Frame:
    """Readings at `time_s` (seconds since the epoch, UTC).

    `values` maps a signal's name to one float64 value for each id of the signal's axis,
    in the plant's order. Missing is NaN, never 0. `age_s` says, for signals where it is
    known, how old each reading is; a signal without an entry is as old as the frame.
    """

    time_s: float
    values: Mapping[str, Floats]
    age_s: Mapping[str, Floats] = field(default_factory=dict)
