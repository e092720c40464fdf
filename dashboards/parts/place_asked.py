"""What was asked and answered, as it waits in the browser while a person looks at it."""

from dataclasses import asdict
from typing import Any

from controllers.placement.change import PlaceChange, RackChange, changes
from controllers.placement.models import Advice, Answer, Request
from dashboards.advice import advise
from dashboards.feed import Feed
from dashboards.ground import standing_now

SLOTS = ("A", "B")
"""The two places that are compared."""

Kept = dict[str, Any]
"""`request`, `answer` and `changes`, one for each place; JSON all through."""


def asked(feed: Feed, request: Request) -> Kept:
    """Ask and return what to keep. Raises InputError and LookupError as asking does."""
    answer = advise(feed, request)
    now = standing_now(feed, request)
    places = [feed.world.allocations.indices(one.gpus) for one in answer.advice]
    return {
        "request": request.model_dump(mode="json"),
        "answer": answer.model_dump(mode="json"),
        "changes": [
            asdict(one) for one in changes(now.stand, now.traffic, request, places, now.now_s)
        ],
    }


def request_of(kept: Kept) -> Request:
    """Return what was asked."""
    return Request.model_validate(kept["request"])


def answer_of(kept: Kept) -> Answer:
    """Return what was answered."""
    return Answer.model_validate(kept["answer"])


def change_of(kept: Kept, at: int) -> PlaceChange:
    """Return what the place at a position changes."""
    raw = kept["changes"][at]
    return PlaceChange(**{**raw, "racks": tuple(RackChange(**one) for one in raw["racks"])})


def picked(kept: Kept | None, slots: list[int]) -> list[int]:
    """Return the positions of the places to compare: two, one or none, as there are."""
    count = len(kept["answer"]["advice"]) if kept else 0
    return [at for at in slots[: len(SLOTS)] if at < count]


def place_of(kept: Kept, at: int) -> Advice:
    """Return the place at a position."""
    return Advice.model_validate(kept["answer"]["advice"][at])
