"""The catalog's workloads as a person chooses among them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from dashboards.parts.place_fields import BY_NAME
from site_models.catalog import open_catalog
from site_models.errors import InputError
from site_models.kinds.workload import Work, Workload

GROUPS: Mapping[Work, str] = {
    "pretraining": "Training",
    "finetuning": "Training",
    "prefill": "Inference",
    "decode": "Inference",
    "inference": "Inference",
}
MEASURED, OTHER = "MLPerf runs, power fitted at the wall", "Other"


@lru_cache(maxsize=1)
def _workloads() -> dict[str, Workload]:
    """Return every workload that the catalog holds, by name; read once."""
    catalog = open_catalog()
    return {name: catalog.get(Workload, name) for name in catalog.names("workload")}


def choices() -> list[dict[str, Any]]:
    """Return the workloads in groups; training, then inference, then the rest."""
    groups: dict[str, list[dict[str, str]]] = {
        name: [] for name in ("Training", "Inference", OTHER, MEASURED)
    }
    for name, one in _workloads().items():
        group, label = GROUPS.get(one.work, OTHER), one.label
        if label.startswith("MLPerf "):
            group, label = MEASURED, label.removeprefix("MLPerf ").partition(", power")[0]
        groups[group].append({"value": name, "label": label})
    return [{"group": name, "items": items} for name, items in groups.items() if items]


def about(name: str | None) -> str:
    """Return what a workload asks of its GPUs, in a line; what the field is for without one."""
    if not name:
        return BY_NAME["profile"].about
    try:
        one = _workloads()[name]
    except (KeyError, InputError):
        return BY_NAME["profile"].about
    whole = one.tensor * one.pipeline * one.expert
    parts = [
        f"{count} {word}"
        for word, count in (
            ("tensor", one.tensor), ("pipeline", one.pipeline), ("expert", one.expert)
        )
        if count > 1
    ]  # fmt: skip
    makes = "" if one.unit == "none" else f"makes {one.unit}s; "
    if whole == 1:
        return f"{makes}any number of GPUs"
    return f"{makes}GPUs in groups of {whole}: {' × '.join(parts)}"
