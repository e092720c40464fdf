"""Rack flow tables of two makers: return temperature at their flow, flow at their return.

The twin takes the heat capacity along the way from inlet to outlet. Tables say litres; a
litre is weighed at the inlet, where flow meters sit.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.evidence import Evidence
from site_models.catalog import open_catalog
from site_models.kinds.fluid import Fluid
from twin.physics.fluids import flow_to_warm_kg_per_s, property_at, warmed_c

L_PER_MIN = 1e-3 / 60.0
INLETS_C = (25.0, 30.0, 35.0, 40.0, 45.0)


@dataclass(frozen=True, slots=True)
class Table:
    """Flow that a rack asks for at each inlet temperature, and what is to come out."""

    name: str
    source: str
    heat_w: float
    flows_l_per_min: tuple[float, ...]
    returns_c: tuple[float, ...]
    return_limit_k: float
    held_heat_w: float
    """With this heat and the held return temperature the table's flows come out."""
    held_c: float
    flow_limit_percent: float


LENOVO = Table(
    "Lenovo GB300, 121.5 kW",
    "Lenovo LP2357, table 27",
    121.5e3,
    (59.0, 71.0, 89.0, 119.0, 177.0),
    (55.0,) * 5,
    1.5,
    121.5e3,
    55.0,
    5.0,
)
NVIDIA = Table(
    "NVIDIA gb300_rack template, 116 kW",
    "NVIDIA AIF template (ENGINEERING 2, 9.2)",
    116e3,
    (65.1, 76.5, 92.6, 117.5, 160.0),
    (51.5, 52.6, 53.7, 54.7, 55.8),
    0.3,
    148.3e3,
    58.8,
    2.0,
)


def rows() -> Iterator[Evidence]:
    """Yield a row for each table, quantity and inlet temperature."""
    fluid = open_catalog().get(Fluid, "pg25")
    cp = (*fluid.cp_j_per_kg_k.coefficients, 0.0, 0.0)
    density = (*fluid.density_kg_per_m3.coefficients, 0.0, 0.0)
    water = open_catalog().get(Fluid, "water")
    for table in (LENOVO, NVIDIA):
        points = zip(INLETS_C, table.flows_l_per_min, table.returns_c, strict=True)
        for inlet_c, l_per_min, return_c in points:
            litre_kg = property_at(inlet_c, *density)
            flow = l_per_min * L_PER_MIN * litre_kg
            found_c = warmed_c(inlet_c, table.heat_w, flow, *cp)
            plain = l_per_min * L_PER_MIN * water.density_kg_per_m3.at(inlet_c)
            watered_c = warmed_c(inlet_c, table.heat_w, plain, *water.cp_j_per_kg_k.coefficients)
            yield Evidence.within(
                f"{table.name}: return at {inlet_c:g} C and {l_per_min:g} L/min",
                f"{table.source}: {return_c:g} C",
                found_c,
                return_c - table.return_limit_k,
                return_c + table.return_limit_k,
                "C",
                f"taken for water: {watered_c:.1f} C",
            )
            held = flow_to_warm_kg_per_s(inlet_c, table.held_c, table.held_heat_w, *cp)
            held_l_per_min = held / litre_kg / L_PER_MIN
            yield Evidence.at_most(
                f"{table.name}: flow at {inlet_c:g} C,"
                f" {table.held_heat_w / 1e3:g} kW, return held at {table.held_c:g} C",
                f"{table.source}: {l_per_min:g} L/min",
                100.0 * abs(held_l_per_min / l_per_min - 1.0),
                table.flow_limit_percent,
                "%",
                f"ours {held_l_per_min:.1f} L/min",
            )
