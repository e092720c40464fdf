"""The hot week and the cool week of a typical year, by a rule, and the air of each."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import numpy as np

from site_models import weather as weather_files
from telemetry.files.weather import Weather, read_epw
from twin.physics.moist_air import wet_bulb_c

DALLAS = "USA_TX_Dallas-Fort.Worth.epw.gz"
DAY_S, WEEK_DAYS = 86_400.0, 7
YEAR_START_S = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
"""Of the year that the typical one is laid on, in the station's own time."""


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """Some days of weather."""

    name: str
    start_s: float
    days: int
    week_s: float
    """Start of the week that it stands for."""
    mean_wet_bulb_c: float
    """Of the whole week that it was chosen for."""
    weather: Weather

    def hours(self) -> list[tuple[float, float]]:
        """Return dry bulb and wet bulb of every hour of the whole week [C]."""
        return [self.air(self.week_s + 3600.0 * hour) for hour in range(24 * WEEK_DAYS)]

    def air(self, time_s: float) -> tuple[float, float]:
        """Return dry bulb and wet bulb [C]."""
        now = self.weather.at(time_s)
        wet_c = wet_bulb_c(now.dry_bulb_c, now.relative_humidity, now.pressure_pa)
        return float(now.dry_bulb_c), float(wet_c)


def spans(epw: Path | None, days: int) -> tuple[Span, Span]:
    """Return the hot and the cool span of a year, `days` from the start of its week.

    The weeks are the seven whole days, from local midnight, of highest and of lowest mean wet
    bulb. A span shorter than its week is its middle, where it is most itself.
    """
    source = Path(str(resources.files(weather_files) / DALLAS)) if epw is None else epw
    year = read_epw(source)
    first_s = YEAR_START_S - year.utc_offset_s
    hours_s = first_s + 3600.0 * np.arange(365.0 * 24.0)
    at = year.at(hours_s)
    wet_c = np.asarray(wet_bulb_c(at.dry_bulb_c, at.relative_humidity, at.pressure_pa))
    by_day = wet_c.reshape(365, 24).mean(axis=1)
    means_c = np.convolve(by_day, np.full(WEEK_DAYS, 1.0 / WEEK_DAYS), mode="valid")
    found = []
    for name, day in (("hot", int(np.argmax(means_c))), ("cool", int(np.argmin(means_c)))):
        start_s = first_s + DAY_S * (day + (WEEK_DAYS - days) // 2)
        week_s = first_s + DAY_S * day
        found.append(Span(name, start_s, days, week_s, float(means_c[day]), year))
    return found[0], found[1]
