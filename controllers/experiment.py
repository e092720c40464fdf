"""A named benchmark of policies against baselines: what it is given and what it answers."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from site_models.arrays import Floats
from site_models.errors import InputError

Status = Literal["reached", "short"]


@dataclass(frozen=True, slots=True)
class Setting:
    """What an experiment is run with."""

    site: str = ""
    """Empty: the experiment's own."""
    quick: bool = False
    """At most five minutes: shorter spans and fewer seeds, the same limits."""
    weather: Path | None = None
    """EPW file in place of the site's own."""
    price: Path | None = None
    jobs: Path | None = None
    told: Callable[[str], None] = lambda line: None
    """Hears one line of progress at a time."""

    def only(self, experiment: str, *taken: str) -> None:
        """Raise InputError, one line, for a setting that an experiment does not take."""
        for name in ("site", "weather", "price", "jobs"):
            if getattr(self, name) and name not in taken:
                raise InputError(f"{experiment}: --{name}: expected none, it brings its own")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was asked of the experiment, and what came out."""

    name: str
    ours: float
    unit: str
    limit: str
    """As text: `>= 25 %`."""
    status: Status
    why: str = ""
    """For one that fell short."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A line of a plot."""

    name: str
    x: Floats
    y: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """Curves over a common axis, with limits drawn across."""

    title: str
    x_label: str
    """With its unit."""
    y_label: str
    curves: tuple[Curve, ...]
    limits: Mapping[str, float] = field(default_factory=dict)
    """Name -> height."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What an experiment found: plain figures, keys with units."""

    name: str
    baseline: Mapping[str, Any]
    """Baseline -> its figures: do-nothing and simple rules."""
    ours: Mapping[str, Any]
    findings: tuple[Finding, ...]
    plots: tuple[Plot, ...] = ()
    notes: tuple[str, ...] = ()
    """Protocol, seeds, confidence, what is left out: a line each."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """Each file, or package, of `controllers/experiments` has one as EXPERIMENT."""

    title: str
    """One line: what is compared on what."""
    run: Callable[[Setting], Outcome]
    """Pure but for progress; raises InputError for a setting that it cannot use."""


def at_least(name: str, ours: float, limit: float, unit: str, why: str = "") -> Finding:
    """Return a finding that is reached from the limit up; `why` is kept if it is not."""
    met = ours >= limit
    return _finding(name, ours, unit, f">= {limit:g} {unit}".rstrip(), met, why)


def at_most(name: str, ours: float, limit: float, unit: str, why: str = "") -> Finding:
    """Return a finding that is reached up to the limit; `why` is kept if it is not."""
    met = ours <= limit
    return _finding(name, ours, unit, f"<= {limit:g} {unit}".rstrip(), met, why)


def _finding(name: str, ours: float, unit: str, limit: str, met: bool, why: str) -> Finding:
    return Finding(name, ours, unit, limit, "reached" if met else "short", "" if met else why)


def listed(numbers: Iterable[int]) -> str:
    """Return seeds, weeks and the like in words."""
    return ", ".join(map(str, numbers))


def find_experiments() -> dict[str, Experiment]:
    """Return the experiments by name."""
    package = importlib.import_module("controllers.experiments")
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    return {
        name: importlib.import_module(f"controllers.experiments.{name}").EXPERIMENT
        for name in names
    }
