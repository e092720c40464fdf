"""Open cooling tower: water against the wet bulb of outdoor air."""

from typing import Literal

from pydantic import model_validator

from site_models.figure import Equipment, Figure, Positive, Share


class CoolingTower(Equipment):
    """A tower model: its rating, the law that carries it off the rating, and its water.

    `yorkcalc` takes `liquid_to_gas_rated`, the ratio at which the correlation meets the
    rating; `merkel` takes `ua_rated_w_per_k`, the conductance with dry air's heat capacity
    that meets it. ``tests/site_models/test_cooling_towers.py`` checks both.
    """

    kind: Literal["cooling_tower"]
    label: str
    law: Literal["yorkcalc", "merkel"]
    capacity_w: Positive
    entering_rated_c: Figure
    leaving_rated_c: Figure
    wet_bulb_rated_c: Figure
    water_flow_rated_m3_per_s: Positive
    airflow_rated_m3_per_s: Positive
    liquid_to_gas_rated: Positive | None = None
    ua_rated_w_per_k: Positive | None = None
    fan_power_max_w: Positive
    fan_speed_min: Share
    free_convection_share: Share
    """Heat with the fans off over heat with full fans."""
    concentration_cycles: Positive
    drift_share: Share
    fan_band_k: Positive
    fan_reset_s: Positive

    @model_validator(mode="after")
    def _meets_its_law(self) -> "CoolingTower":
        wanted = "liquid_to_gas_rated" if self.law == "yorkcalc" else "ua_rated_w_per_k"
        if getattr(self, wanted) is None:
            raise ValueError(f"{wanted}: expected a figure for the law {self.law}")
        levels = (self.entering_rated_c, self.leaving_rated_c, self.wet_bulb_rated_c)
        if sorted(levels, key=float, reverse=True) != list(levels):
            raise ValueError("leaving_rated_c: expected a level between entering and wet bulb")
        if float(self.concentration_cycles) <= 1.0:
            raise ValueError("concentration_cycles: expected a number above 1")
        return self

    @property
    def approach_k(self) -> float:
        """Leaving water over wet bulb at the rating."""
        return float(self.leaving_rated_c) - float(self.wet_bulb_rated_c)


MODEL = CoolingTower
