"""A CDU fails as a whole, for good."""

from collections.abc import Mapping, Sequence
from typing import Any

from controllers.experiment import Experiment, Finding, Outcome, Setting, at_most
from controllers.fault_trials import OURS, fault_outcome
from controllers.trials import Trial

FOR_GOOD_S = 1e6
LENGTHS_S = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0)


def run(setting: Setting) -> Outcome:
    """Return how keepers bring four racks through the loss of their CDU."""
    lengths_s = LENGTHS_S[1:6:2] if setting.quick else LENGTHS_S
    return fault_outcome(
        "cdu_loss", setting, _events, FOR_GOOD_S, lengths_s, 240.0, _expected,
        ("cdu-2 stops and does not come back: no cap can hold its four racks, which have no other"
         " coolant. The guard takes them down in order, before their shutdown temperature. Grace"
         " is found by letting the CDU come back.",),
    )  # fmt: skip


def _events(length_s: float) -> Sequence[Mapping[str, Any]]:
    return ({"at_s": 60.0, "kind": "cdu_loss", "target": "cdu-2", "lasts_s": length_s},)


def _expected(runs: Mapping[str, Trial]) -> Sequence[Finding]:
    return (at_most("reaction after the loss", runs[OURS].reaction_s, 5.0, "s"),)


EXPERIMENT = Experiment("Loss of a CDU: caps first, then racks down in order", run)
