"""Where to put a job."""

from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool

from controllers.placement.models import Answer, Request
from dashboards.advice import advise, advise_all, is_quick
from dashboards.api.replies import need, newest
from dashboards.audit import Audit
from dashboards.auth import Role
from dashboards.feed import Feed

BATCH = 100
"""Requests in one call."""
ANSWERS: TypeAdapter[list[Answer]] = TypeAdapter(list[Answer])


def advice_routes(feed: Feed, audit: Audit) -> APIRouter:
    """Return the routes for schedulers."""
    routes = APIRouter(tags=["placement"])

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
            return _replied(advise(feed, request))
        return await run_in_threadpool(_answered, feed, audit, request)

    return routes


def _answered(feed: Feed, audit: Audit, request: Request | list[Request]) -> Response:
    asked = [request] if isinstance(request, Request) else request
    answers = advise_all(feed, asked)
    for one, answer in zip(asked, answers, strict=True):
        _audit_reservation(audit, one, answer)
    return _replied(answers[0] if isinstance(request, Request) else answers)


def _replied(answer: Answer | list[Answer]) -> Response:
    """Return answers as JSON; NaN and infinity become null."""
    body = answer.model_dump_json() if isinstance(answer, Answer) else ANSWERS.dump_json(answer)
    return Response(body, media_type="application/json")


def _audit_reservation(audit: Audit, request: Request, answer: Answer) -> None:
    """Note a reservation: it is a write, the rest of advice is not."""
    if answer.advice and answer.advice[0].reservation:
        after = {"gpus": answer.advice[0].gpus, "reserve_s": request.reserve_s}
        audit.write(f"reserve for job {request.job}", None, after)
