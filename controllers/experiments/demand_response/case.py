"""What is asked of which tiers, and what came of it on one seed."""

from collections.abc import Sequence
from dataclasses import dataclass

from controllers.experiments.demand_response.judge import Verdict
from controllers.experiments.demand_response.mix import Tiers, jobs_of
from controllers.experiments.demand_response.play import Event, Run
from controllers.scenario import Job
from site_models.plant import Plant

HOUR_S = 3600.0
EQUAL: Tiers = ((0.0, 0.25), (0.1, 0.25), (0.25, 0.25), (0.5, 0.25))
"""Allowed slowdown and the part of the GPUs that has it."""
RISING: Tiers = ((0.0, 0.1), (0.1, 0.2), (0.25, 0.3), (0.5, 0.4))
DEEP: Tiers = ((0.0, 0.0), (0.1, 0.2), (0.25, 0.2), (0.5, 0.6))


@dataclass(frozen=True, slots=True)
class Case:
    """Tiers and what is asked of them."""

    name: str
    tiers: Tiers
    event: Event
    serving_first: bool = True
    """Whether inference has the strictest tiers; else they are drawn for all work alike."""

    def jobs(self, plant: Plant, seed: int) -> Sequence[Job]:
        """Return the jobs of a seed with their tiers."""
        return jobs_of(plant, seed, self.tiers, self.serving_first)


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """One case and seed, played."""

    verdict: Verdict
    run: Run
    most: float
    """Cut that tiers allow at rest: the computed ceiling."""
    most_any: float
    """The same where the tiers are drawn without regard to the kind of work."""


def cases(hours: float) -> tuple[Case, ...]:
    """Return the three cases with events of so many hours."""
    for_s = hours * HOUR_S
    return (
        Case("equal tiers", EQUAL, Event(0.18, 60.0, for_s)),
        Case("tiers 10/20/30/40", RISING, Event(0.25, 60.0, for_s)),
        Case("tiers 0/20/20/60", DEEP, Event(0.30, 30.0, for_s)),
    )


def long_case() -> Case:
    """Return the variant of ten hours."""
    return Case("equal tiers, 10 h", EQUAL, Event(0.18, 60.0, 10.0 * HOUR_S))


def beyond(hours: float) -> tuple[Case, ...]:
    """Return cases that ask for more than the tiers allow, at least on some seeds."""
    for_s = hours * HOUR_S
    return (
        Case("40 % asked of equal tiers", EQUAL, Event(0.40, 60.0, for_s)),
        Case("equal tiers drawn for all work", EQUAL, Event(0.18, 60.0, for_s), False),
    )
