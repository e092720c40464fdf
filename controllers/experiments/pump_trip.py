"""A CDU's pumps coast down and the standby comes late."""

from controllers.trials.fault_trials import Fault, fault_experiment

EXPERIMENT = fault_experiment(
    Fault(
        name="pump_trip",
        title="Pump trip: what a guard on the loop's flow saves",
        called="trip",
        event={
            "kind": "pump_trip", "target": "cdu-1", "coast_s": 1.5, "floor": 0.03, "run_up_s": 4.0,
        },
        length_key="standby_after_s",
        length_s=12.0,
        lengths_s=(12.0, 20.0, 30.0, 45.0, 60.0, 75.0, 90.0, 120.0),
        quick_s=(12.0, 30.0, 60.0),
        note="The pumps of cdu-1 coast down to 3 % of their flow; the standby pump starts 12 s"
        " later, as in the ready scenario. Grace is found by starting it later.",
    )
)  # fmt: skip
