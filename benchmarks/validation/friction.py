"""Friction factors and pressure drops against golden values and the `fluids` library."""

import importlib
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from benchmarks.evidence import Evidence
from twin.physics.friction import (
    churchill_friction,
    colebrook_friction,
    laminar_friction,
    pressure_drop_pa,
    swamee_jain_friction,
)
from twin.physics.law import Law

GOLDEN = {
    "Colebrook": (colebrook_friction, (0.018514, 0.040412)),
    "Churchill": (churchill_friction, (0.018463, 0.041164)),
    "Swamee-Jain": (swamee_jain_friction, (0.018452, 0.041129)),
}
GOLDEN_AT = ((1e5, 1e-4), (4000.0, 5e-4))
ROUNDING = 5.01e-7
"""Half a unit of the golden values' last digit."""
TURBULENT = tuple(product(np.geomspace(4e3, 1e8, 25).tolist(), (0.0, 1e-6, 1e-4, 1e-3, 1e-2, 5e-2)))
ALL = tuple(product(np.geomspace(10.0, 1e8, 40).tolist(), (0.0, 1e-6, 1e-4, 1e-3, 1e-2, 5e-2)))
PIPES = tuple(product((-0.8, 0.001, 0.05, 0.8, 8.0), (0.008, 0.025, 0.1), (0.878e-3, 2.071e-3)))
"""Flow [kg/s], bore [m] and viscosity [Pa s] of PG25 from 60 down to 25 C."""


def rows() -> Iterator[Evidence]:
    """Yield golden values first, then the library."""
    for name, (law, values) in GOLDEN.items():
        error = max(abs(law(*at) - v) for at, v in zip(GOLDEN_AT, values, strict=True))
        yield Evidence.at_most(
            f"{name} friction factor, golden", "ENGINEERING 9.2, two values", error, ROUNDING, "-"
        )
    try:
        peer = importlib.import_module("fluids")
        friction = importlib.import_module("fluids.friction")
    except ImportError:
        yield Evidence.skipped("friction factors", "fluids", "fluids is not installed")
        return
    reference = f"fluids {peer.__version__}"
    yield factors("laminar", reference, lambda re, _: laminar_friction(re), laminar(friction), ALL)
    yield factors("Colebrook", reference, colebrook_friction, friction.Colebrook, TURBULENT)
    yield factors("Churchill", reference, churchill_friction, friction.Churchill_1977, ALL)
    yield factors(
        "Swamee-Jain", reference, swamee_jain_friction, friction.Swamee_Jain_1976, TURBULENT, 0.2,
        "the library has (6.97/Re)^0.9 where the rounded form has 5.74/Re^0.9",
    )  # fmt: skip
    apart = max(pipe_difference(peer, *pipe) for pipe in PIPES)
    yield Evidence.at_most(
        "pressure drop of a pipe with fittings", f"{reference}, one_phase_dP", apart, 1e-6, "%"
    )


def laminar(friction: object) -> Callable[[float, float], float]:
    """Return the library's laminar factor as a function of two numbers."""
    law: Callable[[float], float] = friction.friction_laminar  # type: ignore[attr-defined]
    return lambda reynolds, _: law(reynolds)


def factors(
    name: str,
    reference: str,
    ours: Law | Callable[[float, float], float],
    theirs: Callable[[float, float], float],
    points: tuple[tuple[float, float], ...],
    limit: float = 1e-6,
    baseline: str = "",
) -> Evidence:
    """Return the largest relative difference over Reynolds numbers and roughnesses."""
    worst = max(abs(float(ours(*at)) / theirs(*at) - 1.0) for at in points)
    title = f"{name} friction factor, {len(points)} points"
    return Evidence.at_most(title, reference, 100.0 * worst, limit, "%", baseline)


def pipe_difference(peer: object, flow: float, bore_m: float, viscosity: float) -> float:
    """Return how far the pressure drop of 12 m of drawn pipe is from the library's [%]."""
    density, length_m, roughness_m, losses = 1010.0, 12.0, 1.5e-6, 4.3
    ours = pressure_drop_pa(flow, density, viscosity, length_m, bore_m, roughness_m, losses)
    straight: float = peer.one_phase_dP(  # type: ignore[attr-defined]
        m=abs(flow), rho=density, mu=viscosity, D=bore_m, roughness=roughness_m, L=length_m,
        Method="Churchill_1977",
    )  # fmt: skip
    speed = flow / (density * 0.25 * np.pi * bore_m**2)
    theirs = np.sign(flow) * straight + losses * 0.5 * density * speed * abs(speed)
    return float(100.0 * abs(ours / theirs - 1.0))
