"""Circuit breaker at the head of a stage."""

from typing import Literal

from site_models.figure import Equipment, Positive, Share


class Breaker(Equipment):
    """A breaker model; its rating is the stage's, in amperes at this voltage."""

    kind: Literal["breaker"]
    label: str
    voltage_v: Positive
    """Between lines, three phases."""
    power_factor: Share
    trip_level: Positive
    """Thermal state that trips; 1 is reached at the rating after hours."""
    magnetic_ratio: Positive
    """Current over rating that trips at once."""
    continuous_share: Share
    """Of the rating, that a load of hours may take."""


MODEL = Breaker
