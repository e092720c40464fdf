"""What an environment file says: the plant and its load, what is seen, what may be moved."""

from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from site_models.errors import InputError
from site_models.figure import Strict
from site_models.yaml_file import read_yaml, validated

Seen = Literal[
    "hour", "dry_bulb_c", "wet_bulb_c", "site_power_w", "work_share", "rack_power_w",
    "rack_gpu_temp_max_c", "circuit_supply_c", "circuit_return_c", "circuit_flow_kg_per_s",
]  # fmt: skip
Moved = Literal["gpu_cap", "supply_setpoint", "flow_share"]


class Move(Strict):
    """A set of actions, each between -1 and 1."""

    kind: Moved
    per: Literal["site", "row", "rack", "cdu"]
    """One action for each; caps by site, row or rack, the others by CDU or for all of them."""


class Reward(Strict):
    """What a step is worth: work done, less what it cost. Each term is about 1 a step."""

    work: Annotated[float, Field(ge=0.0)] = 1.0
    """Times the mean clock of the GPUs that have a load, 1 at full clock."""
    energy: Annotated[float, Field(ge=0.0)] = 1.0
    """Times the site's energy over that of the site at its start."""
    over_limit: Annotated[float, Field(ge=0.0)] = 1.0
    """Times the kelvin that the hottest GPU is above its limit."""


class EnvironmentSpec(Strict):
    """An environment file."""

    scenario: dict[str, Any]
    """As a scenario file: site, start, duration_s (the horizon), jobs, weather, events."""
    step_s: Annotated[float, Field(gt=0.0, le=600.0)] = 10.0
    start_spread_s: Annotated[float, Field(ge=0.0)] = 0.0
    """An episode starts up to so much later, a whole number of half hours drawn from its seed."""
    observe: tuple[Seen, ...] = Field(min_length=1)
    act: tuple[Move, ...] = Field(min_length=1)
    reward: Reward = Reward()


def ready_environments() -> dict[str, Path]:
    """Return the shipped environment files by name."""
    folder = Path(str(resources.files("controllers.learning") / "ready"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_spec(name: str) -> tuple[EnvironmentSpec, Path]:
    """Return a shipped spec, or one's own by its path; InputError naming file and key."""
    ready = ready_environments()
    path = ready.get(name, Path(name))
    if not path.is_file():
        raise InputError(f"environment {name!r}: expected a file or one of: {', '.join(ready)}")
    return validated(EnvironmentSpec, read_yaml(path), path), path
