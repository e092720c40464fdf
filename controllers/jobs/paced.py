"""Pace and power of a team, kept while its clocks stay as they were."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from controllers.jobs.team import Team
from site_models.arrays import Floats
from site_models.plant import Plant
from twin.workload import Pace


class Rates(NamedTuple):
    """What a pace comes to. Of a team that stands all are zero."""

    steps_per_s: float
    """Mean over its GPUs."""
    units_per_s: float
    works: bool
    """Whether any of its sets does."""


@dataclass(slots=True, eq=False)
class Paced:
    """What was answered last, of one job. The answers are those of the team, bit for bit.

    Checked in ``tests/controllers/jobs/test_paced.py``.
    """

    _paced: tuple[Team, bytes, Pace] | None = None
    _powered: tuple[Pace, bytes, Floats] | None = None
    _rated: tuple[Pace, Rates] | None = None

    def pace(self, team: Team, clock: Floats) -> Pace:
        """Return how the team's step runs at a clock of each of its GPUs."""
        key = clock.tobytes()
        if self._paced is None or self._paced[0] is not team or self._paced[1] != key:
            self._paced = (team, key, team.pace(clock))
        return self._paced[2]

    def power_w(self, plant: Plant, team: Team, at: Pace, clock: Floats) -> Floats:
        """Return the mean power of each GPU of the team at a pace and a clock [W]."""
        key = clock.tobytes()
        if self._powered is None or self._powered[0] is not at or self._powered[1] != key:
            self._powered = (at, key, team.power_w(plant, at, clock))
        return self._powered[2]

    def rates(self, team: Team, at: Pace) -> Rates:
        """Return steps and units a second at a pace of the team."""
        if self._rated is None or self._rated[0] is not at:
            steps_per_s = float((1.0 / at.step_s).mean())
            works = bool(np.isfinite(at.step_s).any())
            self._rated = (at, Rates(steps_per_s, team.units_per_s(at), works))
        return self._rated[1]
