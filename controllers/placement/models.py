"""The placement question and its answer, as they travel over HTTP and in files."""

from collections.abc import Mapping
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from controllers.jobs.collective_told import Collective
from site_models.complaints import complaint
from site_models.errors import InputError

Model = TypeVar("Model", bound=BaseModel)
Level = Literal["gpu", "node", "nvlink_domain", "rack", "row", "pod", "site", "rail"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Request(_Strict):
    """Where could this job go?"""

    job: str = Field(min_length=1, max_length=256)
    gpus: float = Field(gt=0, le=10_000_000, description="Below 1: a share of one GPU")
    gpus_per_node: int | None = Field(default=None, ge=1)
    gpu_model: str | None = Field(default=None, description="Catalog key of the GPU model")
    gpu_power_w: float | None = Field(
        default=None,
        ge=1e-3,
        description="Expected board power of each GPU; none: its rating [W]",
    )
    profile: str | None = Field(default=None, max_length=256)
    duration_s: float = Field(default=3600.0, gt=0)
    required_level: Level | None = Field(default=None, description="All GPUs within one of these")
    preferred_level: Level | None = Field(default=None, description="Better within one of these")
    collective: Collective | None = None
    segment: int | None = Field(
        default=None,
        ge=1,
        description="Nodes that stay together in one rack, as Slurm's --segment;"
        " needs gpus_per_node",
    )
    n_minus_1: bool | None = Field(
        default=None,
        description="Places hold with a CDU pump or a feed lost; none: as the site file says",
    )
    exclude: tuple[str, ...] = Field(default=(), description="Names of nodes not to use")
    limit: int = Field(default=5, ge=1, le=100, description="Candidates to answer")
    max_age_s: float | None = Field(default=None, ge=0, description="Oldest telemetry to accept")
    reserve_s: float | None = Field(
        default=None, gt=0, le=86_400, description="Hold the best candidate this long"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.gpus > 1.0 and self.gpus != int(self.gpus):
            raise ValueError(f"gpus: {self.gpus:g} is neither whole nor a share below 1")
        if self.gpus_per_node is not None and self.gpus % self.gpus_per_node:
            raise ValueError(
                f"gpus: {self.gpus:g} is not a multiple of gpus_per_node {self.gpus_per_node}"
            )
        if self.segment is not None and self.gpus_per_node is None:
            raise ValueError("segment: counts nodes and needs gpus_per_node")
        if self.count % self.unit:
            raise ValueError(
                f"gpus: {self.gpus:g} is not a multiple of segment x gpus_per_node = {self.unit}"
            )
        return self

    @property
    def count(self) -> int:
        """Return how many GPUs are touched."""
        return max(1, int(self.gpus))

    @property
    def unit(self) -> int:
        """Return how many GPUs have to stay in one rack: those of a segment, or of a node."""
        return (self.segment or 1) * (self.gpus_per_node or 1)

    @property
    def share(self) -> float:
        """Return what part of each GPU is wanted. 0..1"""
        return min(1.0, self.gpus)


class Predicted(_Strict):
    """What the twin expects of one candidate once the job draws its power; see `placement`."""

    gpu_temp_max_c: float
    throttle_share: float
    rack_headroom_w: float
    row_headroom_w: float
    site_headroom_w: float
    tcs_return_c: float | None
    collective_s: float | None
    slowdown_share: float | None
    """Of the step, against the nearest place on an empty site; null: nothing told of the step."""
    neighbours_slowdown_share: float | None = None
    """Of the job that loses most by sharing its network; null: nothing told of this one's."""
    facility_power_w: float


class Advice(_Strict):
    """One place, best first."""

    nodes: tuple[str, ...]
    gpus: tuple[str, ...]
    reservation: str | None = None
    score: float = Field(ge=0, le=1)
    predicted: Predicted
    reasons: tuple[str, ...]


class Answer(_Strict):
    """Ranked places; no feasible place is an empty list with the counts of why not."""

    time_s: float
    """Of the state that the answer rests on."""
    age_s: float
    advice: tuple[Advice, ...]
    rejected: dict[str, int]
    """GPUs that could not be used, by reason."""


class AllocationRequest(_Strict):
    """What a scheduler tells: this job holds these GPUs."""

    job: str = Field(min_length=1, max_length=256)
    gpus: tuple[str, ...] = Field(min_length=1)
    start_s: float
    end_s: float | None = None
    profile: str | None = Field(default=None, max_length=256)
    reservation: str | None = None
    priority: int = Field(default=0, ge=-1_000_000, le=1_000_000)
    allowed_slowdown: float = Field(default=0.0, ge=0.0, le=1.0)
    """Part of its throughput that it may lose to an event of the grid."""
    preemptible: bool = False


def of_ours(model: type[Model], fields: dict[str, Any]) -> Model:
    """Return a model of values that are ours: nothing is looked at. All fields, in their order.

    What `model_construct` gives when all fields are given, in a fifth of its time. Checked in
    ``tests/controllers/placement/test_placement.py``.
    """
    made, put = object.__new__(model), object.__setattr__
    put(made, "__dict__", fields)
    put(made, "__pydantic_fields_set__", set(fields))
    put(made, "__pydantic_extra__", None)
    put(made, "__pydantic_private__", None)
    return made


def read_request(raw: Mapping[str, Any], where: str = "request") -> Request:
    """Return the request in `raw`; InputError naming the key when it cannot be read.

    >>> read_request({"job": "a", "gpus": 8}).count
    8
    """
    try:
        return Request.model_validate(raw)
    except ValidationError as error:
        said = complaint(error.errors(include_url=False), Request)
        raise InputError(f"{where}: {said}") from None
