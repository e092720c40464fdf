"""The map that tells what the columns of a foreign table mean."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from site_models.yaml_file import read_yaml, validated
from telemetry.signals import SIGNALS
from telemetry.units import UNITS, WATER_DENSITY_KG_PER_M3, quantity_of


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class TimeColumn(_Strict):
    """Where times stand: seconds, milliseconds or microseconds since 1970, or ISO 8601."""

    column: str
    unit: Literal["s", "ms", "us", "iso"]
    zone: str | None = None
    """Of ISO times without an offset; `--zone` and then UTC where it is not given."""


class IdColumn(_Strict):
    """Whose readings a row has: of the id in a column, or all of one."""

    column: str | None = None
    prefix: str = ""
    value: str | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.column is None) == (self.value is None):
            raise ValueError("expected either column or value")
        return self


class SignalColumn(_Strict):
    """Where a signal stands and in which unit."""

    column: str
    unit: str
    counter: bool = False
    """Cumulative: goes on rising over a reset of the device."""
    density_kg_per_m3: Annotated[float, Field(gt=0.0, strict=False)] = WATER_DENSITY_KG_PER_M3
    """Of the coolant, for a flow in L/min or gpm."""


class CsvMap(_Strict):
    """A whole map file."""

    time: TimeColumn
    id: IdColumn
    signals: Annotated[dict[str, SignalColumn], Field(min_length=1)]
    missing: list[str] = Field(default_factory=list)
    """Cells that mean no reading, besides empty and NaN; zeros are readings unless listed."""

    @model_validator(mode="after")
    def _known_signals_of_one_axis(self) -> Self:
        for name, entry in self.signals.items():
            if name not in SIGNALS:
                raise ValueError(f"signals.{name}: expected the name of a signal")
            if entry.unit not in UNITS:
                raise ValueError(f"signals.{name}.unit: expected one of {' '.join(UNITS)}")
            wanted, given = quantity_of(SIGNALS[name].unit), quantity_of(entry.unit)
            if wanted != given:
                raise ValueError(
                    f"signals.{name}.unit: {entry.unit} measures {given}, expected a {wanted}"
                )
        axes = {SIGNALS[name].axis for name in self.signals}
        if len(axes) > 1:
            raise ValueError(f"signals: expected one axis, got {' and '.join(sorted(axes))}")
        return self

    @property
    def axis(self) -> str:
        """Axis that all signals of the map are on."""
        return SIGNALS[next(iter(self.signals))].axis


def read_map(path: Path) -> CsvMap:
    """Return the map in a YAML file; InputError naming file, key and what was expected."""
    return validated(CsvMap, read_yaml(path), path)


def map_schema() -> dict[str, Any]:
    """Return the JSON schema of map files."""
    return CsvMap.model_json_schema()
