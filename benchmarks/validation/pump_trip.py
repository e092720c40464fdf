"""A GB200 GPU after its pump trips: time to 87 C, leakage and clock control off."""

from collections.abc import Callable, Iterator

from benchmarks.evidence import Evidence
from benchmarks.gpu_chain import gb200
from twin.gpu_moves import SMALLEST_FLOW_RATIO
from twin.physics.pump_control import coast_down

REFERENCE = "ENGINEERING 3, ride-through; three masses by an independent integrator"
POWER_W, INLET_C, LIMIT_C = 1200.0, 40.0, 87.0
STEP_S = 0.01
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
            f"held below {SMALLEST_FLOW_RATIO:.0%} flow, as in the step kernel, {floored_s:.3f} s",
        )
