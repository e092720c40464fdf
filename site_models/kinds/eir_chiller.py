"""Water-cooled chiller by published performance curves."""

from typing import Literal

from pydantic import model_validator

from site_models.figure import Basis, Equipment, Figure, Positive, Strict


class Curve(Strict):
    """Coefficients of a curve and where they were read.

    Of two temperatures: c0 + c1 x + c2 x^2 + c3 y + c4 y^2 + c5 x y, x leaving chilled
    water, y entering condenser water [C]. Of the part load: ascending powers.
    """

    coefficients: tuple[float, ...]
    basis: Basis
    source: str
    date: str


class EirChiller(Equipment):
    """A chiller model: rating, three curves, and the range in which they hold."""

    kind: Literal["eir_chiller"]
    label: str
    capacity_w: Positive
    """At the rated temperatures."""
    rated_cop: Positive
    rated_leaving_c: Figure
    rated_entering_c: Figure
    leaving_range_c: tuple[float, float]
    entering_range_c: tuple[float, float]
    part_load_range: tuple[float, float]
    condenser_flow_rated_m3_per_s: Positive
    condenser_approach_k: Positive
    """Condensing temperature over entering condenser water, for water outside the curves."""
    entering_max_c: Figure
    """Condenser water this warm trips it on high pressure."""
    restart_s: Positive
    capacity_by_temperature: Curve
    input_by_temperature: Curve
    input_by_part_load: Curve

    @model_validator(mode="after")
    def _lengths(self) -> "EirChiller":
        for key, length in (
            ("capacity_by_temperature", 6),
            ("input_by_temperature", 6),
            ("input_by_part_load", 3),
        ):
            if len(getattr(self, key).coefficients) != length:
                raise ValueError(f"{key}: expected {length} coefficients")
        return self


MODEL = EirChiller
