"""The chain from GPU to coolant against an integrator, held inputs, no leakage."""

from collections.abc import Iterator

import numpy as np
from scipy.integrate import solve_ivp

from benchmarks.evidence import Evidence
from benchmarks.gpu_chain import PlateChain, gb200
from site_models.arrays import Floats

STEPS_S = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0)
POWERS_W, INLETS_C, RATIOS = (0.0, 175.0, 1200.0), (20.0, 45.0), (0.03, 0.5, 1.0, 1.6)
START_C = (45.0, 70.0, 30.0, 41.0, 0.0)
"""Far from any rest; the last is heat carried along, over the coolant's capacity."""
REFERENCE = "scipy.integrate.solve_ivp, LSODA, tolerances 1e-10"


def rows() -> Iterator[Evidence]:
    """Yield the rows of this subject."""
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
