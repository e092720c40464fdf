"""A policy in closed loop with the twin's own plant, in long steps, and what it used."""

from typing import Any

import numpy as np

from controllers.experiments.coolant_reset.loads import draws
from controllers.experiments.coolant_reset.meter import LOOK_S, Meter, Played
from controllers.experiments.coolant_reset.weeks import Span
from controllers.policy import Outlook, View
from site_models.arrays import Floats
from site_models.plant import Plant
from twin.start import first_state, idle_inputs
from twin.state import MODELLED, Inputs
from twin.steady import steady
from twin.step import advance, copied, plain
from twin.unsolved import NotSettledError

DECIDE_S, SUBSTEP_S = 60.0, 5.0
"""A decision a minute; temperatures are watched every 20 s; heats are held for 5 s."""
OUTLOOK_EVERY = 15
"""Minutes."""
LEAD_S = 6 * 3600.0
"""Before the span begins, not counted: every policy comes to its own."""


def play(
    plant: Plant, policy: Any, span: Span, share: Floats, length_s: float, lead_s: float = LEAD_S
) -> Played:
    """Return what a policy used over a span under a course of work, shape (minutes, racks).

    The policy sees the true state, and the weather of the next hours as it will be. Loads are
    asked, not given: GPUs answer with their own leakage and thermal control. The lead runs on
    the last hours of the same work and is not counted.
    """
    start_s = span.start_s - lead_s
    minutes = int((lead_s + length_s) / DECIDE_S)
    lead = int(lead_s / DECIDE_S)
    inputs = driven(plant, idle_inputs(plant, *span.air(start_s)), span, start_s, share[-lead])
    try:
        state = steady(plant, inputs, start_s)
    except NotSettledError:
        state = first_state(plant, inputs, start_s)
    memory, meter, dt_s = policy.start(plant), Meter(plant), 0.0
    fresh_s = np.zeros(len(plant.gpu_names))
    for minute in range(minutes):
        time_s = start_s + DECIDE_S * minute
        inputs = driven(plant, inputs, span, time_s, share[minute - lead])
        if minute % OUTLOOK_EVERY == 0:
            outlook = ahead(span, time_s)
        view = View(plant, state, inputs, time_s, dt_s, 0.0, fresh_s, outlook=outlook)
        decision, memory = policy.decide(view, memory)
        facility, dt_s = decision.facility, DECIDE_S
        inputs = inputs._replace(
            exchanger_setpoint_c=facility.exchanger_setpoint_c,
            circuit_flow_share=facility.circuit_flow_share,
            gpu_cap_w=decision.gpu_cap_w,
        )
        held, state = plain(inputs), copied(state)
        for _ in range(int(DECIDE_S / LOOK_S)):
            ledger = advance(plant, state, held, LOOK_S, int(LOOK_S / SUBSTEP_S))
            if minute >= lead:
                meter.take(state, ledger, inputs)
        state = state._replace(time_s=time_s + DECIDE_S)
        meter.asked(facility, minute >= lead)
    return meter.told()


def ahead(span: Span, time_s: float) -> Outlook:
    """Return the weather of the next two hours."""
    times_s = time_s + np.arange(0.0, 7201.0, 900.0)
    dry_c, wet_c = np.array([span.air(float(at_s)) for at_s in times_s]).T
    return Outlook(times_s, np.ascontiguousarray(dry_c), np.ascontiguousarray(wet_c))


def driven(plant: Plant, inputs: Inputs, span: Span, time_s: float, share: Floats) -> Inputs:
    """Return the inputs of a minute."""
    gpu_w, rack_w = draws(plant, share)
    dry_c, wet_c = span.air(time_s)
    return inputs._replace(
        gpu_power_w=gpu_w,
        gpu_power_basis=np.full(len(gpu_w), MODELLED, np.int64),
        rack_load_w=rack_w,
        dry_bulb_c=dry_c,
        wet_bulb_c=wet_c,
    )
