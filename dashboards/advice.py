"""Placement advice for whoever asks: the API and the page share this one road."""

import contextlib
from collections.abc import Hashable

from controllers.placement.ahead import rise_of
from controllers.placement.models import Answer, Request
from controllers.placement.rank import STALE_S, rank_all
from controllers.placement.rank import advise as advised
from controllers.placement.wish import met_by
from dashboards.feed import Feed
from dashboards.ground import outdoors_of
from dashboards.summary import Summary


def advise(feed: Feed, request: Request) -> Answer:
    """Return ranked places, the best one held where the request asks for it.

    Those that reserve take turns: each then ranks what the one before it left, and none is
    sent away because others were quicker.
    """
    if request.reserve_s is None:
        return _looked_up(feed, request)
    with feed.reserving:
        return _advise(feed, request)


def _looked_up(feed: Feed, request: Request) -> Answer:
    """Return advice; what was asked before on this tick, with the same holders, as it was then.

    An answer that age could change is worked out anew.
    """
    now, now_s = _newest(feed), feed.now_s()
    age_s = max(now_s - now.state.time_s, 0.0)
    if age_s > STALE_S or (request.max_age_s is not None and age_s > request.max_age_s):
        return _advise(feed, request)
    version = feed.world.allocations.holdings(now_s).version
    key = version, *_meant(feed, request, now.state.time_s, now_s)
    known = feed.answers.get(now, key)
    if known is not None:
        return known.model_copy(update={"age_s": age_s})
    answer = _advise(feed, request)
    feed.answers.put(now, key, answer)
    feed.asked = request
    return answer


def prepare(feed: Feed, summary: Summary) -> None:
    """Work out what all advice on a tick rests on before the tick is shown.

    Whoever asks first would wait for it otherwise. Left out where nobody asked on the tick
    before, whose last question this answers to no one.
    """
    request, feed.asked = feed.asked, None
    if request is not None:
        with contextlib.suppress(Exception):  # the loop goes on: who asks next is told
            _ranked(feed, request, summary, summary.state.time_s)


def _meant(feed: Feed, request: Request, state_s: float, now_s: float) -> tuple[Hashable, ...]:
    """Return what advice depends on: not the name, and how long only by weather and maintenance."""
    asked = vars(request) | {"job": "", "duration_s": 0.0}
    return (
        *asked.values(),
        rise_of(outdoors_of(feed), state_s, request.duration_s),
        met_by(feed.plant.placing, now_s, request.duration_s),
    )


def _advise(feed: Feed, request: Request) -> Answer:
    now = _newest(feed)
    return _ranked(feed, request, now, feed.now_s())


def _ranked(feed: Feed, request: Request, now: Summary, now_s: float) -> Answer:
    """Return advice on the plant as it is: one that has lost a unit is not that of the feed."""
    shot, allocations = now.snapshot, feed.world.allocations
    return advised(
        shot.plant, shot.state, shot.inputs, allocations, request, now_s, outdoors_of(feed)
    )


def is_quick(feed: Feed, request: Request) -> bool:
    """Say whether a request takes milliseconds: it waits for nobody and looks at no losses."""
    losses = feed.plant.placing.n_minus_1 if request.n_minus_1 is None else request.n_minus_1
    return request.reserve_s is None and not losses


def advise_all(feed: Feed, requests: list[Request]) -> list[Answer]:
    """Return an answer for each request, on one state; those that reserve come one by one."""
    if any(request.reserve_s is not None for request in requests):
        return [advise(feed, request) for request in requests]
    shot = _newest(feed).snapshot
    return rank_all(
        shot.plant,
        shot.state,
        shot.inputs,
        feed.world.allocations,
        requests,
        feed.now_s(),
        outdoors_of(feed),
    )


def _newest(feed: Feed) -> Summary:
    """Return the newest tick; LookupError before the first."""
    summary = feed.summary
    if summary is None:
        raise LookupError("the first snapshot is not there yet")
    return summary
