"""A number with its provenance: the only way a quantity enters the catalog."""

import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from site_models.units import SUFFIX_OF_UNIT, to_base

Basis = Literal["datasheet", "measured", "computed", "estimated"]


class Strict(BaseModel):
    """Base of everything read from YAML: no unknown key, no endless number, no change later."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False
    )


class Figure(Strict):
    """One number, where it comes from and when it was looked up.

    `value` is in `unit`; after validation of the equipment that holds it, in the base unit
    that the key's name ends with. `source` is a key of `catalog/sources.yaml`.
    """

    value: float
    basis: Basis
    source: str
    date: datetime.date
    unit: str = ""
    note: str = ""

    def __float__(self) -> float:
        return self.value


def _positive(figure: Figure) -> Figure:
    if figure.value <= 0.0:
        raise ValueError(f"expected a number above 0, got {figure.value:g}")
    return figure


def _not_negative(figure: Figure) -> Figure:
    if figure.value < 0.0:
        raise ValueError(f"expected 0 or more, got {figure.value:g}")
    return figure


def _share(figure: Figure) -> Figure:
    if not 0.0 <= figure.value <= 1.0:
        raise ValueError(f"expected a share 0..1, got {figure.value:g}")
    return figure


Positive = Annotated[Figure, AfterValidator(_positive)]
NotNegative = Annotated[Figure, AfterValidator(_not_negative)]
Share = Annotated[Figure, AfterValidator(_share)]


class Equipment(Strict):
    """Base of a catalog entry and of its parts: converts each figure to its base unit.

    The unit of a figure must be one of the quantity that the key's suffix names, so
    `flow_rated_kg_per_s: {value: 1200, unit: L/min}` is refused: a mass flow needs a density.
    """

    @model_validator(mode="before")
    @classmethod
    def _to_base_units(cls, raw: Any) -> Any:
        if not isinstance(raw, dict):
            return raw
        return {key: _converted(key, item) for key, item in raw.items()}


def _converted(key: str, item: Any) -> Any:
    if not (isinstance(item, dict) and item.get("unit") and "value" in item):
        return item
    unit = item["unit"]
    suffix = SUFFIX_OF_UNIT.get(unit)
    if suffix is None:
        raise ValueError(f"{key}: unknown unit {unit!r}")
    if not key.endswith(suffix):
        raise ValueError(f"{key}: unit {unit!r} does not fit, expected one for a name in {suffix}")
    if not isinstance(item["value"], int | float):
        raise ValueError(f"{key}: expected a number, got {item['value']!r}")
    return {**item, "value": to_base(float(item["value"]), unit), "unit": ""}
