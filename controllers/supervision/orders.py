"""From a wish of the whole stack to the order that may be written now."""

from typing import NamedTuple

import numpy as np

from controllers.actuators.actuator import Held
from controllers.actuators.admit import Limits, Rules, admit, admit_clocks, admit_wishes
from controllers.actuators.order import Order, no_wish
from controllers.policy import Decision, Facility, JobOn, Moves
from controllers.supervision.moves import admitted
from site_models.arrays import Flags, Floats
from site_models.plant import Plant


class Orders(NamedTuple):
    """What the supervisor remembers beside the policies' memories."""

    advised: Order
    """Of all policies that are not off: what would be in force if they were armed."""
    written: Order
    """What is in force."""


class Room(NamedTuple):
    """What a facility was built with, and how far it may be moved from there."""

    built: Facility
    lowest: Facility
    highest: Facility


def room_of(plant: Plant, rules: Rules) -> Room:
    """Return a plant's room: supply not under the hall's dew point and not over what is accepted.

    What was built is always within it.
    """
    x, circuits = plant.arrays.exchangers, plant.arrays.circuits
    as_built = Facility(x.setpoint_c, np.ones(len(plant.circuit_names)))
    least_c = np.maximum(x.setpoint_least_c, rules.setpoint_lowest_c)
    most_c = circuits.supply_limit_c[x.hot_circuit]
    share = np.ones(len(plant.circuit_names))
    return Room(
        as_built,
        Facility(np.minimum(least_c, x.setpoint_c), rules.flow_least * share),
        Facility(np.maximum(most_c, x.setpoint_c), rules.flow_most * share),
    )


def ordered(
    plant: Plant,
    limits: Limits,
    rules: Rules,
    last: Order,
    wish: Decision,
    jobs: tuple[JobOn, ...],
    fresh: Flags,
    dt_s: float,
    time_s: float,
) -> Order:
    """Return what may be written of a wish that `supervision.vetting` found nothing wrong with.

    Each setting is held to its limits and its rate; what stands on GPUs without a fresh
    reading stays as it was. Checked in ``tests/controllers/supervision/test_orders.py``.
    """
    clock = np.ones(len(fresh)) if wish.gpu_clock_share is None else wish.gpu_clock_share
    asked = no_wish(plant) if wish.facility is None else wish.facility
    return Order(
        gpu_cap_w=admit(limits, rules, last.gpu_cap_w, wish.gpu_cap_w, fresh, dt_s),
        gpu_clock_share=admit_clocks(limits, rules, last.gpu_clock_share, clock, fresh, dt_s),
        facility=_facility(room_of(plant, rules), rules, last.facility, asked, dt_s),
        paused=_paused(last.paused, wish.paused, jobs, fresh),
        racks_off=last.racks_off | wish.racks_off,
        moves=admitted(rules, last.moves, _running(wish), jobs, fresh, time_s),
        until_s=time_s + rules.deadman_s,
    )


def _running(wish: Decision) -> Moves:
    """Return the moves of jobs that shall not stand: those go on where they are."""
    return frozenset(move for move in wish.moves if move.job not in wish.paused)


def _facility(room: Room, rules: Rules, last: Facility, asked: Facility, dt_s: float) -> Facility:
    reach = (rules.setpoint_rate_k_per_s * dt_s, rules.flow_rate_per_s * dt_s)
    settings: list[Floats] = [
        admit_wishes(*parts)
        for parts in zip(room.built, room.lowest, room.highest, last, asked, reach, strict=True)
    ]
    return Facility(*settings)


def _paused(
    last: frozenset[str], asked: frozenset[str], jobs: tuple[JobOn, ...], fresh: Flags
) -> frozenset[str]:
    """Return the jobs that stand: as asked, but as before where a GPU is silent."""
    if not (last or asked):
        return asked
    silent = frozenset(job.name for job in jobs if not fresh[job.gpus].all())
    return (asked - silent) | (last & silent)


def as_held(
    last: Order, held: Held | None, wish_cap_w: Floats, default_cap_w: Floats
) -> tuple[Order, Flags]:
    """Return the last order with what devices say they hold, and which of them tell.

    Rates count from what is, not from what was asked. A GPU that is at its default and shall
    stay so is left out: what somebody else set there is none of ours.
    """
    told = np.ones(len(default_cap_w), dtype=np.bool_)
    if held is None:
        return last, told
    told = ~np.isnan(held.gpu_cap_w)
    ours = (last.gpu_cap_w != default_cap_w) | (wish_cap_w != default_cap_w)
    as_it_is = last._replace(
        gpu_cap_w=np.where(told & ours, held.gpu_cap_w, last.gpu_cap_w),
        gpu_clock_share=np.where(told, held.gpu_clock_share, last.gpu_clock_share),
    )
    return as_it_is, told


def as_decision(order: Order, reason: str) -> Decision:
    """Return an admitted order as the decision that pages, digest and journal show."""
    return Decision(
        order.gpu_cap_w,
        reason,
        order.gpu_clock_share,
        order.facility,
        order.paused,
        order.racks_off,
        order.moves,
    )


def restrains(order: Order, default_cap_w: Floats) -> bool:
    """Say whether an order holds anything back, or moves anything, against the defaults."""
    return bool(
        (order.gpu_cap_w < default_cap_w).any()
        or (order.gpu_clock_share < 1.0).any()
        or not all(np.isnan(part).all() for part in order.facility)
        or order.paused
        or order.racks_off
    )
