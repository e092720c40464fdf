"""Coolant: its properties by temperature."""

from typing import Literal

from site_models.figure import Basis, Equipment, Strict


class Polynomial(Strict):
    """Coefficients in ascending powers of temperature in degrees Celsius."""

    coefficients: tuple[float, ...]
    basis: Basis
    source: str
    date: str

    def at(self, temp_c: float) -> float:
        """Return the value at a temperature."""
        return sum(c * temp_c**power for power, c in enumerate(self.coefficients))


class Fluid(Equipment):
    """A fluid with the range in which its polynomials hold."""

    kind: Literal["fluid"]
    label: str
    range_c: tuple[float, float]
    density_kg_per_m3: Polynomial
    cp_j_per_kg_k: Polynomial
    log_viscosity: Polynomial | None = None
    """Natural logarithm of the dynamic viscosity in Pa s. None: nobody has asked yet."""
    conductivity_w_per_m_k: Polynomial | None = None


MODEL = Fluid
