"""A radial distribution tree twice: in pandapower, and as stages of our power chain.

20 kV infeed, 500 m of cable, three 630 kVA transformers, and behind each two busways of 40 m
with a load at the end. Equipment is from pandapower's own
standard types; nothing on our side is fitted.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from site_models.arrays import Floats
from twin.physics.feed_tree import Stages, tree_powers

UNIT = "0.63 MVA 20/0.4 kV"
CABLE, BUSWAY = "NA2XS2Y 1x240 RM/25 12/20 kV", "NAYY 4x150 SE"
UNITS, BUSWAYS_PER_UNIT = 3, 2
CABLE_KM, BUSWAY_KM, BUSWAY_PARALLEL = 0.5, 0.04, 4
FULL_W = 290e3
"""Of one busway's load: the 630 kVA are then loaded to 92 %."""
UNEVEN = np.array([1.0, 0.7, 0.9, 1.0, 0.4, 0.8])
"""Of that, busway by busway."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A stage as pandapower describes it."""

    parent: int
    fixed_w: float
    """Iron loss."""
    copper_w: float
    """Winding or line loss when `rating_w` passes at unity power factor and rated voltage."""
    rating_w: float


def transformer(parent: int, kind: Any) -> Branch:
    """Return a transformer: iron loss `pfe_kw`, copper loss `vkr_percent` of the rating."""
    rating_w = float(kind["sn_mva"]) * 1e6
    copper_w = float(kind["vkr_percent"]) / 100.0 * rating_w
    return Branch(parent, float(kind["pfe_kw"]) * 1e3, copper_w, rating_w)


def line(parent: int, kind: Any, km: float, parallel: int, voltage_v: float) -> Branch:
    """Return a three-phase line: R (P/V)^2 at its rated current."""
    r_ohm = float(kind["r_ohm_per_km"]) * km / parallel
    rating_w = np.sqrt(3.0) * voltage_v * float(kind["max_i_ka"]) * 1e3 * parallel
    return Branch(parent, 0.0, r_ohm * (rating_w / voltage_v) ** 2, float(rating_w))


def stages(branches: list[Branch], power_factor: float) -> Stages:
    """Return branches as quadratic stages: a and c of `P_in = P_out + a P_r + c P_out^2/P_r`.

    Current goes with apparent power, so c grows with the inverse square of the power factor.
    """
    rating_w = np.array([b.rating_w for b in branches])
    copper_w = np.array([b.copper_w for b in branches])
    return Stages(
        parent=np.array([b.parent for b in branches]),
        rating_w=rating_w,
        loss_fixed=np.array([b.fixed_w for b in branches]) / rating_w,
        loss_linear=np.zeros(len(branches)),
        loss_square=copper_w / rating_w / power_factor**2,
    )


def our_losses_w(pp: Any, share: float, power_factor: float) -> tuple[Floats, float]:
    """Return the loss of every branch and the power taken in [W], by our stages."""
    net = pp.create_empty_network()
    cable, busway = (pp.load_std_type(net, name, "line") for name in (CABLE, BUSWAY))
    branches = [line(-1, cable, CABLE_KM, 1, 20e3)]
    branches += [transformer(0, pp.load_std_type(net, UNIT, "trafo")) for _ in range(UNITS)]
    direct_w = [0.0] * len(branches)
    for k, part in enumerate(UNEVEN):
        unit = 1 + k // BUSWAYS_PER_UNIT
        branches.append(line(unit, busway, BUSWAY_KM, BUSWAY_PARALLEL, 400.0))
        direct_w.append(share * part * FULL_W)
    out_w, in_w = tree_powers(stages(branches, power_factor), np.array(direct_w))
    return in_w - out_w, float(in_w[0])


def their_losses_w(pp: Any, share: float, power_factor: float) -> tuple[Floats, float]:
    """Return the same by pandapower's load flow, branches in the same order."""
    net = pp.create_empty_network()
    middle, hall = (pp.create_bus(net, vn_kv=20.0) for _ in range(2))
    pp.create_ext_grid(net, middle)
    pp.create_line(net, middle, hall, CABLE_KM, CABLE)
    for unit in range(UNITS):
        low = pp.create_bus(net, vn_kv=0.4)
        pp.create_transformer(net, hall, low, UNIT)
        for k in range(unit * BUSWAYS_PER_UNIT, (unit + 1) * BUSWAYS_PER_UNIT):
            end = pp.create_bus(net, vn_kv=0.4)
            pp.create_line(net, low, end, BUSWAY_KM, BUSWAY, parallel=BUSWAY_PARALLEL)
            load_w = share * UNEVEN[k] * FULL_W
            reactive_va = load_w * np.tan(np.arccos(power_factor))
            pp.create_load(net, end, p_mw=load_w / 1e6, q_mvar=reactive_va / 1e6)
    pp.runpp(net, tolerance_mva=1e-10, numba=False)
    transformers = net.res_trafo.pl_mw.to_numpy() * 1e6
    lines = net.res_line.pl_mw.to_numpy() * 1e6
    losses = np.concatenate((lines[:1], transformers, lines[1:]))
    return losses, float(net.res_ext_grid.p_mw.iloc[0]) * 1e6
