"""Where to put a job."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Response
from starlette.concurrency import run_in_threadpool

from controllers.placement.models import Answer, Request
from dashboards.advice import advise, advise_all, is_quick, prepare
from dashboards.api.replies import need, newest, reply
from dashboards.audit import Audit
from dashboards.auth import Role
from dashboards.feed import Feed

BATCH = 100
"""Requests in one call."""


def advice_routes(feed: Feed, audit: Audit) -> APIRouter:
    """Return the routes for schedulers."""
    routes = APIRouter(tags=["placement"])
    feed.preparing.append(partial(prepare, feed))

    @routes.post("/placement", response_model=Answer | list[Answer])
    async def placement(
        request: Annotated[
            Request | Annotated[list[Request], Body(min_length=1, max_length=BATCH)], Body()
        ],
    ) -> Response:
        """Rank feasible places for one job, or for each of a list; changes nothing else.

        No feasible place is an empty list with the reasons. `reserve_s` holds the best one.
        """
        need(Role.SCHEDULER)
        newest(feed)
        if isinstance(request, Request) and is_quick(feed, request):
            # milliseconds of one core: changing threads for them would cost as much again
            return reply(advise(feed, request))
        return await run_in_threadpool(_answered, feed, audit, request)

    return routes


def _answered(feed: Feed, audit: Audit, request: Request | list[Request]) -> Response:
    asked = [request] if isinstance(request, Request) else request
    answers = advise_all(feed, asked)
    for one, answer in zip(asked, answers, strict=True):
        _audit_reservation(audit, one, answer)
    return reply(answers[0] if isinstance(request, Request) else answers)


def _audit_reservation(audit: Audit, request: Request, answer: Answer) -> None:
    """Note a reservation: it is a write, the rest of advice is not."""
    if answer.advice and answer.advice[0].reservation:
        after = {"gpus": answer.advice[0].gpus, "reserve_s": request.reserve_s}
        audit.write(f"reserve for job {request.job}", None, after)
