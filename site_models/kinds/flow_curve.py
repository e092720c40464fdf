"""Pressure over flow of a rack or a pump, as published: at rest and at two flows."""

from typing import Literal

from pydantic import model_validator

from site_models.figure import Equipment, NotNegative, Positive


class FlowCurve(Equipment):
    """Three points that fix `rest + b V + a V^2`.

    A pump's pressure starts at its shut-off head and falls, a rack's rises from zero.
    """

    kind: Literal["flow_curve"]
    label: str
    rest_pa: NotNegative
    first_flow_m3_per_s: Positive
    first_pa: Positive
    second_flow_m3_per_s: Positive
    """The largest flow for which the curve was published."""
    second_pa: Positive

    @model_validator(mode="after")
    def _ordered(self) -> "FlowCurve":
        if not float(self.first_flow_m3_per_s) < float(self.second_flow_m3_per_s):
            raise ValueError("first_flow_m3_per_s: expected less than second_flow_m3_per_s")
        return self


MODEL = FlowCurve
