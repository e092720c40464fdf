"""A link of the fabric has lost lanes."""

from typing import Literal

import numpy as np

from controllers.event import Event, Share, places
from site_models.plant import Plant
from twin.fabric.links import with_links
from twin.state import State


class LinkDegraded(Event):
    """Links go on at a part of their rate, as after the loss of lanes."""

    kind: Literal["link_degraded"]
    share: Share = 0.5
    """Of the rate that is left; one of four lanes lost: 0.75."""

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return the links."""
        return plant.axis("link")

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant with these links slower."""
        return with_links(plant, np.array(places(plant.axis("link"), self.target)), self.share)


KIND = LinkDegraded
