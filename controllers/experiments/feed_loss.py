"""The feed of the coolant pumps is lost while the racks keep theirs."""

from collections.abc import Mapping, Sequence
from typing import Any

from controllers.experiment import Experiment, Finding, Outcome, Setting, at_most
from controllers.fault_trials import OURS, fault_outcome
from controllers.trials import Trial

FOR_GOOD_S = 1e6
LENGTHS_S = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0)


def run(setting: Setting) -> Outcome:
    """Return how keepers bring eight racks through the loss of their pumps' feed."""
    lengths_s = LENGTHS_S[1:6:2] if setting.quick else LENGTHS_S
    return fault_outcome(
        "feed_loss", setting, _events, FOR_GOOD_S, lengths_s, 240.0, _expected,
        ("mechanical-ups opens: both CDUs and the hall's fans stand, all racks stay powered. (The"
         " loss of a rack's own busway leaves it dark: nothing can get hot.) Grace is found by"
         " closing it again.",),
    )  # fmt: skip


def _events(length_s: float) -> Sequence[Mapping[str, Any]]:
    return ({"at_s": 60.0, "kind": "feed_loss", "target": "mechanical-ups", "lasts_s": length_s},)


def _expected(runs: Mapping[str, Trial]) -> Sequence[Finding]:
    return (at_most("reaction after the loss", runs[OURS].reaction_s, 5.0, "s"),)


EXPERIMENT = Experiment("Loss of the pumps' feed: racks under power without coolant", run)
