"""The feed of the coolant pumps is lost while the racks keep theirs; and one of racks' two."""

from controllers.trials.fault_trials import FOR_GOOD_S, Fault, fault_experiment
from controllers.trials.spare_trials import with_any_feed_lost

PUMPS = fault_experiment(
    Fault(
        name="feed_loss",
        title="Loss of the pumps' feed: racks under power without coolant",
        called="loss",
        event={"kind": "feed_loss", "target": "mechanical-ups"},
        length_key="lasts_s",
        length_s=FOR_GOOD_S,
        lengths_s=(5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0),
        quick_s=(10.0, 20.0, 30.0),
        note="mechanical-ups opens: both CDUs and the hall's fans stand, all racks stay powered."
        " (The loss of a rack's own busway leaves it dark: nothing can get hot.) Grace is found by"
        " closing it again.",
    )
)

EXPERIMENT = with_any_feed_lost(PUMPS)
