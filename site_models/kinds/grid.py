"""What a grid operator asks of a large load: ramps, range and spectrum of its power."""

from typing import Literal

from pydantic import model_validator

from site_models.figure import Equipment, Positive, Share


class Band(Equipment):
    """A band of frequencies and the most that may swing there."""

    low_hz: Positive
    high_hz: Positive
    energy_share: Share
    """At most this part of the fluctuation's energy, the mean left out. 0..1"""

    @model_validator(mode="after")
    def _rising(self) -> "Band":
        if float(self.low_hz) >= float(self.high_hz):
            raise ValueError("low_hz, high_hz: expected the lower one first")
        return self


class Grid(Equipment):
    """A specification; powers as shares of the power that the site has contracted."""

    kind: Literal["grid"]
    label: str
    ramp_up: Positive
    """Rise of the power in one second, over the contracted power."""
    ramp_down: Positive
    dynamic_range: Share
    """Highest less lowest power, over the contracted power."""
    ripple_least: Share
    """A fluctuation whose root mean square is below this part of the mean is not judged."""
    spectrum: Band


MODEL = Grid
