"""A link of the fabric goes down."""

from typing import Literal

import numpy as np

from controllers.event import Event, places
from site_models.plant import Plant
from twin.fabric.links import with_links
from twin.state import State


class LinkDown(Event):
    """Links carry nothing: a GPU's own, or some between switches.

    `*:nvl72-spine0` takes all links of a spine: its leafs are then oversubscribed.
    """

    kind: Literal["link_down"]

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return the links."""
        return plant.axis("link")

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant without these links."""
        return with_links(plant, np.array(places(plant.axis("link"), self.target)), 0.0)


KIND = LinkDown
