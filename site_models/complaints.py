"""What validation found, as one line in our own words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "extra_forbidden": lambda c: "unknown key, expected one of the schema's",
    "missing": lambda c: "missing, expected a value",
    "greater_than": lambda c: f"expected a number above {c['gt']:g}",
    "greater_than_equal": lambda c: f"expected {c['ge']:g} or more",
    "less_than": lambda c: f"expected a number below {c['lt']:g}",
    "less_than_equal": lambda c: f"expected {c['le']:g} or less",
    "finite_number": lambda c: "expected a finite number",
    "literal_error": lambda c: f"expected one of {c['expected']}",
    "string_too_short": lambda c: f"expected at least {c['min_length']} character",
    "string_too_long": lambda c: f"expected at most {c['max_length']} characters",
    "too_short": lambda c: f"expected at least {c['min_length']} entry",
}
_NOUNS = {
    "float": "a number",
    "int": "a whole number",
    "string": "text",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "dict": "a mapping of keys",
    "model": "a mapping of keys",
    "date": "a date as 2026-11-22",
}
_SHOWN = (str, int, float, bool, type(None))


def complaint(errors: Sequence[Mapping[str, Any]]) -> str:
    """Return the first of pydantic's complaints as `key.path: what was expected`.

    A misspelt key is also a missing one, so what was written is named first. Where one of
    several forms was possible, the form that got furthest speaks.
    """
    misspelt = [one for one in errors if one["type"] == "extra_forbidden"]
    deepest = max(errors, key=lambda one: len(path_of(one)))
    first = misspelt[0] if misspelt else (deepest if _alternatives(errors) else errors[0])
    key = ".".join(path_of(first))
    return f"{key}: {_said(first)}" if key else _said(first)


def path_of(error: Mapping[str, Any]) -> list[str]:
    """Return the keys that lead to a complaint, without pydantic's names of alternatives."""
    inner = ("body", "query")
    return [
        str(part)
        for part in error["loc"]
        if part not in inner and not (isinstance(part, str) and ("[" in part or "(" in part))
    ]


def _alternatives(errors: Sequence[Mapping[str, Any]]) -> bool:
    return any("[" in str(part) or "(" in str(part) for one in errors for part in one["loc"])


def _said(error: Mapping[str, Any]) -> str:
    kind = str(error["type"])
    if kind in _WORDS:
        return _WORDS[kind](error.get("ctx", {}))
    noun = _NOUNS.get(kind.split("_")[0])
    if noun and not kind.startswith("value"):
        given = error.get("input")
        shown = f", got {given!r}" if isinstance(given, _SHOWN) else ""
        return f"expected {noun}{shown}"
    return str(error["msg"]).removeprefix("Value error, ")
