"""Coolant properties of the catalog against CoolProp."""

import importlib
from collections.abc import Iterator

import numpy as np

from benchmarks.evidence import Evidence
from site_models.arrays import Floats
from site_models.catalog import open_catalog
from site_models.kinds.fluid import Fluid, Polynomial
from twin.physics.fluids import enthalpy_rise_j_per_kg, property_at, viscosity_pa_s

LIMIT_PERCENT = 0.2
PRESSURE_PA = 3e5
PEERS = {"pg25": "INCOMP::MPG-25%", "water": "Water"}
TEMPS_C = np.linspace(10.0, 65.0, 111)
TYPICAL = 60
"""Index of 40 C, where a constant property would be taken."""


def rows() -> Iterator[Evidence]:
    """Yield the largest error of each property from 10 to 65 C."""
    try:
        peer = importlib.import_module("CoolProp.CoolProp")
        version = importlib.import_module("CoolProp").__version__
    except ImportError:
        yield Evidence.skipped("coolant properties", "CoolProp", "CoolProp is not installed")
        return

    def asked(letter: str, name: str) -> Floats:
        found = [peer.PropsSI(letter, "T", t + 273.15, "P", PRESSURE_PA, name) for t in TEMPS_C]
        return np.array(found)

    for key, name in PEERS.items():
        fluid = open_catalog().get(Fluid, key)
        assert fluid.log_viscosity is not None
        assert fluid.conductivity_w_per_m_k is not None
        cp = five(fluid.cp_j_per_kg_k)
        warm_c, cold_c = TEMPS_C[30:], TEMPS_C[:-30]
        heat = asked("H", name)
        for what, ours, theirs in (
            ("density", property_at(TEMPS_C, *five(fluid.density_kg_per_m3)), asked("D", name)),
            ("heat capacity", property_at(TEMPS_C, *cp), asked("C", name)),
            ("viscosity", viscosity_pa_s(TEMPS_C, *five(fluid.log_viscosity)), asked("V", name)),
            (
                "conductivity",
                property_at(TEMPS_C, *five(fluid.conductivity_w_per_m_k)),
                asked("L", name),
            ),
            (
                "heat of a 15 K rise",
                enthalpy_rise_j_per_kg(cold_c, warm_c, *cp),
                heat[30:] - heat[:-30],
            ),
        ):
            yield compared(f"{key} {what}, 10-65 C", f"CoolProp {version}, {name}", ours, theirs)


def compared(name: str, reference: str, ours: Floats, theirs: Floats) -> Evidence:
    """Return the row of one property, beside what its value at 40 C would give."""
    worst = 100.0 * float(np.max(np.abs(ours / theirs - 1.0)))
    constant = 100.0 * float(np.max(np.abs(theirs[TYPICAL] / theirs - 1.0)))
    baseline = f"constant, as at 40 C: {constant:.2g} %"
    return Evidence.at_most(name, reference, worst, LIMIT_PERCENT, "%", baseline)


def five(polynomial: Polynomial) -> tuple[float, float, float, float, float]:
    """Return the five coefficients that the laws take, the missing ones zero."""
    c0, c1, c2, c3, c4 = (*polynomial.coefficients, 0.0, 0.0, 0.0, 0.0)[:5]
    return c0, c1, c2, c3, c4
