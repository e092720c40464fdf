"""The recent past, and the stream of what comes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import numpy as np
import orjson
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from dashboards.api.listing import place_of
from dashboards.api.replies import newest, reply, stamped
from dashboards.api.state_routes import kpi_content
from dashboards.feed import Feed
from dashboards.history import GPU_SIGNALS, Series, binned
from dashboards.summary import RACK_SIGNALS, SITE_SIGNALS
from site_models.errors import InputError

POLL_S, HEARTBEAT_S = 0.1, 15.0


def history_routes(feed: Feed) -> APIRouter:
    """Return the routes over time."""
    routes = APIRouter(tags=["time"])

    @routes.get("/history")
    def history(
        signal: Annotated[
            str,
            Query(
                description="One of the signals of site, rack or GPU",
                json_schema_extra={"enum": [*SITE_SIGNALS, *RACK_SIGNALS, *GPU_SIGNALS]},
            ),
        ],
        id: Annotated[str | None, Query(description="Rack or GPU; not for the site")] = None,
        from_s: Annotated[float | None, Query(alias="from", allow_inf_nan=False)] = None,
        to_s: Annotated[float | None, Query(alias="to", allow_inf_nan=False)] = None,
        step: Annotated[float, Query(ge=0.0, le=86_400.0, description="Bin width [s]")] = 0.0,
    ) -> Response:
        """Believed series from memory: means over bins of `step` seconds, or every tick."""
        newest(feed)
        with feed.lock:
            series = _series(feed, signal, id)
        low = -np.inf if from_s is None else from_s
        high = np.inf if to_s is None else to_s
        keep = (series.time_s >= low) & (series.time_s <= high)
        part = binned(Series(series.time_s[keep], series.values[keep]), step)
        content = {
            "signal": signal,
            "id": id,
            "kind": "believed",
            "series": {"time_s": part.time_s, "value": part.values},
        }
        return reply(stamped(feed, content))

    @routes.get("/stream")
    def stream() -> StreamingResponse:
        """Server-sent events: the key figures, once a tick."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_events(feed), media_type="text/event-stream", headers=headers)

    return routes


def _series(feed: Feed, signal: str, name: str | None) -> Series:
    """Return a signal's past; 404 for an unknown id, InputError for an unknown signal."""
    if signal in SITE_SIGNALS:
        return feed.history.site(signal)
    if signal not in RACK_SIGNALS and signal not in GPU_SIGNALS:
        known = ", ".join((*SITE_SIGNALS, *RACK_SIGNALS, *GPU_SIGNALS))
        raise InputError(f"signal: {signal!r} is none of {known}")
    if name is None:
        raise InputError(f"id: missing, expected whose {signal}")
    if signal in RACK_SIGNALS:
        return feed.history.rack(signal, place_of(feed.index.rack, name, "rack"))
    return feed.history.gpu(signal, place_of(feed.index.gpu, name, "GPU"))


async def _events(feed: Feed) -> AsyncIterator[bytes]:
    """Yield an event for each new tick, and a comment now and then so that proxies wait."""
    seen, quiet_s = -1, 0.0
    while not (feed.stopping or feed.ended):
        summary = feed.summary
        if summary is not None and summary.snapshot.tick != seen:
            seen, quiet_s = summary.snapshot.tick, 0.0
            body = feed.shared("stream", lambda _: orjson.dumps(stamped(feed, kpi_content(feed))))
            yield b"event: snapshot\nid: %d\ndata: %s\n\n" % (seen, body)
        elif quiet_s >= HEARTBEAT_S:
            quiet_s = 0.0
            yield b": still here\n\n"
        await asyncio.sleep(POLL_S)
        quiet_s += POLL_S
