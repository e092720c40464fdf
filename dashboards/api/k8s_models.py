"""What kube-scheduler sends to an extender, as far as the twin reads it.

The Go structs (kube-scheduler/extender/v1) carry no JSON tags, so keys are capitalised; older
versions tagged them in lower case. Go reads either, and so does this.
"""

import re
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema

from controllers.placement.models import Request, read_request
from site_models.errors import InputError

GPU_RESOURCE = "nvidia.com/gpu"
POWER_NOTE, PROFILE_NOTE = "ai-factory-twin/gpu-power-w", "ai-factory-twin/profile"
"""Annotations with which a pod tells more than its number of GPUs."""
SHORTEST_S, USUAL_S = 1.0, 3600.0
MOST_NODES = 100_000

_KEYS = {"pod": "Pod", "nodes": "Nodes", "nodenames": "NodeNames"}


class _Part(BaseModel):
    """A piece of a Kubernetes object: what is not read is left alone, null counts as absent."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, raw: Any) -> Any:
        if isinstance(raw, dict):
            return {key: value for key, value in raw.items() if value is not None}
        return raw

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, told: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Say of every key but the required ones that it may be null."""
        schema = told.resolve_ref_schema(told(core))
        for key, value in schema.get("properties", {}).items():
            if key not in schema.get("required", ()):
                schema["properties"][key] = {"anyOf": [value, {"type": "null"}]}
        return schema


class _Resources(_Part):
    requests: dict[str, int | str] = Field(default_factory=dict)
    limits: dict[str, int | str] = Field(default_factory=dict)

    def gpus(self) -> int:
        """Return the GPUs wanted: for extended resources request and limit are the same."""
        asked = self.requests.get(GPU_RESOURCE, self.limits.get(GPU_RESOURCE, 0))
        if not re.fullmatch(r"\d{1,6}", str(asked)):
            raise InputError(f"{GPU_RESOURCE}: expected a whole number, got {asked!r}")
        return int(asked)


class _Container(_Part):
    resources: _Resources = Field(default_factory=_Resources)


class _Spec(_Part):
    containers: list[_Container] = Field(default_factory=list)
    initContainers: list[_Container] = Field(default_factory=list)  # noqa: N815 - as it travels
    activeDeadlineSeconds: float | None = None  # noqa: N815 - as it travels


class _Metadata(_Part):
    name: str = ""
    generateName: str = ""  # noqa: N815 - as it travels
    namespace: str = ""
    annotations: dict[str, str] = Field(default_factory=dict)


class Pod(_Part):
    """The pod at hand."""

    metadata: _Metadata = Field(default_factory=_Metadata)
    spec: _Spec = Field(default_factory=_Spec)

    @property
    def name(self) -> str:
        """Return namespace and name."""
        own = self.metadata.name or self.metadata.generateName or "pod"
        return f"{self.metadata.namespace or 'default'}/{own}"[:256]

    def gpus(self) -> int:
        """Return how many GPUs its node must have free: containers run together, the ones
        before them one by one."""
        together = sum(one.resources.gpus() for one in self.spec.containers)
        before = (one.resources.gpus() for one in self.spec.initContainers)
        return max(together, *before, 0)

    def request(self) -> Request | None:
        """Return what it asks of placement; None when it wants no GPU. InputError for a
        quantity or an annotation that cannot be read."""
        gpus, notes = self.gpus(), self.metadata.annotations
        if gpus == 0:
            return None
        raw: dict[str, Any] = {"job": self.name, "gpus": gpus, "required_level": "node"}
        raw["duration_s"] = max(self.spec.activeDeadlineSeconds or USUAL_S, SHORTEST_S)
        if POWER_NOTE in notes:
            try:
                raw["gpu_power_w"] = float(notes[POWER_NOTE])
            except ValueError:
                raise InputError(
                    f"{POWER_NOTE}: expected watts, got {notes[POWER_NOTE]!r}"
                ) from None
        if PROFILE_NOTE in notes:
            raw["profile"] = notes[PROFILE_NOTE]
        return read_request(raw, "pod")


class ExtenderArgs(_Part):
    """The body of filter and prioritize; either key is sent, as nodeCacheCapable says."""

    pod: Pod = Field(alias="Pod")
    nodes: dict[str, Any] | None = Field(
        default=None, alias="Nodes", description="A v1.NodeList, unless nodeCacheCapable"
    )
    node_names: list[str] | None = Field(
        default=None, alias="NodeNames", max_length=MOST_NODES, description="nodeCacheCapable"
    )

    @model_validator(mode="before")
    @classmethod
    def _either_spelling(cls, raw: Any) -> Any:
        if isinstance(raw, dict):
            return {_KEYS.get(str(key).lower(), key): value for key, value in raw.items()}
        return raw

    @field_validator("nodes")
    @classmethod
    def _named(cls, nodes: dict[str, Any] | None) -> dict[str, Any] | None:
        items = (nodes or {}).get("items") or []
        if not isinstance(items, list) or not all(map(_has_name, items)):
            raise ValueError("expected a NodeList: items with metadata.name")
        return nodes

    def items(self) -> list[dict[str, Any]]:
        """Return the nodes that came whole; none where only names came."""
        return list((self.nodes or {}).get("items") or [])

    def names(self) -> list[str]:
        """Return the names of the nodes asked about."""
        if self.node_names is not None:
            return self.node_names
        return [item["metadata"]["name"] for item in self.items()]


def _has_name(item: Any) -> bool:
    metadata = item.get("metadata") if isinstance(item, dict) else None
    return isinstance(metadata, dict) and isinstance(metadata.get("name"), str)
