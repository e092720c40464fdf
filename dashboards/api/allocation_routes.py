"""What runs where, and what is held for whom, as schedulers tell it."""

from typing import Any

from fastapi import APIRouter, HTTPException, Response

from controllers.jobs.allocation import Allocation
from controllers.placement.models import AllocationRequest
from dashboards.api.replies import need, newest, reply, stamped
from dashboards.audit import Audit
from dashboards.auth import Role
from dashboards.feed import Feed


def allocation_routes(feed: Feed, audit: Audit) -> APIRouter:
    """Return the routes of allocations and reservations."""
    routes = APIRouter(tags=["placement"])

    @routes.get("/allocations")
    def allocations() -> Response:
        """What runs where, as told."""
        newest(feed)
        held = [_row(feed, one) for one in feed.world.allocations.jobs(feed.now_s())]
        return reply(stamped(feed, {"total": len(held), "items": held}))

    @routes.post("/allocations")
    def allocate(request: AllocationRequest) -> Response:
        """Tell that a job holds GPUs; telling the same twice changes nothing."""
        need(Role.SCHEDULER)
        newest(feed)
        now_s, table = feed.now_s(), feed.world.allocations
        before = _held(feed, request.job)
        asked = Allocation(
            job=request.job,
            gpus=table.indices(request.gpus),
            start_s=request.start_s,
            end_s=request.end_s,
            profile=request.profile,
            priority=request.priority,
            allowed_slowdown=request.allowed_slowdown,
            preemptible=request.preemptible,
        )
        kept = _row(feed, table.put(asked, now_s, request.reservation))
        if kept != before:
            audit.write(f"allocate job {request.job}", before, kept)
        return reply(stamped(feed, kept))

    @routes.delete("/allocations/{job:path}", status_code=204)
    def release(job: str) -> Response:
        """Tell that a job has ended."""
        need(Role.SCHEDULER)
        newest(feed)
        before = _held(feed, job)
        if not feed.world.allocations.release(job):
            raise HTTPException(404, f"no job {job!r} holds a GPU")
        audit.write(f"release job {job}", before, None)
        return Response(status_code=204)

    @routes.delete("/reservations/{token}", status_code=204)
    def cancel(token: str) -> Response:
        """Give a reservation back before its time."""
        need(Role.SCHEDULER)
        newest(feed)
        before = feed.world.allocations.cancel(token, feed.now_s())
        if before is None:
            raise HTTPException(404, "the reservation is unknown or has expired")
        audit.write(f"cancel reservation of job {before.job}", _row(feed, before), None)
        return Response(status_code=204)

    return routes


def _held(feed: Feed, job: str) -> dict[str, Any] | None:
    """Return what a job holds now; None for nothing."""
    for one in feed.world.allocations.jobs(feed.now_s()):
        if one.job == job:
            return _row(feed, one)
    return None


def _row(feed: Feed, one: Allocation) -> dict[str, Any]:
    return {
        "job": one.job,
        "gpus": [feed.plant.gpu_names[gpu] for gpu in one.gpus],
        "start_s": one.start_s,
        "end_s": one.end_s,
        "profile": one.profile,
        "share": one.share,
        "priority": one.priority,
        "allowed_slowdown": one.allowed_slowdown,
        "preemptible": one.preemptible,
    }
