"""Telemetry that comes over HTTP: the receiver of Prometheus' remote writes, version 1.0."""

import asyncio

from fastapi import APIRouter, HTTPException, Request, Response

from dashboards.auth import CALLER, Role
from dashboards.feed import Feed
from site_models.errors import InputError
from telemetry.prometheus.remote_write_wire import LARGEST_BODY_BYTES


def write_routes(feed: Feed) -> APIRouter:
    """Return the route that takes bodies; it answers 404 where no source waits for them."""
    routes = APIRouter(tags=["telemetry"])

    @routes.post("/write", status_code=204)
    async def write(request: Request) -> Response:
        """A remote-write body: snappy around protobuf. Needs the role source."""
        caller = CALLER.get()
        if caller is None or caller.role not in (Role.SOURCE, Role.ADMIN):
            raise HTTPException(403, "this needs the role source")
        live = feed.world.live
        inbox = None if live is None else live.inbox
        if inbox is None:
            raise HTTPException(404, "nothing waits for it: start with --source remote-write")
        _refuse_other_kinds(request)
        body = await request.body()
        if len(body) > LARGEST_BODY_BYTES:
            raise HTTPException(413, f"at most {LARGEST_BODY_BYTES} bytes at once")
        try:
            await asyncio.to_thread(inbox.take, body)
        except InputError as error:
            raise HTTPException(400, str(error)) from error
        return Response(status_code=204)

    return routes


def _refuse_other_kinds(request: Request) -> None:
    """Answer 4xx, so that the sender does not try again, to what is no body of version 1.0."""
    kind = request.headers.get("content-type", "application/x-protobuf")
    version = request.headers.get("x-prometheus-remote-write-version", "0.1.0")
    if not kind.startswith("application/x-protobuf") or "v2" in kind or version[0] not in "01":
        raise HTTPException(415, f"{kind}, version {version}: expected remote-write 1.0")
    if request.headers.get("content-encoding", "snappy") != "snappy":
        raise HTTPException(415, "content-encoding: expected snappy")
    try:
        size = int(request.headers.get("content-length", "0"))
    except ValueError:
        raise HTTPException(400, "content-length: expected a number") from None
    if size > LARGEST_BODY_BYTES:
        raise HTTPException(413, f"{size} bytes, at most {LARGEST_BODY_BYTES} at once")
