"""Cable of the scale-out fabric with what is plugged into its two ends."""

from typing import Literal

from site_models.figure import Equipment, NotNegative, Positive


class Cable(Equipment):
    """A cable model."""

    kind: Literal["cable"]
    label: str
    medium: Literal["copper", "optics"]
    rate_bytes_per_s: Positive
    """Per direction."""
    end_power_w: NotNegative
    """Drawn by the transceiver of one end, whatever the traffic."""


MODEL = Cable
