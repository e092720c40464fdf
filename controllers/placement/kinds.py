"""What requests have in common that may use the same GPUs, and which nodes that leaves."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from controllers.placement.index import PlaceIndex
from controllers.placement.wish import worked_on
from site_models.arrays import Flags, Floats
from site_models.errors import InputError


@dataclass(frozen=True, slots=True)
class Kind:
    """What requests have in common that may use the same GPUs."""

    gpu_power_w: float | None
    model_power_w: tuple[float, ...]
    share: float
    gpu_model: str | None
    gpus_per_node: int | None
    whole: int
    """GPUs that share one NVLink domain: those of a tensor group, or 1."""
    exclude: tuple[str, ...]
    maintenance: tuple[str, ...]


class Fixed(NamedTuple):
    """What requests may use whatever the twin says and they draw."""

    kept: Flags
    serviceable: int
    """GPUs in service of the nodes that are kept."""
    rejected: Mapping[str, int]


@lru_cache(maxsize=64)
def fixed_of(
    index: PlaceIndex, model: str | None, exclude: tuple[str, ...], maintenance: tuple[str, ...]
) -> Fixed:
    rejected = Counter[str]()
    kept = _kept(index, model, exclude, maintenance, rejected)
    return Fixed(kept, int(index.node_serviceable[kept].sum()), rejected)


def asked_of(index: PlaceIndex, kind: Kind) -> Floats:
    """Return the power that is asked of each GPU of the nodes [W]; the rating if not told."""
    asked_w: float | Floats = index.node_power_max_w
    if kind.gpu_power_w is not None:
        asked_w = kind.gpu_power_w
    elif kind.model_power_w:
        of_model = np.array(kind.model_power_w)[index.node_model]
        asked_w = np.where(index.node_model >= 0, of_model, 0.0)
    return np.minimum(asked_w, index.node_power_max_w) * kind.share


def _kept(
    index: PlaceIndex,
    model: str | None,
    exclude: tuple[str, ...],
    maintenance: tuple[str, ...],
    rejected: Counter[str],
) -> Flags:
    """Return the nodes that may be used; count what the others have in service."""
    plant = index.plant
    count_in(rejected, "out of service", int(len(plant.gpu_names) - index.node_serviceable.sum()))
    kept = index.node_model >= 0
    tests: list[tuple[str, Flags]] = []
    if model is not None:
        if model not in index.models:
            known = ", ".join(index.models) or "none"
            raise InputError(f"gpu_model: the site has {known}, not {model!r}")
        tests.append(("other model", index.node_model == index.models.index(model)))
    if exclude:
        spared = np.ones(len(plant.node_names), dtype=np.bool_)
        for name in exclude:
            if name not in index.node_number:
                raise InputError(f"exclude: the site has no node {name!r}")
            spared[index.node_number[name]] = False
        tests.append(("excluded", spared))
    if maintenance:
        tests.append(("maintenance", ~worked_on(index, maintenance)))
    for reason, passed in tests:
        count_in(rejected, reason, int(index.node_serviceable[kept & ~passed].sum()))
        kept = kept & passed
    return kept


def count_in(rejected: Counter[str], reason: str, gpus: int) -> None:
    if gpus:
        rejected[reason] += gpus
