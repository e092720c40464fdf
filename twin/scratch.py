"""What the passes of a substep work out anew each time: arrays made once a step."""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Arrays
from twin.physics.law import borrowing, compiled


class Scratch(NamedTuple):
    """Arrays that a pass fills before it reads them; but for `sums` nothing outlasts a substep.

    They are handed in since passes are `borrowing` and make none of their own: decision 0032.
    """

    sums: Floats
    """Over the substeps of a step: the places of ``twin.step`` [J, kg]. Shape (7,)"""
    to_coolant_w: Floats
    """Heat that GPUs gave to their node's coolant. Shape (nodes,)"""
    circuit_heat_in_w: Floats
    """Losses of stages and heat of racks and exchangers. Shape (circuits,), as all to `asked_w`"""
    circuit_heat_out_w: Floats
    cooled: Floats
    """Units in service that cool each circuit"""
    dp_pa: Floats
    """Pressure difference at the racks, and between which values it lies"""
    low_pa: Floats
    high_pa: Floats
    total_kg_per_s: Floats
    slope_kg_per_s_pa: Floats
    asked_kg_per_s: Floats
    left_kg_per_s: Floats
    condensers_kg_per_s: Floats
    units_kg_per_s: Floats
    """Rated flow of the units in use"""
    moved_k: Floats
    """By how much coolers' setpoints stand off those in the plant"""
    running_w: Floats
    """What running chillers can take"""
    asked_w: Floats
    first_idle: Ints
    """Chiller that would start next, and that would stop; -1 none. Shape (circuits,)"""
    last_running: Ints
    able_w: Floats
    """Shape (chillers,), as the two below"""
    needed_w: Floats
    trim_c: Floats
    wanted_kg_per_s: Floats
    """Shape (racks,), as the five below"""
    sized_w: Floats
    dc_w: Floats
    wired: Floats
    living: Floats
    """Shares of the connections that live, and their number"""
    alive: Floats
    link_live: Flags
    """Shape (connections,), as its share"""
    link_share: Floats
    firm: Floats
    """1 where a stage's source is no battery. Shape (stages,), as the charge"""
    charge_w: Floats


@compiled
def scratch_for(arrays: Arrays) -> Scratch:
    """Return scratch arrays of a plant's sizes."""
    circuits, chillers = arrays.circuits.kind.size, arrays.chillers.circuit.size
    racks, links = arrays.racks.row.size, arrays.rack_feeds.rack.size
    stages = arrays.feeds.parent.size
    return Scratch(
        np.zeros(7), np.zeros(arrays.nodes.rack.size),
        np.zeros(circuits), np.zeros(circuits), np.zeros(circuits), np.zeros(circuits),
        np.zeros(circuits), np.zeros(circuits), np.zeros(circuits), np.zeros(circuits),
        np.zeros(circuits), np.zeros(circuits), np.zeros(circuits), np.zeros(circuits),
        np.zeros(circuits), np.zeros(circuits), np.zeros(circuits),
        np.zeros(circuits, dtype=np.int64), np.zeros(circuits, dtype=np.int64),
        np.zeros(chillers), np.zeros(chillers), np.zeros(chillers),
        np.zeros(racks), np.zeros(racks), np.zeros(racks), np.zeros(racks),
        np.zeros(racks), np.zeros(racks),
        np.zeros(links, dtype=np.bool_), np.zeros(links),
        np.zeros(stages), np.zeros(stages),
    )  # fmt: skip


@borrowing
def clear(values: Floats) -> None:
    """Set all to 0."""
    for i in range(values.size):
        values[i] = 0.0
