"""Half a day of a measured CDU load through the warm-water site."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.evidence import Evidence
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import Plant
from twin.start import idle_inputs
from twin.state import State
from twin.steady import steady
from twin.step import step

LOG = Path("data/frontier-cdu-load-first12h/load_first12h.csv")
STEP_S = 15.0
DRY_OVER_WET_K = 3.0
"""The log has the wet bulb alone; spring air at the site is about this much warmer."""
WHY_LOW = "an ideally controlled plant on a cool day: no spare pumps, no fans kept at speed"
SOURCE = "25 measured CDU loads, 15 s, 12 h (sustain-lc)"


class Run(NamedTuple):
    """What half a day came to."""

    energy_in_j: float
    it_energy_j: float
    worst_balance: float
    wall_s: float
    warmest_c: float
    coldest_c: float


def rows() -> Iterator[Evidence]:
    """Drive the site with the log; IT is the given load, there is no air side."""
    log = Path(os.environ.get("TWIN_SHARED", "../shared")) / LOG
    if not log.is_file():
        yield Evidence.skipped("frontier", SOURCE, "the log is not beside the checkout")
        return
    run = driven(compile_site("frontier-like"), np.loadtxt(log, delimiter=",", skiprows=1))
    pue = run.energy_in_j / run.it_energy_j
    yield Evidence.within(
        "energy PUE over 12 h", SOURCE, pue, 1.02, 1.10, "", "published: about 1.03", WHY_LOW
    )
    yield Evidence.at_most("worst energy imbalance of a step", SOURCE, run.worst_balance, 1e-9, "")
    yield Evidence.at_most(
        "12 h in", "this machine's clock", run.wall_s, 3.0, "s",
        why="43,200 substeps of one second, each some 100,000 instructions for the pressures and"
        " pipes of 25 loops: a core that is shared needs twice as long as one that is not",
    )  # fmt: skip
    yield Evidence.within(
        "coldest coolant of any circuit", "freezing", run.coldest_c, 0.0, 100.0, "C"
    )
    yield Evidence.within("warmest coolant of any circuit", "W50", run.warmest_c, 0.0, 65.0, "C")


def driven(plant: Plant, table: Floats) -> Run:
    """Return what the plant did with the log: time, 25 CDU loads [W], wet bulb [C]."""
    racks = plant.arrays.racks
    cdu = np.searchsorted(np.unique(racks.liquid_circuit), racks.liquid_circuit)
    share = 1.0 / np.bincount(cdu)[cdu]
    inputs = idle_inputs(plant, 0.0, 0.0)

    def at(row: Floats, state: State | None) -> State:
        now = inputs._replace(
            rack_load_w=row[1:26][cdu] * share,
            wet_bulb_c=float(row[26]),
            dry_bulb_c=float(row[26]) + DRY_OVER_WET_K,
        )
        return steady(plant, now) if state is None else step(plant, state, now, STEP_S)

    state = at(table[0], None)
    state = at(table[0], state)
    began_s = time.perf_counter()
    energy_in_j, it_energy_j, worst, low_c, high_c = 0.0, 0.0, 0.0, np.inf, -np.inf
    for row in table:
        state = at(row, state)
        energy_in_j += state.ledger.energy_in_j
        it_energy_j += state.ledger.it_energy_j
        worst = max(worst, state.ledger.balance_error)
        low_c = min(low_c, float(state.circuit_supply_c.min()))
        high_c = max(high_c, float(state.circuit_return_c.max()))
    wall_s = time.perf_counter() - began_s
    return Run(energy_in_j, it_energy_j, worst, wall_s, high_c, low_c)
