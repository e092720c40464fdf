"""The weather that a site stands in, where no sensor tells."""

from pathlib import Path

from site_models import weather as weather_files
from site_models.site import Location
from telemetry.files.weather import read_epw
from twin.inputs import Outdoors
from twin.physics.moist_air import wet_bulb_c


def outdoors_of(location: Location) -> Outdoors:
    """Return a site's weather by time: its typical year's, else its design day's."""
    if not location.weather:
        design = (location.design_dry_bulb_c, location.design_wet_bulb_c)
        return lambda time_s: design
    folder = Path(next(iter(weather_files.__path__)))
    year = read_epw(folder / f"{location.weather}.epw.gz")

    def outdoors(time_s: float) -> tuple[float, float]:
        air = year.at(time_s)
        wet_c = wet_bulb_c(air.dry_bulb_c, air.relative_humidity, air.pressure_pa)
        return float(air.dry_bulb_c), float(wet_c)

    return outdoors
