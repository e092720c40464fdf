"""What a scenario file says: which site, from when to when, what runs and what happens."""

import re
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, field_validator, model_validator
from pydantic_core import CoreSchema

from controllers.event import Event, Factor, Seconds, Share, find_events, places, shortened
from site_models.errors import InputError
from site_models.figure import Strict
from site_models.plant import Plant
from site_models.site import load_site
from site_models.yaml_file import read_yaml, validated

NO_KIND = "Unable to extract tag using discriminator 'kind'"
"""How pydantic says it."""


class _OfItsKind:
    """Marks a field whose class is chosen by its `kind` among those in `controllers/events`."""

    @staticmethod
    def __get_pydantic_core_schema__(source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        kinds = list(find_events().values())
        union: Any = kinds[0]
        for kind in kinds[1:]:
            union |= kind
        return handler.generate_schema(Annotated[union, Field(discriminator="kind")])


class Job(Strict):
    """GPUs at work for a while; patterns of names, `*` and `?` for several.

    Their power is constant, or follows from a profile of the catalog, kind `workload`.
    """

    name: str
    gpus: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    racks: tuple[str, ...] = ()
    power_w: Annotated[float, Field(ge=0.0)] | None = None
    """Of each GPU."""
    share: Share | None = None
    """Of each GPU's power limit."""
    profile: str | None = None
    """Catalog name; one of the three is given."""
    requests: str | None = None
    """Table of requests that an inference profile serves: see `telemetry/files/requests.py`."""
    start_s: Seconds = 0.0
    end_s: Factor | None = None
    """Since the scenario's start; runs to its end if not given."""
    priority: int = 0
    """When power is short the higher ones have theirs first."""
    allowed_slowdown: Share = 1.0
    """Part of its throughput that it may lose during an event of the grid."""
    preemptible: bool = False
    """May be paused and gone on with."""
    finish_by_s: Factor | None = None
    """It may take until then, since the scenario's start, for what it would do undisturbed by
    `end_s`; it ends when that is done."""

    @model_validator(mode="after")
    def _one_power_and_a_place(self) -> "Job":
        given = [key for key in ("power_w", "share", "profile") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError("expected one of power_w, share, profile")
        if self.requests is not None and self.profile is None:
            raise ValueError("requests: expected a profile that serves them")
        if not (self.gpus or self.nodes or self.racks):
            raise ValueError("expected one of gpus, nodes, racks")
        if self.end_s is not None and self.end_s <= self.start_s:
            raise ValueError(f"end_s: {self.end_s:g}, expected a time after start_s")
        if self.finish_by_s is not None and not (
            self.end_s is not None and self.end_s <= self.finish_by_s
        ):
            raise ValueError(
                f"finish_by_s: {self.finish_by_s:g}, expected end_s and no time before"
            )
        return self


class Outdoors(Strict):
    """Constant weather in place of the site's own."""

    dry_bulb_c: Annotated[float, Field(ge=-60.0, le=60.0)]
    wet_bulb_c: Annotated[float, Field(ge=-60.0, le=60.0)]

    @model_validator(mode="after")
    def _wet_below_dry(self) -> "Outdoors":
        if self.wet_bulb_c > self.dry_bulb_c:
            raise ValueError(f"wet_bulb_c: {self.wet_bulb_c:g}, expected at most the dry bulb's")
        return self


class Scenario(Strict):
    """Events on a simulated plant. GPUs without a job idle."""

    site: str
    start: datetime
    """UTC where no zone is given."""
    duration_s: Factor
    jobs: tuple[Job, ...] = ()
    weather: Outdoors | None = None
    """The site's own if not given."""
    events: tuple[Annotated[Event, _OfItsKind()], ...] = ()
    recording_time: datetime | None = None
    """Instant of a recording to start from; its end if not given. Only with a recording."""

    @field_validator("start", "recording_time")
    @classmethod
    def _in_utc(cls, time: datetime | None) -> datetime | None:
        return time if time is None or time.tzinfo else time.replace(tzinfo=UTC)

    @property
    def start_s(self) -> float:
        """Return the start in seconds since the epoch."""
        return self.start.timestamp()


def ready_scenarios() -> dict[str, Path]:
    """Return the shipped scenarios by name."""
    folder = Path(str(resources.files("controllers") / "scenarios"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def scenario_path(name: str) -> Path:
    """Return the file of a shipped scenario, or of one's own; InputError if there is none."""
    ready = ready_scenarios()
    if name in ready:
        return ready[name]
    if not name or not Path(name).is_file():
        raise InputError(f"scenario {name!r}: expected a file or one of: {', '.join(ready)}")
    return Path(name)


def load_scenario(path: Path) -> Scenario:
    """Return a scenario; InputError naming file and key where it is not one."""
    return scenario_of(read_yaml(path), path)


def scenario_of(raw: Any, path: Path) -> Scenario:
    """Return a scenario of plain keys and values; `path` is what complaints name."""
    try:
        scenario = validated(Scenario, raw, path)
    except InputError as error:  # the key as in the file, without the union's own word
        said = re.sub(r"( events\.\d+)\.[a-z_]+\.", r"\1.", str(error))
        said = said.replace(NO_KIND, f"kind missing, expected one of: {', '.join(find_events())}")
        raise InputError(said) from None
    for n, event in enumerate(scenario.events):
        if event.at_s >= scenario.duration_s:
            raise InputError(
                f"{path}: events.{n}.at_s: {event.at_s:g}, expected a time before the end"
                f" at {scenario.duration_s:g} s"
            )
    return scenario


def site_name(scenario: Scenario, path: Path) -> str:
    """Return the name of the scenario's site, which it may give as a file."""
    try:
        return load_site(scenario.site).name
    except InputError as error:
        raise InputError(f"{path}: site: {error}") from None


def fit_to_plant(scenario: Scenario, plant: Plant, path: Path) -> None:
    """Raise InputError naming the first thing in a scenario that is not on the plant."""
    for n, job in enumerate(scenario.jobs):
        named = (
            ("gpus", plant.gpu_names),
            ("nodes", plant.node_names),
            ("racks", plant.rack_names),
        )
        for key, names in named:
            for pattern in getattr(job, key):
                if not places(names, pattern):
                    listed = shortened(names)
                    raise InputError(
                        f"{path}: jobs.{n}.{key}: {pattern!r} is not in {plant.site},"
                        f" expected one of: {listed}"
                    )
    for n, event in enumerate(scenario.events):
        wrong = event.complaint(plant)
        if wrong is not None:
            raise InputError(f"{path}: events.{n}.{wrong[0]}: {wrong[1]}")
