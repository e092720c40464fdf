"""Parameters of a policy: the fields of its dataclass, as JSON schema and from JSON."""

import math
import typing
from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any

from site_models.errors import InputError


def parameter(
    doc: str,
    default: float | bool | None,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
) -> Any:
    """Return the dataclass field of a parameter that a policy has; a bound of None is none."""
    bounds = {"minimum": low, "maximum": high}
    told = {name: bound for name, bound in bounds.items() if bound is not None}
    return field(default=default, metadata={"doc": doc, "unit": unit, **told})


def share(doc: str, default: float, low: float = 0.0, high: float = 1.0) -> Any:
    """Return the dataclass field of a parameter that is a part of something."""
    return parameter(doc, default, "", low, high)


def schema(policy: type[Any]) -> dict[str, Any]:
    """Return the JSON schema of a policy's parameters: types, defaults, bounds, units."""
    hints = typing.get_type_hints(policy)
    properties: dict[str, Any] = {}
    for parameter in fields(policy):
        meta = parameter.metadata
        entry: dict[str, Any] = {
            "type": _json_type(hints[parameter.name]),
            "default": parameter.default,
            "description": meta.get("doc", ""),
            "unit": meta.get("unit", ""),
        }
        entry |= {bound: meta[bound] for bound in ("minimum", "maximum") if bound in meta}
        properties[parameter.name] = entry
    return {
        "title": policy.__name__,
        "description": (policy.__doc__ or "").split("\n", 1)[0],
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def made(policy: type[Any], values: Mapping[str, Any], where: str = "policy") -> Any:
    """Return the policy with these parameters, defaults for the others.

    Raises InputError naming the parameter for an unknown one, a value that is no number (or
    no truth value where that is asked for), or one out of bounds.
    """
    hints = typing.get_type_hints(policy)
    known = {parameter.name: parameter for parameter in fields(policy)}
    given: dict[str, float | bool | None] = {}
    for name, value in values.items():
        if name not in known:
            expected = ", ".join(known) or "none"
            raise InputError(f"{where}: unknown parameter {name!r}, expected one of: {expected}")
        given[name] = _value(value, hints[name], known[name].metadata, f"{where}: {name}")
    return policy(**given)


def _value(value: Any, hint: Any, meta: Mapping[str, Any], where: str) -> float | bool | None:
    if value is None and _may_be_none(hint):
        return None
    if hint is bool:
        if not isinstance(value, bool):
            raise InputError(f"{where}: expected true or false, got {value!r}")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{where}: expected a number, got {value!r}")
    low, high = meta.get("minimum", -math.inf), meta.get("maximum", math.inf)
    if not low <= value <= high:
        raise InputError(f"{where}: expected {low:g} to {high:g}, got {value:g}")
    return float(value)


def _json_type(hint: Any) -> str | list[str]:
    if hint is bool:
        return "boolean"
    return ["number", "null"] if _may_be_none(hint) else "number"


def _may_be_none(hint: Any) -> bool:
    return type(None) in typing.get_args(hint)
