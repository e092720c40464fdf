"""The weather turns."""

from typing import Annotated, Literal

from pydantic import Field

from controllers.event import Event, Seconds
from site_models.plant import Plant

Level = Annotated[float, Field(ge=-60.0, le=60.0)]


class Weather(Event):
    """Outdoor temperatures move by an offset, or to a given level, along a ramp.

    The wet bulb is never above the dry bulb.
    """

    kind: Literal["weather"]
    target: str = "outdoors"
    dry_bulb_offset_k: Annotated[float, Field(ge=-60.0, le=60.0)] = 0.0
    wet_bulb_offset_k: Annotated[float, Field(ge=-60.0, le=60.0)] = 0.0
    dry_bulb_c: Level | None = None
    wet_bulb_c: Level | None = None
    ramp_s: Seconds = 0.0

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return the one place there is."""
        return ("outdoors",)

    def complaint(self, plant: Plant) -> tuple[str, str] | None:
        """Return what is wrong: a wet bulb above the dry bulb."""
        dry, wet = self.dry_bulb_c, self.wet_bulb_c
        if dry is not None and wet is not None and wet > dry:
            return "wet_bulb_c", f"{wet:g}, expected at most the dry bulb's {dry:g}"
        return super().complaint(plant)

    def outdoors(self, dry_bulb_c: float, wet_bulb_c: float, after_s: float) -> tuple[float, float]:
        """Return the temperatures on the way to where they go."""
        part = min(after_s / self.ramp_s, 1.0) if self.ramp_s else 1.0
        dry_to = dry_bulb_c if self.dry_bulb_c is None else self.dry_bulb_c
        wet_to = wet_bulb_c if self.wet_bulb_c is None else self.wet_bulb_c
        dry_to += self.dry_bulb_offset_k
        wet_to += self.wet_bulb_offset_k
        return (
            dry_bulb_c + part * (dry_to - dry_bulb_c),
            wet_bulb_c + part * (wet_to - wet_bulb_c),
        )


KIND = Weather
