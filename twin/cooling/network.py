"""A hydraulic network by name: what it is made of and how it is set."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError


@dataclass(frozen=True, slots=True)
class Pipe:
    """A straight round pipe: Darcy-Weisbach with the friction law of `hydraulics`."""

    length_m: float
    diameter_m: float
    roughness_m: float = 1.5e-6
    """Drawn tubing unless told."""


@dataclass(frozen=True, slots=True)
class PumpCurve:
    """Head at full speed, `rest + linear V + square V|V|` with V in m3/s; square < 0."""

    rest_pa: float
    linear_pa_s_per_m3: float
    square_pa_s2_per_m6: float


@dataclass(frozen=True, slots=True)
class Branch:
    """A way from one node to another; its parts lie in series.

    Loss in the direction start to end `K m|m| + K1 m + K_valve/x^2 m|m| + pipe - pump - lift`.
    """

    name: str
    start: str
    end: str
    square_pa_s2_per_kg2: float = 0.0
    linear_pa_s_per_kg: float = 0.0
    valve_pa_s2_per_kg2: float = 0.0
    """K of its control valve, fully open. Any branch is shut by an opening of 0."""
    pipe: Pipe | None = None
    pump: PumpCurve | None = None
    non_return: bool = False
    lift_pa: float = 0.0
    """Pressure that it adds whatever flows: a column, a vessel, a given difference."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What changes from one solution to the next. Shape of the arrays: (branches,)."""

    opening: Floats
    """Of valves, 0..1; 0 takes the branch out of the network."""
    speed: Floats
    """Of pumps, share of full speed."""
    density_kg_per_m3: float
    viscosity_pa_s: float


@dataclass(frozen=True, slots=True)
class Network:
    """Branches between named nodes. Raises InputError for what cannot be a network."""

    branches: tuple[Branch, ...]
    reference: str
    """Node whose pressure is 0, for example the pump's inlet."""
    nodes: tuple[str, ...] = field(init=False)
    start: Ints = field(init=False)
    end: Ints = field(init=False)

    def __post_init__(self) -> None:
        nodes = tuple(dict.fromkeys(n for b in self.branches for n in (b.start, b.end)))
        _check(self.branches, nodes, self.reference)
        at = {name: i for i, name in enumerate(nodes)}
        object.__setattr__(self, "nodes", nodes)
        object.__setattr__(self, "start", np.array([at[b.start] for b in self.branches]))
        object.__setattr__(self, "end", np.array([at[b.end] for b in self.branches]))

    def index(self, name: str) -> int:
        """Return the place of a branch; InputError if there is none of that name."""
        for b, branch in enumerate(self.branches):
            if branch.name == name:
                return b
        raise InputError(f"network: branch {name!r}: not found, expected one of its branches")

    def setting(
        self, density_kg_per_m3: float, viscosity_pa_s: float, shut: Sequence[str] = ()
    ) -> Setting:
        """Return every valve open but those `shut`, every pump at full speed."""
        opening = np.ones(len(self.branches))
        for name in shut:
            opening[self.index(name)] = 0.0
        speed = np.array([float(b.pump is not None) for b in self.branches])
        return Setting(opening, speed, density_kg_per_m3, viscosity_pa_s)


def _check(branches: Sequence[Branch], nodes: Sequence[str], reference: str) -> None:
    if reference not in nodes:
        raise InputError(f"network: reference node {reference!r} is at no branch")
    seen: set[str] = set()
    for b in branches:
        if b.name in seen:
            raise InputError(f"network: branch {b.name!r} is there twice")
        seen.add(b.name)
        if b.start == b.end:
            raise InputError(f"network: branch {b.name!r} ends where it starts, at {b.start!r}")
        resistances = (b.square_pa_s2_per_kg2, b.linear_pa_s_per_kg, b.valve_pa_s2_per_kg2)
        if not all(0.0 <= k < math.inf for k in resistances) or not math.isfinite(b.lift_pa):
            raise InputError(
                f"network: branch {b.name!r}: expected finite resistances of 0 or more"
            )
        if b.pipe and not (min(b.pipe.length_m, b.pipe.diameter_m) > 0.0 <= b.pipe.roughness_m):
            raise InputError(
                f"network: branch {b.name!r}: expected a pipe with length and diameter"
            )
        if b.pump and not (b.pump.rest_pa > 0.0 > b.pump.square_pa_s2_per_m6):
            raise InputError(f"network: pump {b.name!r}: expected a curve that falls in the end")


def check_setting(network: Network, setting: Setting) -> None:
    """Raise InputError for an opening, speed or fluid that cannot be; it names the branch."""
    if not min(setting.density_kg_per_m3, setting.viscosity_pa_s) > 0.0:
        raise InputError("network: expected density and viscosity above 0")
    for b, branch in enumerate(network.branches):
        for what, value in (("opening", setting.opening[b]), ("speed", setting.speed[b])):
            if not 0.0 <= value <= 1.0:
                raise InputError(
                    f"network: branch {branch.name!r}: {what} {value:g}, expected 0..1"
                )
