"""A site as its YAML file states it: halls, rows, racks, cooling, power, what is out of service."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from site_models.errors import InputError
from site_models.figure import Strict
from site_models.placing import Placing
from site_models.repeat import expanded
from site_models.site_fabric import SiteFabric
from site_models.yaml_file import read_yaml, validated

SHIPPED = Path(__file__).parent / "sites"


def _above_zero(value: float) -> float:
    if value <= 0.0:
        raise ValueError(f"expected a number above 0, got {value:g}")
    return value


def _share(value: float) -> float:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"expected a share 0..1, got {value:g}")
    return value


def _pattern_of(**parts: str | int) -> AfterValidator:
    def checked(pattern: str) -> str:
        try:
            pattern.format(**parts)
        except (LookupError, ValueError, TypeError, AttributeError):
            known = ", ".join(f"{{{part}}}" for part in parts)
            raise ValueError(f"expected a pattern of {known}, got {pattern!r}") from None
        return pattern

    return AfterValidator(checked)


Positive = Annotated[float, AfterValidator(_above_zero)]
Share = Annotated[float, AfterValidator(_share)]
Point = tuple[float, float]


class Location(Strict):
    """Where the site stands and the weather it is designed for."""

    place: str
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    time_zone: str
    weather: str = ""
    """Name of a file in `site_models/weather` without `.epw.gz`; empty: design weather."""
    design_dry_bulb_c: float
    design_wet_bulb_c: float


class Standby(Strict):
    """A generator set that is a stage's other source, through a transfer switch."""

    model: str
    rating_w: Positive


class Feed(Strict):
    """A stage of the power chain; without a parent it is a utility meter."""

    name: str
    stage: str
    rating_w: Positive
    parent: str = ""
    indoors: bool = False
    """Its losses warm the hall that lists it."""
    oversubscribed: bool = False
    """More load may hang below than the rating carries: a policy has to hold it, or its breaker
    trips."""
    battery: str = ""
    """Model of the battery that makes the stage a UPS."""
    generator: Standby | None = None
    breaker: str = ""
    """Model of the breaker that protects the stage at its rating."""


class Coolers(Strict):
    """Outdoor coolers or chillers of one model on a facility water system."""

    model: str
    count: Annotated[int, Field(ge=1)]
    feed: str


class Economisers(Strict):
    """Plate exchangers of one model from a facility water system to its condenser water."""

    model: str
    count: Annotated[int, Field(ge=1)]


class FacilityWater(Strict):
    """A facility water system: pumps, outdoor coolers or towers, economisers, trim chillers.

    What cools condensers is a system of its own, named by those that give it their heat.
    """

    name: str
    fluid: str = "water"
    supply_setpoint_c: float
    supply_limit_c: float
    """Warmest supply that its users accept."""
    trim_k: Annotated[float, Field(ge=0.0)] = 1.0
    """Chillers start this far above the setpoint."""
    supply_volume_m3: Positive
    return_volume_m3: Positive
    pump: str
    pump_count: Annotated[int, Field(ge=1)]
    pump_feed: str
    coolers: tuple[Coolers, ...] = ()
    towers: tuple[Coolers, ...] = ()
    condenser: str = ""
    """Facility water system that takes the heat of water-cooled chillers and economisers."""
    economisers: tuple[Economisers, ...] = ()
    chillers: tuple[Coolers, ...] = ()


class RackGroup(Strict):
    """Equal racks side by side; `{i}` in the name counts them from 1 along the row."""

    model: str
    name: str
    count: Annotated[int, Field(ge=1)] = 1
    cdu: str = ""
    feeds: Annotated[tuple[str, ...], Field(min_length=1)]
    """Shared equally."""


class Row(Strict):
    """Racks along a line, from the centre of the first one."""

    name: str
    pod: str
    at_m: Point
    facing_deg: float
    """Direction that the fronts look in, counter-clockwise from east."""
    pitch_m: Positive = 0.6
    racks: tuple[RackGroup, ...]


class PlacedCdu(Strict):
    """A CDU at its place in a hall."""

    name: str
    model: str
    at_m: Point
    facing_deg: float
    facility_water: str
    fluid: str = "pg25"
    supply_setpoint_c: float
    feed: str
    control: Literal["dp", "flow"] | None = None
    """How its pumps are controlled, and to what; as the model does if not given."""
    dp_setpoint_pa: Positive | None = None
    flow_setpoint_m3_per_s: Positive | None = None


class PlacedCrah(Strict):
    """A CRAH at its place in a hall."""

    name: str
    model: str
    at_m: Point
    facing_deg: float
    facility_water: str


class Box(Strict):
    """Other equipment that takes room: UPS, switchgear, columns."""

    name: str
    kind: str
    at_m: Point
    size_m: tuple[Positive, Positive, Positive]
    """Width, depth, height."""
    facing_deg: float = 90.0
    front_clearance_m: Annotated[float, Field(ge=0.0)] = 0.0


class HallAir(Strict):
    """The air of a hall and what holds its temperature."""

    supply_setpoint_c: float
    supply_limit_c: float
    dew_point_c: float = 15.0
    """CDUs stay above it. 15 C is the upper end of ASHRAE's recommended envelope."""
    recirculation: Share
    """Part of what servers breathe that comes back from their outlets."""
    structure_j_per_k: Positive
    """Heat capacity of floor, walls and steel that follow the hot side."""
    feed: str
    """Of the room units' fans."""


class Hall(Strict):
    """A room with its rows, cooling units and, if they serve it alone, its plants and feeds."""

    name: str
    at_m: Point = (0.0, 0.0)
    width_m: Positive
    depth_m: Positive
    height_m: Positive
    air: HallAir
    rows: tuple[Row, ...]
    cdus: tuple[PlacedCdu, ...] = ()
    crahs: tuple[PlacedCrah, ...] = ()
    boxes: tuple[Box, ...] = ()
    feeds: tuple[Feed, ...] = ()
    facility_water: tuple[FacilityWater, ...] = ()


class Naming(Strict):
    """Patterns of names: `{rack} {prefix} {i}` or `{n}` in nodes, `{node} {j}` or `{g}` in GPUs.

    `i` and `j` count inside the rack and the node, `n` and `g` through the site.
    """

    node: Annotated[str, _pattern_of(rack="", prefix="", i=0, n=0)] = "{rack}-{prefix}{i}"
    gpu: Annotated[str, _pattern_of(node="", j=0, g=0)] = "{node}-gpu{j}"


class Spread(Strict):
    """How GPUs of one model differ: standard deviations, drawn for each GPU from the seed."""

    seed: Annotated[int, Field(ge=0)]
    rise: Annotated[float, Field(ge=0.0, le=0.3)] = 0.0
    """Of the temperature rise over the coolant's inlet, as a share of it."""
    leakage: Annotated[float, Field(ge=0.0, le=0.3)] = 0.0
    """Of the leakage power, as a share of it."""


class Site(Strict):
    """A whole site."""

    name: str
    label: str
    location: Location
    naming: Naming = Naming()
    feeds: tuple[Feed, ...]
    facility_water: tuple[FacilityWater, ...] = ()
    halls: Annotated[tuple[Hall, ...], Field(min_length=1)]
    spread: Spread | None = None
    """None: GPUs of one model are alike."""
    fabric: SiteFabric | None = None
    """Scale-out network; none: only NVLink domains."""
    out_of_service: tuple[str, ...] = ()
    """Names of racks, nodes, GPUs, CDUs, coolers, towers, economisers, chillers or feeds."""
    placement: Placing = Placing()
    default_source: str = ""
    """SPEC that runs without `--source`; empty: every GPU idle."""

    def all_feeds(self) -> list[tuple[Feed, Hall | None]]:
        """Return every feed with the hall that lists it."""
        own: list[tuple[Feed, Hall | None]] = [(feed, None) for feed in self.feeds]
        return own + [(feed, hall) for hall in self.halls for feed in hall.feeds]

    def all_facility_water(self) -> list[FacilityWater]:
        """Return every facility water system."""
        return [*self.facility_water, *(fws for hall in self.halls for fws in hall.facility_water)]


def shipped_sites() -> list[str]:
    """Return the names of the shipped sites, sorted."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def site_path(site: str) -> Path:
    """Return the file of a shipped site's name or of a path; InputError if there is none."""
    shipped = SHIPPED / f"{site}.yaml"
    if "/" not in site and shipped.is_file():
        return shipped
    path = Path(site)
    if path.is_file():
        return path
    known = ", ".join(shipped_sites())
    raise InputError(f"{site}: no such site, expected a file or one of: {known}")


def load_site(site: str) -> Site:
    """Return a site by shipped name or path; InputError naming file and key."""
    path = site_path(site)
    raw: Any = read_yaml(path)
    return validated(Site, expanded(raw, str(path)), path)
