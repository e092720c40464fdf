"""Five measured liquid-cooled racks: return temperatures and differential pressures."""

from collections.abc import Iterator

import numpy as np

from benchmarks.cooling_networks import catalog_curve
from benchmarks.dsx_table import MeasuredRack, find_messages, read_racks
from benchmarks.evidence import Evidence
from site_models.arrays import Floats
from site_models.catalog import open_catalog
from site_models.kinds.fluid import Fluid
from twin.physics.fluids import property_at, warmed_c
from twin.physics.hydraulics import curve_pressure_pa, valve_square

REFERENCE = "NVIDIA dsx-exchange c24771c, recorded messages, means of 99 s"
LIQUID_SHARE = 0.965
"""One for all racks: the middle of the 95 to 98 % that SOURCE.md states for PG25."""
RATED_SHARE = 0.9
"""What the rating of such racks would suggest."""
NO_VALIDATION = "one operating point, not a validation"


def rows() -> Iterator[Evidence]:
    """Yield the rows of this subject."""
    path = find_messages()
    if path is None:
        yield Evidence.skipped("Five measured racks", REFERENCE, "no shared data here")
        return
    racks, delivered_pa = read_racks(path)
    yield from returns(racks)
    yield from pressures(racks, delivered_pa)


def returns(racks: list[MeasuredRack]) -> Iterator[Evidence]:
    """Yield each rack's return temperature, from power, flow, supply and one share."""
    for rack in racks:
        error_k = return_c(rack, LIQUID_SHARE) - rack.return_c
        at_rating_k = return_c(rack, RATED_SHARE) - rack.return_c
        yield Evidence.at_most(
            f"Return of rack {rack.name}: {rack.power_w / 1e3:.1f} kW, "
            f"{LIQUID_SHARE:.1%} into PG25",
            f"{REFERENCE}: {rack.return_c:.2f} C",
            abs(error_k),
            0.4,
            "K",
            f"ours {rack.return_c + error_k:.2f} C; a share of {RATED_SHARE:.0%} as rated "
            f"is off by {abs(at_rating_k):.2f} K",
        )


def return_c(rack: MeasuredRack, share: float) -> float:
    """Return what leaves a rack [C]."""
    fluid = open_catalog().get(Fluid, "pg25")
    density = property_at(rack.supply_c, *fluid.density_kg_per_m3.coefficients, 0.0, 0.0)
    cp = (*fluid.cp_j_per_kg_k.coefficients, 0.0, 0.0)
    heat_w = share * rack.power_w
    return float(warmed_c(rack.supply_c, heat_w, rack.flow_m3_per_s * density, *cp))


def pressures(racks: list[MeasuredRack], delivered_pa: float) -> Iterator[Evidence]:
    """Yield the agreement of the differential pressures and whether a sensor is flagged."""
    flagged = [rack.name for rack in racks if rack.dp_pa > delivered_pa]
    agreeing = [rack for rack in racks if rack.dp_pa <= delivered_pa]
    measured = np.array([rack.dp_pa for rack in agreeing])
    alone = np.array([rack_curve_pa(rack) for rack in agreeing])
    ours = alone + valve_pa(agreeing, measured - alone)
    yield Evidence.at_most(
        f"Differential of {len(agreeing)} racks: catalog curve and one common K/x^2 valve, "
        f"worst rack ({NO_VALIDATION})",
        REFERENCE,
        100.0 * float(np.max(np.abs(ours / measured - 1.0))),
        15.0,
        "%",
        f"the rack curve alone gives {np.min(alone / measured):.0%} to "
        f"{np.max(alone / measured):.0%} of what is measured",
    )
    excess = {rack.name: rack.dp_pa / delivered_pa for rack in racks}
    alone_flagged = flagged == ["E02"]
    yield Evidence(
        f"Differential of rack E02 over what its CDU delivers; racks flagged: "
        f"{', '.join(flagged) or 'none'}",
        f"{REFERENCE}: the CDU delivers {delivered_pa / 1e3:.0f} kPa",
        excess.get("E02", float("nan")),
        "-",
        "> 1 for E02, for no other",
        "pass" if alone_flagged else "short",
        why="" if alone_flagged else "another rack than E02 is flagged, or none",
    )


def rack_curve_pa(rack: MeasuredRack) -> float:
    """Return what the catalog's rack loses at a rack's flow [Pa]."""
    return float(curve_pressure_pa(rack.flow_m3_per_s, *catalog_curve("gb300_rack")))


def valve_pa(racks: list[MeasuredRack], left_pa: Floats) -> Floats:
    """Return what a valve common to all loses [Pa], its K the best fit to what is left over."""
    flows = np.array([rack.flow_m3_per_s for rack in racks])
    openings = np.array([rack.opening for rack in racks])
    shape: Floats = valve_square(1.0, openings) * flows**2
    fitted: Floats = shape * float(shape @ left_pa) / float(shape @ shape)
    return fitted
