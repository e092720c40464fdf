"""What may be written to a site: admitted by the supervisor, carried out by an actuator."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from controllers.policy import Facility, Moves
from site_models.arrays import Floats, Ints
from site_models.plant import Plant


class Order(NamedTuple):
    """Every setting that policies have a say in, at one instant. No cap or clock is NaN."""

    gpu_cap_w: Floats
    """Power cap of each GPU. Shape (GPUs,)"""
    gpu_clock_share: Floats
    """Locked clock over the full one; 1: not locked. Shape (GPUs,)"""
    facility: Facility
    """NaN: as the site was built."""
    paused: frozenset[str]
    """Jobs that shall stand."""
    racks_off: frozenset[str] = frozenset()
    """Racks that are shut down. No dead-man turns them on again: only a person does."""
    moves: Moves = frozenset()
    """Jobs that were moved lately, each carried out once. No dead-man moves them back: that
    would cost them as much again."""
    until_s: float = -np.inf
    """It is owed until then and no longer; -inf: nothing is, these are the defaults."""


def no_wish(plant: Plant) -> Facility:
    """Return cooling as the site was built."""
    return Facility(
        np.full(len(plant.exchanger_names), np.nan), np.full(len(plant.circuit_names), np.nan)
    )


def default_order(plant: Plant, gpu_cap_default_w: Floats) -> Order:
    """Return the order under which nothing is held back: what a dead-man restores."""
    return Order(
        gpu_cap_w=gpu_cap_default_w.copy(),
        gpu_clock_share=np.ones(len(gpu_cap_default_w)),
        facility=no_wish(plant),
        paused=frozenset(),
    )


def where(plant: Plant, gpus: Sequence[int] | Ints) -> str:
    """Return the nodes of some GPUs in words: `node0, node1 (16 GPUs)`."""
    nodes = [plant.node_names[n] for n in np.unique(plant.arrays.gpus.node[list(gpus)])]
    more = f" and {len(nodes) - 4} more" if len(nodes) > 4 else ""
    return f"{', '.join(nodes[:4])}{more} ({len(gpus)} GPUs)"
