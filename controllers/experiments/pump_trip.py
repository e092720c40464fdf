"""A CDU's pumps coast down and the standby comes late."""

from collections.abc import Mapping, Sequence
from typing import Any

from controllers.experiment import Experiment, Finding, Outcome, Setting, at_most
from controllers.fault_trials import OURS, fault_outcome
from controllers.trials import Trial

LENGTHS_S = (12.0, 20.0, 30.0, 45.0, 60.0, 75.0, 90.0, 120.0)


def run(setting: Setting) -> Outcome:
    """Return how keepers bring four racks through a pump trip."""
    lengths_s = LENGTHS_S[:6:2] if setting.quick else LENGTHS_S
    return fault_outcome(
        "pump_trip", setting, _events, 12.0, lengths_s, 240.0, _expected,
        ("The pumps of cdu-1 coast down to 3 % of their flow; the standby pump starts 12 s later,"
         " as in the ready scenario. Grace is found by starting it later.",),
    )  # fmt: skip


def _events(length_s: float) -> Sequence[Mapping[str, Any]]:
    return (
        {
            "at_s": 60.0, "kind": "pump_trip", "target": "cdu-1", "coast_s": 1.5, "floor": 0.03,
            "standby_after_s": length_s, "run_up_s": 4.0,
        },
    )  # fmt: skip


def _expected(runs: Mapping[str, Trial]) -> Sequence[Finding]:
    return (at_most("reaction after the trip", runs[OURS].reaction_s, 5.0, "s"),)


EXPERIMENT = Experiment("Pump trip: what a guard on the loop's flow saves", run)
