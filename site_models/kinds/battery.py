"""Battery behind a UPS, sized by the rating of the stage that it stands in."""

from typing import Literal

from site_models.figure import Equipment, Positive, Share


class Battery(Equipment):
    """A battery model; one model comes in the size of any UPS."""

    kind: Literal["battery"]
    label: str
    ride_through_s: Positive
    """That it carries the stage at its rating, the stage's losses included."""
    power_share: Positive
    """Most that it gives, over what the stage takes in at its rating."""
    charge_share: Positive
    """Most that it takes, over the same."""
    efficiency: Share
    """One way: of a joule taken out this much arrives, of a joule given this much stays."""


MODEL = Battery
