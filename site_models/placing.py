"""What a site file says about placing work: weights, what must survive, who is worked on."""

import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from site_models.figure import Strict

Loss = Literal["cdu_pump", "feed"]
"""What may be lost without a job suffering: a pump of any CDU, a stage of the power chain."""

ROUNDING = 1e-6
"""Weights that add up to one within this do."""

Share = Annotated[float, Field(ge=0.0, le=1.0)]


def _zoned(moment: datetime.datetime) -> datetime.datetime:
    if moment.tzinfo is None:
        raise ValueError(f"expected a time with its zone, such as {moment.isoformat()}Z")
    return moment


Moment = Annotated[datetime.datetime, AfterValidator(_zoned)]


class PlacingWeights(Strict):
    """What counts how much in the score of a place. They add up to one."""

    temperature: Share = 0.25
    headroom: Share = 0.2
    fabric: Share = 0.35
    packing: Share = 0.2
    margin_enough_k: Annotated[float, Field(gt=0.0)] = 30.0
    """A margin beyond this is worth no more."""
    headroom_enough: Annotated[float, Field(gt=0.0, le=1.0)] = 0.5
    """Share of the rack's rating left beyond which more is worth nothing."""

    @model_validator(mode="after")
    def _whole(self) -> "PlacingWeights":
        total = self.temperature + self.headroom + self.fabric + self.packing
        if abs(total - 1.0) > ROUNDING:
            raise ValueError(f"expected weights that add up to 1, got {total:g}")
        return self


class Maintenance(Strict):
    """Equipment that gets no new work while it is worked on; what runs there goes on."""

    targets: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of rows, racks, nodes."""
    start: Moment | None = None
    """None: already. A job that would still run then is not placed there."""
    end: Moment | None = None
    """None: until further notice."""
    reason: str = ""

    @model_validator(mode="after")
    def _forwards(self) -> "Maintenance":
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError("end: expected a time after start")
        return self

    def meets(self, from_s: float, until_s: float) -> bool:
        """Return whether it falls into a span of time."""
        begins_s = float("-inf") if self.start is None else self.start.timestamp()
        ends_s = float("inf") if self.end is None else self.end.timestamp()
        return begins_s < until_s and from_s < ends_s


class Placing(Strict):
    """The key `placement` of a site file. Changes no equipment, so not the site's hash."""

    weights: PlacingWeights = PlacingWeights()
    n_minus_1: tuple[Loss, ...] = ()
    """Places have to hold with any one of these lost; a request may ask for all or none."""
    cdu_pumps: Annotated[int, Field(ge=2)] = 2
    """Pumps of each CDU that share its flow: without one the others are left."""
    maintenance: tuple[Maintenance, ...] = ()


AS_USUAL = Placing()
"""Where a site file says nothing of it."""
