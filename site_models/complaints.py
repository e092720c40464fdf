"""What validation found, as one line in our own words."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
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


def complaint(errors: Sequence[Mapping[str, Any]], form: Any = None) -> str:
    """Return the first of pydantic's complaints as `key.path: what was expected`.

    A misspelt key is also a missing one, so what was written is named first, with the key of
    `form`, the type that was asked for, that comes nearest. Where one of several forms was
    possible, the form that got furthest speaks.
    """
    misspelt = [one for one in errors if one["type"] == "extra_forbidden"]
    deepest = max(errors, key=lambda one: len(path_of(one)))
    first = misspelt[0] if misspelt else (deepest if _alternatives(errors) else errors[0])
    key = ".".join(path_of(first))
    said = _unknown(str(first["loc"][-1]), form) if misspelt else _said(first)
    return f"{key}: {said}" if key else said


def keys_of(form: Any) -> frozenset[str]:
    """Return all keys of a type made of pydantic's models, those of its parts as well."""
    return _keys(form, frozenset())


@cache
def _keys(form: Any, above: frozenset[Any]) -> frozenset[str]:
    if form in above:
        return frozenset()
    if not (isinstance(form, type) and issubclass(form, BaseModel)):
        return frozenset().union(*(_keys(part, above) for part in get_args(form)))
    fields = form.model_fields
    own = frozenset(field.alias or name for name, field in fields.items())
    parts: list[Any] = [field.annotation for field in fields.values()]
    return own.union(*(_keys(part, above | {form}) for part in parts))


def _unknown(key: str, form: Any) -> str:
    nearest = get_close_matches(key, sorted(keys_of(form)), 1)
    return f"unknown key, did you mean {nearest[0]}?" if nearest else "unknown key"


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
