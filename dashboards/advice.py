"""Placement advice for whoever asks: the API and the page share this one road."""

from controllers.placement import advise as advised
from controllers.placement import rank_all
from controllers.placement.models import Answer, Request
from dashboards.feed import Feed
from dashboards.summary import Summary
from twin.inputs import Outdoors


def advise(feed: Feed, request: Request) -> Answer:
    """Return ranked places, the best one held where the request asks for it.

    Those that reserve take turns: each then ranks what the one before it left, and none is
    sent away because others were quicker.
    """
    if request.reserve_s is None:
        return _advise(feed, request)
    with feed.reserving:
        return _advise(feed, request)


def _advise(feed: Feed, request: Request) -> Answer:
    now = _newest(feed)
    return advised(
        feed.plant,
        now.state,
        now.snapshot.inputs,
        feed.world.allocations,
        request,
        feed.now_s(),
        _outdoors(feed),
    )


def is_quick(feed: Feed, request: Request) -> bool:
    """Say whether a request takes milliseconds: it waits for nobody and looks at no losses."""
    losses = feed.plant.placing.n_minus_1 if request.n_minus_1 is None else request.n_minus_1
    return request.reserve_s is None and not losses


def advise_all(feed: Feed, requests: list[Request]) -> list[Answer]:
    """Return an answer for each request, on one state; those that reserve come one by one."""
    if any(request.reserve_s is not None for request in requests):
        return [advise(feed, request) for request in requests]
    now = _newest(feed)
    return rank_all(
        feed.plant,
        now.state,
        now.snapshot.inputs,
        feed.world.allocations,
        requests,
        feed.now_s(),
        _outdoors(feed),
    )


def _outdoors(feed: Feed) -> Outdoors | None:
    """Return the weather that the site stands in; none where a recording is only looked at."""
    return getattr(feed.world, "outdoors", None)


def _newest(feed: Feed) -> Summary:
    """Return the newest tick; LookupError before the first."""
    summary = feed.summary
    if summary is None:
        raise LookupError("the first snapshot is not there yet")
    return summary
