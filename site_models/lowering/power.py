"""Feeds of a site to stages of the power chain, parents before children."""

import math

from site_models.errors import InputError
from site_models.kinds.battery import Battery
from site_models.kinds.breaker import Breaker
from site_models.kinds.generator import Generator
from site_models.kinds.stage import Stage
from site_models.lowering.draft import Draft
from site_models.site import Feed


def lower_feeds(draft: Draft) -> None:
    """Add every feed, whatever order the file lists them in.

    Raises InputError for an unknown parent or a ring of feeds.
    """
    waiting = {feed.name: (feed, hall) for feed, hall in draft.site.all_feeds()}
    if len(waiting) < len(draft.site.all_feeds()):
        names = [feed.name for feed, _ in draft.site.all_feeds()]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{draft.where}: feeds: feed {twice!r} given twice, expected another")
    for name, (feed, _) in waiting.items():
        if feed.parent and feed.parent not in waiting:
            known = ", ".join(list(waiting)[:8])
            raise InputError(
                f"{draft.where}: feeds.{name}.parent: no feed {feed.parent!r},"
                f" expected one of: {known}"
            )
    while waiting:
        ready = [n for n, (feed, _) in waiting.items() if feed.parent not in waiting]
        if not ready:
            ring = ", ".join(waiting)
            raise InputError(f"{draft.where}: feeds: {ring} feed one another, expected a tree")
        for name in ready:
            feed, hall = waiting.pop(name)
            stage = draft.catalog.get(Stage, feed.stage)
            parent = draft.index["feed", feed.parent] if feed.parent else -1
            fed = parent < 0 or draft.feeds.column("in_service")[parent]
            position = draft.feeds.add(
                name,
                parent=parent,
                rating_w=feed.rating_w,
                loss_fixed=float(stage.loss_fixed),
                loss_linear=float(stage.loss_linear),
                loss_square=float(stage.loss_square),
                air_circuit=draft.air(hall) if feed.indoors and hall else -1,
                in_service=fed and draft.running(name),
                supplied=True,
                **_breaker(draft, feed),
                **_battery(draft, feed, stage),
                **_generator(draft, feed),
            )
            draft.learn("feed", name, position, "feeds")


def _breaker(draft: Draft, feed: Feed) -> dict[str, float]:
    """Return the breaker of a stage: its rating in amperes is the stage's in watts."""
    if not feed.breaker:
        return {"breaker_rating_a": 0.0, "breaker_trip_level": 1.0, "breaker_magnetic": 1.0}
    model = draft.catalog.get(Breaker, feed.breaker)
    volt_amperes = feed.rating_w / float(model.power_factor)
    return {
        "breaker_rating_a": volt_amperes / (math.sqrt(3.0) * float(model.voltage_v)),
        "breaker_trip_level": float(model.trip_level),
        "breaker_magnetic": float(model.magnetic_ratio),
    }


def _battery(draft: Draft, feed: Feed, stage: Stage) -> dict[str, float]:
    """Return the battery of a UPS, sized by what the stage takes in at its rating."""
    if not feed.battery:
        return {
            "battery_j": 0.0,
            "battery_power_w": 0.0,
            "charge_power_w": 0.0,
            "battery_efficiency": 1.0,
        }
    model = draft.catalog.get(Battery, feed.battery)
    loss = float(stage.loss_fixed) + float(stage.loss_linear) + float(stage.loss_square)
    input_w, efficiency = feed.rating_w * (1.0 + loss), float(model.efficiency)
    return {
        "battery_j": input_w * float(model.ride_through_s) / efficiency,
        "battery_power_w": input_w * float(model.power_share),
        "charge_power_w": input_w * float(model.charge_share),
        "battery_efficiency": efficiency,
    }


def _generator(draft: Draft, feed: Feed) -> dict[str, float]:
    """Return the generator of a stage and its transfer switch; zeros for none."""
    of_model = {
        "generator_start_s": "start_s",
        "generator_block": "block_share",
        "generator_interval_s": "block_interval_s",
        "generator_cooldown_s": "cooldown_s",
        "transfer_delay_s": "transfer_delay_s",
        "transfer_return_s": "transfer_return_s",
        "transfer_dead_s": "transfer_dead_s",
    }
    if feed.generator is None:
        return {"generator_w": 0.0, **dict.fromkeys(of_model, 0.0)}
    model = draft.catalog.get(Generator, feed.generator.model)
    figures = {column: float(getattr(model, key)) for column, key in of_model.items()}
    return {"generator_w": feed.generator.rating_w, **figures}
