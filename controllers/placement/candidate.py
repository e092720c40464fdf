"""One place that is looked at."""

from typing import NamedTuple

import numpy as np

from controllers.placement.index import PlaceIndex
from controllers.placement.models import Level
from site_models.arrays import Ints


class Candidate(NamedTuple):
    """One set of GPUs, and the nearest level that holds all of it."""

    gpus: Ints
    """Ascending, as the nodes."""
    nodes: Ints
    level: Level

    @classmethod
    def of(cls, index: PlaceIndex, gpus: Ints, level: Level) -> "Candidate":
        """Return the candidate of GPUs in ascending order."""
        return cls(gpus, np.unique(index.walk.node[gpus]), level)
