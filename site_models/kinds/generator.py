"""Standby generator set with the transfer switch that brings it in."""

from typing import Literal

from site_models.figure import Equipment, NotNegative, Positive, Share


class Generator(Equipment):
    """A generator model; its rating is the site's."""

    kind: Literal["generator"]
    label: str
    start_s: Positive
    """From the call to readiness for load."""
    block_share: Share
    """Of the rating, that it accepts at once."""
    block_interval_s: Positive
    cooldown_s: NotNegative
    """That it runs unloaded before it stops."""
    transfer_delay_s: NotNegative
    """That a source must be there before the switch goes over to it."""
    transfer_return_s: NotNegative
    """That the utility must have been back before the switch returns to it."""
    transfer_dead_s: NotNegative
    """Between the two contacts."""


MODEL = Generator
