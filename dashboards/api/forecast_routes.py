"""What the next minutes bring if inputs stay as they are, and how sure that is."""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Response

from dashboards.api.listing import place_of
from dashboards.api.replies import newest, reply, stamped
from dashboards.feed import Feed
from dashboards.lookahead import LONGEST_MIN, Ahead


def forecast_routes(feed: Feed) -> APIRouter:
    """Return the route of the look-ahead."""
    routes = APIRouter(tags=["time"])

    @routes.get("/forecast")
    def forecast(
        minutes: Annotated[float, Query(gt=0.0, le=LONGEST_MIN, allow_inf_nan=False)] = 15.0,
        id: Annotated[str | None, Query(description="A GPU; the hottest if not given")] = None,
    ) -> Response:
        """Temperatures and power with held inputs; bands hold nine cases of ten.

        `from_s` is the state's time that it began from: it is computed every few seconds at
        most, not for every request. Without an `id` the bands are those of the GPU that is
        the hottest at each instant.
        """
        snapshot = newest(feed).snapshot
        gpu = None if id is None else place_of(feed.index.gpu, id, "GPU")
        ahead = feed.lookahead.ahead(snapshot, minutes)
        content = {
            "from_s": ahead.snapshot.state.time_s,
            "minutes": minutes,
            "id": id,
            "kind": "forecast",
            "series": series_of(ahead, gpu),
        }
        return reply(stamped(feed, content))

    return routes


def series_of(ahead: Ahead, gpu: int | None) -> dict[str, Any]:
    """Return the columns of an answer: of one GPU, or of the hottest at each instant."""
    told = ahead.forecast
    columns: dict[str, Any] = {"time_s": told.time_s, "facility_power_w": told.facility_power_w}
    count, gpus = told.gpu_temp_c.shape
    if gpus:
        at = np.argmax(told.gpu_temp_c, axis=1) if gpu is None else np.full(count, gpu)
        rows = np.arange(count)
        columns["gpu_temp_c"] = told.gpu_temp_c[rows, at]
        columns["gpu_temp_low_c"] = told.gpu_temp_low_c[rows, at]
        columns["gpu_temp_high_c"] = told.gpu_temp_high_c[rows, at]
    return columns
