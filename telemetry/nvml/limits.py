"""The limits of a device as its own firmware states them: they differ from board to board."""

import math
from typing import Any

from site_models.host_gpu import HostGpu
from telemetry.nvml.port import SM_CLOCK, Driver, NotOfferedError

_POWER_FIELDS = ((187, 0), (188, 0))
_OFFSET_FIELDS = ((194, 0), (193, 0))
"""Slowdown and shutdown on the T.Limit scale: 0 at the maximum operating temperature, negative
above it."""
_SHUTDOWN, _SLOWDOWN, _GPU_MAX = 0, 1, 3
"""Thresholds of the older call, which newer devices are withdrawing."""


def limits_of(driver: Driver, handle: Any, name: str) -> HostGpu:
    """Return what a device says of its limits; NaN where it says nothing. GpuLostError."""
    power_min_w, power_max_w = (1e-3 * limit for limit in _fields(driver, handle, _POWER_FIELDS))
    if math.isnan(power_max_w):
        constraints = _ask(driver, handle, "PowerManagementLimitConstraints")
        if isinstance(constraints, list):
            power_min_w, power_max_w = (1e-3 * float(limit) for limit in constraints)
    temp_limit_c, slowdown_k, shutdown_k = _temperatures(driver, handle)
    memory = _ask(driver, handle, "MemoryInfo")
    return HostGpu(
        name=name,
        power_min_w=power_min_w,
        power_max_w=power_max_w,
        temp_limit_c=temp_limit_c,
        slowdown_offset_k=slowdown_k,
        shutdown_offset_k=shutdown_k,
        memory_bytes=float(getattr(memory, "total", math.nan)),
        sm_clock_max_hz=1e6 * float(_ask(driver, handle, "MaxClockInfo", SM_CLOCK)),
    )


def _temperatures(driver: Driver, handle: Any) -> tuple[float, float, float]:
    """Return the maximum operating temperature and how far above it the device acts [C, K, K].

    The temperature is now's plus the margin to it: the device states no absolute figure.
    """
    temp_c = float(_ask(driver, handle, "Temperature", 0))
    margin_k = float(_ask(driver, handle, "MarginTemperature"))
    offsets_k = [-offset for offset in _fields(driver, handle, _OFFSET_FIELDS)]
    if not math.isnan(temp_c + margin_k + sum(offsets_k)):
        return temp_c + margin_k, offsets_k[0], offsets_k[1]
    limit_c, slowdown_c, shutdown_c = (
        float(_ask(driver, handle, "TemperatureThreshold", which))
        for which in (_GPU_MAX, _SLOWDOWN, _SHUTDOWN)
    )
    return limit_c, slowdown_c - limit_c, shutdown_c - limit_c


def _fields(driver: Driver, handle: Any, wanted: tuple[tuple[int, int], ...]) -> list[float]:
    try:
        answers = driver.fields(handle, wanted)
    except NotOfferedError:
        return [math.nan] * len(wanted)
    return [math.nan if answer is None else answer for answer in answers]


def _ask(driver: Driver, handle: Any, what: str, *arguments: int) -> Any:
    try:
        return driver.ask(handle, what, *arguments)
    except NotOfferedError:
        return math.nan
