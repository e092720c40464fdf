"""What an event is: it changes the plant, the readings or the weather, never the physics."""

import importlib
import pkgutil
from abc import abstractmethod
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import Field

from site_models.arrays import Flags, Floats
from site_models.figure import Strict
from site_models.plant import Plant
from telemetry.frame import Frame
from twin.state import State

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Seconds = Annotated[float, Field(ge=0.0)]
Factor = Annotated[float, Field(gt=0.0)]


class Event(Strict):
    """Something that happens at an instant; the base of every kind.

    A kind overrides one of the methods that return what they are given; all are pure and say
    what holds `after_s` seconds after the event. Heat capacities never change, so energy closes
    in every step, also in that of the event.
    """

    kind: str
    target: str
    """Name of what is hit; `*` and `?` stand for several."""
    at_s: Seconds
    """Since the scenario's start."""
    lasts_s: Annotated[float, Field(gt=0.0)] | None = None
    """Repaired after this time; to the end if not given."""

    @abstractmethod
    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return the names that this kind can hit."""

    def complaint(self, plant: Plant) -> tuple[str, str] | None:
        """Return a key and what is wrong with it on this plant; None if all is well."""
        if places(self.known(plant), self.target):
            return None
        listed = shortened(self.known(plant))
        return "target", f"{self.target!r} is not in {plant.site}, expected one of: {listed}"

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant in force; `onset` is the state in which the event found it."""
        return plant

    def moving(self, after_s: float) -> bool:
        """Say whether the plant still changes with time."""
        return False

    def seen(self, frame: Frame, before: Frame, plant: Plant) -> Frame:
        """Return what the sensors say of a true frame; `before` is the last before the event."""
        return frame

    def clock_limit(self, plant: Plant, clock: Floats) -> Floats:
        """Return the clock that each GPU is locked to, a share of full clock. Shape (GPUs,)"""
        return clock

    def withheld(self, plant: Plant, gpus: Flags) -> Flags:
        """Return the GPUs that jobs may not use. Shape (GPUs,)"""
        return gpus

    def outdoors(self, dry_bulb_c: float, wet_bulb_c: float, after_s: float) -> tuple[float, float]:
        """Return dry-bulb and wet-bulb temperature outdoors [C]."""
        return dry_bulb_c, wet_bulb_c


def places(names: tuple[str, ...], pattern: str) -> list[int]:
    """Return the places of the names that a pattern fits."""
    return [i for i, name in enumerate(names) if fnmatchcase(name, pattern)]


def shortened(names: tuple[str, ...], most: int = 12) -> str:
    """Return names as one text, the rest of a long list as their number."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def find_events() -> dict[str, type[Any]]:
    """Return the event classes by kind: each file of `controllers/events` has a KIND."""
    package = importlib.import_module("controllers.events")
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    return {name: importlib.import_module(f"controllers.events.{name}").KIND for name in names}
