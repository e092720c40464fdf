"""Parts of a site that a mode or a hold may be given for."""

from typing import NamedTuple

import numpy as np

from controllers.actuators.order import Order
from controllers.policy import Decision, Facility, JobOn
from controllers.supervision.moves import moves_beside, moves_inside
from site_models.arrays import Flags, Floats
from site_models.errors import InputError
from site_models.plant import Plant

SITE = "site"


class Part(NamedTuple):
    """What belongs to a scope: entries of each axis."""

    gpus: Flags
    racks: Flags
    exchangers: Flags
    circuits: Flags


class Scopes:
    """The scopes of a plant by name: `site`, and every row, rack and CDU.

    A CDU's are its racks. To a scope belong the GPUs in its racks, and a loop with its
    exchangers where all racks on it do; what serves no rack belongs to the site alone.
    """

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._parts: dict[str, Part] = {}
        racks, x = plant.arrays.racks, plant.arrays.exchangers
        self._racks: dict[str, Flags] = {}
        cdus = zip(plant.axis("cdu"), x.hot_circuit[plant.cdu_exchangers], strict=True)
        self._racks |= {name: racks.liquid_circuit == circuit for name, circuit in cdus}
        self._racks |= {name: _only(k, racks.row) for k, name in enumerate(plant.row_names)}
        places = np.arange(len(plant.rack_names))
        self._racks |= {name: _only(k, places) for k, name in enumerate(plant.rack_names)}

    @property
    def names(self) -> tuple[str, ...]:
        """Return every scope there is, the site first."""
        return (SITE, *self._racks)

    def size(self, name: str) -> int:
        """Return how many racks a scope has: of two, the smaller one is the closer."""
        return len(self._plant.rack_names) + 1 if name == SITE else int(self.racks(name).sum())

    def racks(self, name: str) -> Flags:
        """Return the racks of a scope; InputError for an unknown one."""
        if name == SITE:
            return np.ones(len(self._plant.rack_names), dtype=np.bool_)
        if name not in self._racks:
            raise InputError(f"scope: expected site, a row, a rack or a CDU, got {name!r}")
        return self._racks[name]

    def part(self, name: str) -> Part:
        """Return what belongs to a scope; InputError for an unknown one."""
        if name not in self._parts:
            self._parts[name] = self._part(name)
        return self._parts[name]

    def _part(self, name: str) -> Part:
        arrays, inside = self._plant.arrays, self.racks(name)
        gpus = inside[arrays.nodes.rack[arrays.gpus.node]]
        if name == SITE:
            exchangers = np.ones(len(self._plant.exchanger_names), dtype=np.bool_)
            circuits = np.ones(len(self._plant.circuit_names), dtype=np.bool_)
            return Part(gpus, inside, exchangers, circuits)
        wet = arrays.racks.liquid_circuit >= 0
        count = len(self._plant.circuit_names)
        served = np.bincount(arrays.racks.liquid_circuit[wet], minlength=count)
        mine = np.bincount(arrays.racks.liquid_circuit[wet & inside], minlength=count)
        circuits = (mine > 0) & (mine == served)
        return Part(gpus, inside, circuits[arrays.exchangers.hot_circuit], circuits)

    def nothing(self) -> Part:
        """Return a part that is empty."""
        return Part(*(np.zeros_like(flags) for flags in self.part(SITE)))


def joined(one: Part, other: Part) -> Part:
    """Return what is in either."""
    return Part(*(a | b for a, b in zip(one, other, strict=True)))


def without(one: Part, other: Part) -> Part:
    """Return what is in the first and not in the second."""
    return Part(*(a & ~b for a, b in zip(one, other, strict=True)))


def within(
    plant: Plant, decision: Decision, part: Part, default_cap_w: Floats, jobs: tuple[JobOn, ...]
) -> Decision:
    """Return what a decision asks for inside a part; outside of it nothing is asked.

    A job is paused, or moved, where all its GPUs are inside, the new ones as well.
    """
    clock, facility = decision.gpu_clock_share, decision.facility
    return Decision(
        gpu_cap_w=np.where(part.gpus, decision.gpu_cap_w, default_cap_w),
        reason=decision.reason,
        gpu_clock_share=None if clock is None else np.where(part.gpus, clock, 1.0),
        facility=None if facility is None else Facility(*_kept(facility, part)),
        paused=decision.paused & _inside(part, jobs),
        racks_off=decision.racks_off & _racks(plant, part),
        moves=moves_inside(decision.moves, part.gpus, jobs),
    )


def frozen(plant: Plant, order: Order, last: Order, part: Part, jobs: tuple[JobOn, ...]) -> Order:
    """Return an order that leaves everything in a part as it was."""
    held = frozenset(job.name for job in jobs if part.gpus[job.gpus].any())
    now, was = order.facility, last.facility
    return order._replace(
        gpu_cap_w=np.where(part.gpus, last.gpu_cap_w, order.gpu_cap_w),
        gpu_clock_share=np.where(part.gpus, last.gpu_clock_share, order.gpu_clock_share),
        facility=Facility(
            np.where(part.exchangers, was[0], now[0]), np.where(part.circuits, was[1], now[1])
        ),
        paused=(order.paused - held) | (last.paused & held),
        racks_off=(order.racks_off - _racks(plant, part)) | last.racks_off,
        moves=moves_beside(order.moves, last.moves, part.gpus, jobs),
    )


def _kept(facility: Facility, part: Part) -> tuple[Floats, Floats]:
    """Return the wishes inside a part, NaN outside."""
    return (
        np.where(part.exchangers, facility.exchanger_setpoint_c, np.nan),
        np.where(part.circuits, facility.circuit_flow_share, np.nan),
    )


def _racks(plant: Plant, part: Part) -> frozenset[str]:
    return frozenset(plant.rack_names[k] for k in np.flatnonzero(part.racks))


def _inside(part: Part, jobs: tuple[JobOn, ...]) -> frozenset[str]:
    return frozenset(job.name for job in jobs if part.gpus[job.gpus].all())


def _only(place: int, of: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Flags:
    return np.asarray(of == place)
