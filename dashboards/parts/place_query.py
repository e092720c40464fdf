"""A question in the page's address, so that it can be sent to somebody or kept."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from dashboards.parts.place_fields import FIELDS, STARTS, Field


def query_of(values: dict[str, Any]) -> str:
    """Return the query of a filled form: what differs from the form at first.

    >>> query_of(STARTS | {"gpus": 8, "profile": "decode"})
    '?gpus=8&profile=decode'
    """
    told = {
        field.name: "" if (value := values.get(field.name)) is None else f"{value}"
        for field in FIELDS
        if (values.get(field.name) or None) != (field.start or None)
    }
    return "?" + urlencode(told) if told else ""


def values_of(search: str) -> dict[str, Any]:
    """Return a form's values from a query; what cannot be read is left as at first."""
    told = dict(parse_qsl(search.lstrip("?"), keep_blank_values=True))
    return {field.name: _value(field, told.get(field.name)) for field in FIELDS}


def told_more(values: dict[str, Any]) -> int:
    """Return how many of the folded fields differ from the form at first."""
    return sum(
        bool(field.group) and (values.get(field.name) or None) != (STARTS[field.name] or None)
        for field in FIELDS
    )


def _value(field: Field, text: str | None) -> Any:
    if text is None:
        return field.start
    if field.kind != "number":
        return text or (None if field.kind == "choice" else "")
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else number
