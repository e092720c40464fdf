"""Parameters learned from a recording, laid over a compiled site.

A file `{recording_sha256, site, parameters: {name: {id: {value, std}}}}`, YAML. It never
touches the catalog: it is checked against the plant and gives another plant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import numpy as np
from pydantic import Field, field_validator

from site_models.errors import InputError
from site_models.figure import Strict
from site_models.plant import GpuGroups, Gpus, Nodes, Plant, freeze
from site_models.yaml_file import read_yaml, validated
from twin.fabric.collective_site import CALIBRATED, with_factors


@dataclass(frozen=True, slots=True)
class Parameter:
    """What an overlay may set: a figure of each GPU's chain or of each node."""

    axis: str
    """`gpu`, `node`, or `collective`: one of `twin.fabric.collective_site.CALIBRATED`."""
    low: float
    high: float
    doc: str


COLLECTIVE = "collective_"
"""Begins the names of the factors of `twin.fabric.collective_fit.Factors`."""
PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        "die_resistance_k_per_w": Parameter("gpu", 1e-4, 1.0, "die to body, per board watt"),
        "body_resistance_k_per_w": Parameter("gpu", 1e-4, 1.0, "body to mean coolant, full flow"),
        "die_capacity_j_per_k": Parameter("gpu", 0.1, 1e4, "die and what follows it at once"),
        "body_capacity_j_per_k": Parameter("gpu", 1.0, 1e5, "plate or sink, lid and package"),
        "flow_exponent": Parameter("gpu", -2.0, 0.0, "of the body resistance over the flow"),
        "upstream": Parameter("gpu", 0.0, 1.0, "1: breathes the inlet, 0: behind another"),
        "fan_speed_min": Parameter("node", 1e-3, 1.0, "share of full speed"),
        "fan_target_c": Parameter("node", 0.0, 120.0, "GPU temperature that the fans hold"),
        "fan_band_k": Parameter("node", 0.1, 1e5, "from least to full speed"),
        "fan_lag_s": Parameter("node", 0.1, 1e5, "time constant of the fans' control"),
        "inlet_rise_k": Parameter("node", -20.0, 40.0, "breathes so much above its circuit"),
        "base_power_w": Parameter("node", 0.0, 1e5, "all but GPUs and fans, GPUs idle"),
        "load_power_per_gpu_w": Parameter("node", 0.0, 2.0, "of other consumers per GPU watt"),
        "collective_path": Parameter("collective", 0.0, 1e4, "of the law's start and path"),
        "collective_transfer": Parameter("collective", 0.0, 1e4, "of the law's transfer"),
        "collective_fill": Parameter("collective", 0.0, 1e4, "of the law's pipeline fill"),
    }
)
"""Every parameter by the name of the plant's array that it sets."""


class Estimate(Strict):
    """A value and its standard error, in the unit of the parameter's name."""

    value: float
    std: Annotated[float, Field(ge=0.0)]


class Overlay(Strict):
    """Identified parameters of a site, by name and id."""

    recording_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Of the recording that they were learned from."""
    site: str
    parameters: dict[str, dict[str, Estimate]]

    @field_validator("parameters")
    @classmethod
    def _known(cls, found: dict[str, dict[str, Estimate]]) -> dict[str, dict[str, Estimate]]:
        for name, estimates in found.items():
            if name not in PARAMETERS:
                raise ValueError(f"unknown parameter {name!r}, expected {', '.join(PARAMETERS)}")
            low, high = PARAMETERS[name].low, PARAMETERS[name].high
            for who, estimate in estimates.items():
                if not low <= estimate.value <= high:
                    said = f"{name}.{who}.value: expected {low:g} to {high:g}"
                    raise ValueError(f"{said}, got {estimate.value:g}")
        return found


def overlay_schema() -> dict[str, Any]:
    """Return the JSON schema of an overlay file."""
    return Overlay.model_json_schema()


def read_overlay(path: Path) -> Overlay:
    """Return the overlay in a file; InputError, one line, naming file and key if it is none."""
    return validated(Overlay, read_yaml(path), path)


def write_overlay(path: Path, overlay: Overlay) -> None:
    """Write an overlay; the same overlay gives the same bytes.

    Raises InputError where nothing can be written. Checked: what is written reads back
    equal, ``tests/twin/estimation/test_overlay.py``.
    """
    lines = [
        f'recording_sha256: "{overlay.recording_sha256}"',
        f'site: "{overlay.site}"',
        "parameters:" if overlay.parameters else "parameters: {}",
    ]
    for name, estimates in overlay.parameters.items():
        lines.append(f"  {name}:")
        lines += [f"    {who}: {_flow(estimate)}" for who, estimate in estimates.items()]
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


def _flow(estimate: Estimate) -> str:
    return f"{{value: {_number(estimate.value)}, std: {_number(estimate.std)}}}"


def _number(value: float) -> str:
    """Return six digits that YAML reads as a number: 1.0e-05 and not 1e-05."""
    text = f"{value:.6g}"
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent}" if e else text


def applied(plant: Plant, overlay: Overlay) -> Plant:
    """Return the plant with an overlay's values.

    Every GPU that the overlay speaks of gets a group of its own. Arrays stay of the kind
    that the kernel was compiled for. Raises InputError for another site's overlay and for
    an id that is not on the site.
    """
    if overlay.site != plant.site:
        raise InputError(f"overlay: site: {overlay.site!r}, expected {plant.site!r}")
    places = {
        axis: {name: k for k, name in enumerate(plant.axis(axis))} for axis in ("gpu", "node")
    }
    places["collective"] = {who: k for k, who in enumerate(CALIBRATED)}
    for name, estimates in overlay.parameters.items():
        strangers = [who for who in estimates if who not in places[PARAMETERS[name].axis]]
        if strangers:
            raise InputError(
                f"overlay: parameters.{name}.{strangers[0]}: no such {PARAMETERS[name].axis}"
                f" on {plant.site}"
            )
    values = {
        name: {places[PARAMETERS[name].axis][who]: e.value for who, e in estimates.items()}
        for name, estimates in overlay.parameters.items()
    }
    arrays = plant.arrays
    gpus, groups = _with_own_groups(plant, values)
    nodes = {name: _set(getattr(arrays.nodes, name), values[name]) for name in _of(Nodes, values)}
    changed = arrays._replace(
        gpus=freeze(gpus), groups=freeze(groups), nodes=freeze(arrays.nodes._replace(**nodes))
    )
    return with_factors(replace(plant, arrays=changed), _factors(overlay))


def _factors(overlay: Overlay) -> dict[str, dict[str, float]]:
    """Return the factors of collectives: name of the factor -> operation -> value."""
    return {
        name.removeprefix(COLLECTIVE): {op: one.value for op, one in estimates.items()}
        for name, estimates in overlay.parameters.items()
        if PARAMETERS[name].axis == "collective"
    }


def _with_own_groups(
    plant: Plant, values: Mapping[str, Mapping[int, float]]
) -> tuple[Gpus, GpuGroups]:
    """Return GPUs and groups where every GPU that has a value of its own stands alone."""
    gpus, groups = plant.arrays.gpus, plant.arrays.groups
    alone = sorted({g for name in _of(GpuGroups, values) for g in values[name]})
    members = gpus.group.copy()
    count = len(groups.node)
    members[alone] = np.arange(count, count + len(alone))
    columns = {
        name: np.concatenate((column, column[gpus.group[alone]]))
        for name, column in zip(groups._fields, groups, strict=True)
    }
    columns["node"][count:] = gpus.node[alone]
    for name in _of(GpuGroups, values):
        for g, value in values[name].items():
            columns[name][members[g]] = value
    upstream = gpus.upstream.copy()
    for g, value in values.get("upstream", {}).items():
        upstream[g] = value >= 0.5
    return gpus._replace(group=members, upstream=upstream), GpuGroups(**columns)


def _of(block: type[GpuGroups] | type[Nodes], values: Mapping[str, Any]) -> list[str]:
    """Return the names among the values that are arrays of a block."""
    axis = "gpu" if block is GpuGroups else "node"
    return [n for n in values if PARAMETERS[n].axis == axis and n in block._fields]


def _set(column: Any, values: Mapping[int, float]) -> Any:
    changed = column.copy()
    for k, value in values.items():
        changed[k] = value
    return changed
