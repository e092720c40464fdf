"""The look-ahead as a chart: the hottest GPU with its band, and the power at the meters."""

from collections.abc import Sequence

import numpy as np

from dashboards.history import Series
from dashboards.lookahead import Ahead
from dashboards.parts.charts import Line, Panel

AHEAD_MIN = 15.0


def ahead_panels(power: Panel, hottest: Panel) -> tuple[Panel, Panel]:
    """Return the panels of the look-ahead, over the ranges of those of the past."""
    low, high = Line("nine of ten, low", edge="low"), Line("nine of ten, high", edge="high")
    return (
        Panel(power.title, power.unit, power.lines[:1], power.low, power.high, power.limit,
              power.limit_name),
        Panel(hottest.title, hottest.unit, (Line("hottest GPU"), low, high), hottest.low,
              hottest.high, hottest.limit, hottest.limit_name),
    )  # fmt: skip


def ahead_series(ahead: Ahead) -> Sequence[Series]:
    """Return the series of the panels, from the state that the look-ahead began from on.

    The band is that of the GPU which is the hottest at each instant, as the API tells it.
    """
    told, state, plant = ahead.forecast, ahead.snapshot.state, ahead.snapshot.plant
    time_s = np.concatenate([[state.time_s], told.time_s])
    roots = plant.arrays.feeds.parent < 0
    power_w = np.concatenate([[state.feed_power_w[roots].sum()], told.facility_power_w])
    count, gpus = told.gpu_temp_c.shape
    if not gpus:
        missing = Series(time_s, np.full(count + 1, np.nan))
        return (Series(time_s, power_w), missing, missing, missing)
    at, rows = np.argmax(told.gpu_temp_c, axis=1), np.arange(count)
    now_c = float(state.gpu_temp_c.max())
    lines = (told.gpu_temp_c, told.gpu_temp_low_c, told.gpu_temp_high_c)
    return (
        Series(time_s, power_w),
        *(Series(time_s, np.concatenate([[now_c], line[rows, at]])) for line in lines),
    )
