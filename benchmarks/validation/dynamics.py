"""The chain from GPU to coolant against an integrator, held inputs, without and with leakage."""

from collections.abc import Iterator

import numpy as np
from scipy.integrate import solve_ivp

from benchmarks.evidence import Evidence
from benchmarks.gpu_chain import PlateChain, gb200
from benchmarks.gpu_kernel import KernelPlates, plates
from site_models.arrays import Floats
from twin.state import MEASURED, MODELLED

STEPS_S = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0)
POWERS_W, INLETS_C, RATIOS = (0.0, 175.0, 1200.0), (20.0, 45.0), (0.03, 0.5, 1.0, 1.6)
START_C = (45.0, 70.0, 30.0, 41.0, 0.0)
"""Far from any rest; the last is heat carried along, over the coolant's capacity."""
REFERENCE = "scipy.integrate.solve_ivp, LSODA, tolerances 1e-10"


HOT_C = (86.0, 80.0, 82.0, 60.0)
"""A die just below its limit, its coolant about to be too warm."""


def rows() -> Iterator[Evidence]:
    """Yield the rows of this subject."""
    yield from _known_power()
    yield from _leaking()
    yield from _halved()


def _leaking() -> Iterator[Evidence]:
    """Yield the step kernel's errors at each step length, leakage on, control off."""
    kernel, plate = plates(controlled=False), gb200()
    cases = [(c, r) for c in INLETS_C for r in RATIOS]
    demand_w = np.array(POWERS_W)
    start = np.repeat(np.array(START_C[:4])[:, None], demand_w.size, axis=1)
    exact = {
        case: np.array([leaking(kernel, plate, start[:, 0], p, *case) for p in POWERS_W])
        for case in cases
    }
    for number, h_s in enumerate(STEPS_S):
        worst, lagged = 0.0, 0.0
        for inlet_c, ratio in cases:
            wanted = exact[inlet_c, ratio][:, number].T
            state = kernel.state(start, ratio, inlet_c)
            kernel.step(state, kernel.inputs(demand_w), h_s)
            found = kernel.temperatures(state, demand_w.size)
            worst = max(worst, float(np.abs(found - wanted).max()))
            state = kernel.state(start, ratio, inlet_c)
            frozen_w = np.array([kernel.power_w(p, float(start[0, 0])) for p in POWERS_W])
            kernel.step(state, kernel.inputs(frozen_w, MEASURED), h_s)
            found = kernel.temperatures(state, demand_w.size)
            lagged = max(lagged, float(np.abs(found - wanted).max()))
        yield Evidence.at_most(
            f"The same by the step kernel with leakage, {h_s:g} s,"
            f" worst of {len(cases) * demand_w.size} cases",
            REFERENCE,
            worst,
            0.05,
            "K",
            f"leakage held at its first value: {lagged:.2g} K",
        )


def _halved() -> Iterator[Evidence]:
    """Yield how far two half steps of the kernel are from one."""
    for name, basis, limit_k in (
        ("power held: its blocks are linear", MEASURED, 1e-10),
        ("with leakage and clock control", MODELLED, 0.05),
    ):
        kernel = plates(controlled=basis == MODELLED)
        apart_k = 0.0
        for begin in (START_C[:4], HOT_C):
            for inlet_c in INLETS_C:
                for ratio in RATIOS:
                    apart_k = max(apart_k, _apart_k(kernel, begin, ratio, inlet_c, basis))
        yield Evidence.at_most(
            f"Two half steps of the kernel against one, 0.1 to 60 s, {name}",
            "the semigroup property of held inputs",
            apart_k,
            limit_k,
            "K",
        )


def _apart_k(
    kernel: KernelPlates, begin: tuple[float, ...], ratio: float, inlet_c: float, basis: int
) -> float:
    """Return the largest difference of any temperature over all step lengths and powers."""
    demand_w = np.linspace(0.0, 1200.0, 9)
    start = np.repeat(np.array(begin)[:, None], demand_w.size, axis=1)
    inputs, apart_k = kernel.inputs(demand_w, basis), 0.0
    for h_s in STEPS_S:
        once, twice = kernel.state(start, ratio, inlet_c), kernel.state(start, ratio, inlet_c)
        kernel.step(once, inputs, h_s)
        kernel.step(twice, inputs, 0.5 * h_s)
        kernel.step(twice, inputs, 0.5 * h_s)
        found = [kernel.temperatures(state, demand_w.size) for state in (once, twice)]
        apart_k = max(apart_k, float(np.abs(found[0] - found[1]).max()))
    return apart_k


def leaking(
    kernel: KernelPlates,
    plate: PlateChain,
    start: Floats,
    demand_w: float,
    inlet_c: float,
    ratio: float,
) -> Floats:
    """Return the four temperatures at each of STEPS_S by the integrator, leakage on."""
    die, body, memory, _ = plate.conductances(ratio)
    stream = kernel.stream_w_per_k(ratio)
    held, share = plate.capacities_j_per_k, float(plate.gpu.memory_share)

    def slopes(_: float, x: Floats) -> list[float]:
        power_w = kernel.power_w(demand_w, float(x[0]))
        to_body_w, memory_w = die * (x[0] - x[1]), memory * (x[2] - x[1])
        to_coolant_w = body * (x[1] - x[3])
        return [
            ((1.0 - share) * power_w - to_body_w) / held[0],
            (to_body_w + memory_w - to_coolant_w) / held[1],
            (share * power_w - memory_w) / held[2],
            (to_coolant_w - stream * (x[3] - inlet_c)) / held[3],
        ]

    found = []
    for before_s, time_s in zip((0.0, *STEPS_S), STEPS_S, strict=False):
        solved = solve_ivp(
            slopes, (before_s, time_s), start, method="LSODA", rtol=1e-10, atol=1e-10
        )
        start = solved.y[:, -1]
        found.append(start)
    return np.array(found)


def _known_power() -> Iterator[Evidence]:
    """Yield the laws' errors at each step length, no leakage."""
    plate = gb200()
    start = np.array(START_C)
    cases = [(p, c, r) for p in POWERS_W for c in INLETS_C for r in RATIOS]
    exact = [integrated(plate, start, *case) for case in cases]
    for number, h_s in enumerate(STEPS_S):
        wanted = [trace[number] for trace in exact]
        found = [plate.step(start, *case, h_s) for case in cases]
        simple = [backward_euler(plate, start, *case, h_s) for case in cases]
        yield Evidence.at_most(
            f"GPU, plate and coolant after one step of {h_s:g} s, worst of {len(cases)} cases",
            REFERENCE,
            largest_k(found, wanted),
            0.05,
            "K",
            f"backward Euler in one step: {largest_k(simple, wanted):.2g} K",
        )
    halves = [halved(plate, start, *case, h_s) for case in cases for h_s in STEPS_S]
    wholes = [plate.step(start, *case, h_s) for case in cases for h_s in STEPS_S]
    yield Evidence.at_most(
        "Two half steps against one, 0.1 to 60 s",
        "the semigroup property of held linear equations",
        largest_k(halves, wholes),
        1e-10,
        "K",
    )


def largest_k(found: list[Floats], exact: list[Floats]) -> float:
    """Return the largest difference of any of the four temperatures."""
    return float(np.max(np.abs(np.array(found)[:, :4] - np.array(exact)[:, :4])))


def integrated(
    plate: PlateChain, start: Floats, power_w: float, inlet_c: float, ratio: float
) -> list[Floats]:
    """Return the state at each of STEPS_S by the integrator, from the equations of ENGINEERING 8.2.

    It is begun anew at each, so that no interpolation between its steps is compared.
    """
    die, body, memory, stream = plate.conductances(ratio)
    held, share = plate.capacities_j_per_k, float(plate.gpu.memory_share)

    def slopes(_: float, x: Floats) -> list[float]:
        to_body_w, memory_w = die * (x[0] - x[1]), memory * (x[2] - x[1])
        to_coolant_w = body * (x[1] - x[3])
        return [
            ((1.0 - share) * power_w - to_body_w) / held[0],
            (to_body_w + memory_w - to_coolant_w) / held[1],
            (share * power_w - memory_w) / held[2],
            (to_coolant_w - stream * (x[3] - inlet_c)) / held[3],
        ]

    state, before_s, found = start[:4], 0.0, []
    for time_s in STEPS_S:
        span = (before_s, time_s)
        state = solve_ivp(slopes, span, state, method="LSODA", rtol=1e-10, atol=1e-10).y[:, -1]
        before_s = time_s
        found.append(np.append(state, 0.0))
    return found


def backward_euler(
    plate: PlateChain, start: Floats, power_w: float, inlet_c: float, ratio: float, h_s: float
) -> Floats:
    """Return the state after one implicit step, the usual first choice."""
    right = start + h_s * plate.source(power_w, inlet_c, ratio)
    left = np.eye(start.size) - h_s * plate.rates(ratio)
    after: Floats = np.linalg.solve(left, right).astype(np.float64)
    return after


def halved(
    plate: PlateChain, start: Floats, power_w: float, inlet_c: float, ratio: float, h_s: float
) -> Floats:
    """Return the state after two steps of half the length."""
    between = plate.step(start, power_w, inlet_c, ratio, 0.5 * h_s)
    return plate.step(between, power_w, inlet_c, ratio, 0.5 * h_s)
