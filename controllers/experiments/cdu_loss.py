"""A CDU fails as a whole, for good."""

from controllers.trials.fault_trials import FOR_GOOD_S, Fault, fault_experiment

EXPERIMENT = fault_experiment(
    Fault(
        name="cdu_loss",
        title="Loss of a CDU: caps first, then racks down in order",
        called="loss",
        event={"kind": "cdu_loss", "target": "cdu-2"},
        length_key="lasts_s",
        length_s=FOR_GOOD_S,
        lengths_s=(5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0),
        quick_s=(10.0, 20.0, 30.0),
        note="cdu-2 stops and does not come back: no cap can hold its four racks, which have no"
        " other coolant. The guard takes them down in order, before their shutdown temperature."
        " Grace is found by letting the CDU come back.",
    )
)
