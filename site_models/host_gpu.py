"""What a GPU says of itself when nobody else describes it."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostGpu:
    """A GPU and the limits it states itself; NaN where it states none."""

    name: str
    """Model, as the driver calls it."""
    power_min_w: float = math.nan
    power_max_w: float = math.nan
    temp_limit_c: float = math.nan
    """Maximum operating temperature."""
    slowdown_offset_k: float = math.nan
    shutdown_offset_k: float = math.nan
    memory_bytes: float = math.nan
    sm_clock_max_hz: float = math.nan
