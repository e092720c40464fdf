"""A GB200 GPU after its pump trips: time to 87 C, leakage and clock control off, on beside."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from benchmarks.evidence import Evidence
from benchmarks.gpu_chain import CP_J_PER_KG_K, DENSITY_KG_PER_M3, gb200
from benchmarks.gpu_kernel import KernelPlates, plates
from site_models.plant import freeze
from twin.physics.pump_control import coast_down
from twin.servers.gpu_rates import SMALLEST_FLOW_RATIO

REFERENCE = "ENGINEERING 3, ride-through; three masses by an independent integrator"
POWER_W, INLET_C, LIMIT_C = 1200.0, 40.0, 87.0
STEP_S = 0.01
LONGEST_S = 60.0
REST_C = (("die", 0, 74.79), ("plate", 1, 60.39), ("coolant", 3, 45.99))
TRIPS: tuple[tuple[str, Callable[[float], float], float], ...] = (
    ("instant, flow to 0.1 %", lambda t: float(coast_down(t, 0.0, 1e-3)), 2.82),
    (
        "coast-down, flow / (1 + t/1.5 s), floor 3 %",
        lambda t: float(coast_down(t, 1.5, 0.03)),
        6.86,
    ),
)


def rows() -> Iterator[Evidence]:
    """Yield the rows of this subject."""
    plate = gb200()
    rest = plate.rest(POWER_W, INLET_C)
    for part, place, expected_c in REST_C:
        yield Evidence.at_most(
            f"Before the trip: {part} at 1200 W, 40 C, 1.5 L/min",
            f"{REFERENCE}: {expected_c} C",
            abs(float(rest[place]) - expected_c),
            0.01,
            "K",
        )
    for trip, ratio_at, expected_s in TRIPS:
        found_s = plate.when_die_reaches(LIMIT_C, POWER_W, INLET_C, ratio_at, STEP_S)
        floored_s = gb200(SMALLEST_FLOW_RATIO).when_die_reaches(
            LIMIT_C, POWER_W, INLET_C, ratio_at, STEP_S
        )
        coarse_s = plate.when_die_reaches(LIMIT_C, POWER_W, INLET_C, ratio_at, 1.0)
        yield Evidence.at_most(
            f"87 C after a pump trip, {trip}",
            f"{REFERENCE}: {expected_s} s",
            100.0 * abs(found_s / expected_s - 1.0),
            2.0,
            "%",
            f"ours {found_s:.3f} s; in steps of 1 s {coarse_s:.3f} s; with the plate's resistance "
            f"held below {SMALLEST_FLOW_RATIO:.1%} flow, as in the step kernel, {floored_s:.3f} s;"
            f" with leakage and clock control on {played(ratio_at)}",
        )


def played(ratio_at: Callable[[float], float]) -> str:
    """Return when the kernel's GPU, leakage and control on, passes what, in words."""
    kernel = _as_stated(plates(controlled=True))
    gpus = kernel.plant.arrays.gpus
    demand = kernel.inputs(np.array([POWER_W]))
    state = kernel.state(np.full((4, 1), INLET_C), 1.0, INLET_C)
    kernel.step(state, demand, 600.0)
    reference = state.rack_flow_kg_per_s.copy()
    marks = {
        f"{LIMIT_C:g} C": LIMIT_C,
        "its limit of {:g} C": float(gpus.temp_limit_c[0]),
        "half clock at {:g} C": float(gpus.slowdown_c[0]),
        "shutdown at {:g} C": float(gpus.shutdown_c[0]),
    }
    passed: dict[str, float] = {}
    for turn in range(round(LONGEST_S / STEP_S)):
        state.rack_flow_kg_per_s[:] = reference * ratio_at((turn + 0.5) * STEP_S)
        kernel.step(state, demand, STEP_S)
        for name, mark_c in marks.items():
            if (state.gpu_temp_c[0] >= mark_c or state.gpu_off[0]) and name not in passed:
                passed[name] = (turn + 1) * STEP_S
    return ", ".join(
        f"{name.format(mark_c)} {_after(passed.get(name))}" for name, mark_c in marks.items()
    )


def _after(time_s: float | None) -> str:
    return f"not within {LONGEST_S:g} s" if time_s is None else f"after {time_s:.2f} s"


def _as_stated(kernel: KernelPlates) -> KernelPlates:
    """Return the plates on the coolant that the reference states."""
    arrays = kernel.plant.arrays
    litres = 1.5e-3 / 60.0
    groups = arrays.groups._replace(
        flow_reference_kg_per_s=np.array([litres * DENSITY_KG_PER_M3]),
        coolant_cp_j_per_kg_k=np.array([CP_J_PER_KG_K]),
    )
    return KernelPlates(replace(kernel.plant, arrays=arrays._replace(groups=freeze(groups))))
