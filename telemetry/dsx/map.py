"""The file that says how a building's names differ from the site's."""

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from site_models.yaml_file import read_yaml, validated
from telemetry.signals import SIGNALS
from telemetry.units import UNITS, quantity_of


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class MappedPoint(_Strict):
    """What one point of the bus is, where its own metadata does not say it well enough."""

    signal: str
    id: str
    """Of the device, as the site names it."""
    unit: str | None = None
    """Instead of the metadata's engUnit."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.signal not in SIGNALS:
            raise ValueError(f"{self.signal!r}: expected the name of a signal")
        if self.unit is not None:
            _check_unit(self.unit)
            wanted, given = quantity_of(SIGNALS[self.signal].unit), quantity_of(self.unit)
            if wanted != given:
                raise ValueError(f"unit: {self.unit} measures {given}, expected a {wanted}")
        return self


class BusMap(_Strict):
    """A whole map file; every key may be left out."""

    integration: str = ""
    """The name under which this twin may write; the building system gives it."""
    density_kg_per_m3: Annotated[float, Field(gt=500.0, lt=2000.0, strict=False)] | None = None
    """Of the coolant, for flows that are told as volumes."""
    places: dict[str, str] = Field(default_factory=dict)
    """The building's id or name of a rack or object -> the site's."""
    areas: dict[str, str] = Field(default_factory=dict)
    """A process area as the building spells it -> as the contract does."""
    units: dict[str, str] = Field(default_factory=dict)
    """A unit as the building spells it -> one of ours."""
    points: dict[str, MappedPoint] = Field(default_factory=dict)
    """Single points, by ``objectType/pointType/tagPath``."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for spelled, unit in self.units.items():
            try:
                _check_unit(unit)
            except ValueError as error:
                raise ValueError(f"units.{spelled}: {error}") from None
        for point in self.points:
            if point.count("/") < 2 or "Request/" in point:
                raise ValueError(
                    f"points.{point}: expected objectType/pointType/tagPath of no request"
                )
        if "/" in self.integration or self.integration in ("PUB", "+", "#"):
            raise ValueError(f"integration: {self.integration!r}: expected a name of its own")
        return self


def _check_unit(unit: str) -> None:
    if unit not in UNITS:
        raise ValueError(f"unknown unit {unit!r}, expected one of {' '.join(UNITS)}")


def read_bus_map(path: Path) -> BusMap:
    """Return the map in a YAML file; InputError naming file, key and what was expected."""
    return validated(BusMap, read_yaml(path), path)


def bus_map_schema() -> dict[str, Any]:
    """Return the JSON schema of map files of the bus."""
    return BusMap.model_json_schema()
