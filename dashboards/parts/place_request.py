"""From a filled form to a request, or to the one field that stands in the way."""

import re
from typing import Any

from pydantic import ValidationError

from controllers.placement.models import Request
from dashboards.parts.place_fields import FIELDS, Field, field_of
from site_models.complaints import complaint

YES, NO = "yes", "no"
WHOLE = re.compile(r"expected a multiple of .* = (\d+)")
"""What is said of a workload's groups, beside a narrow field."""


class FormError(Exception):
    """A form that means no request: `field` is where, or empty; the text is what to do."""

    def __init__(self, said: str) -> None:
        key, colon, text = said.partition(": ")
        if key.startswith("catalog/workload/"):
            key, text = "profile", "the catalog has no such workload"
        whole = WHOLE.search(text)
        text = f"a multiple of {whole[1]} for this workload" if whole else text
        found = field_of(key) if colon else None
        self.field = found.name if found else ""
        super().__init__(text if found else said)


def read_form(values: dict[str, Any]) -> Request:
    """Return the request that a form means by its fields' names; FormError naming the field."""
    raw: dict[str, Any] = {}
    for field in FIELDS:
        value = _base(field, values.get(field.name))
        if value is None or value == "":
            continue
        outer, dot, inner = field.key.partition(".")
        if dot:
            raw.setdefault(outer, {})[inner] = value
        else:
            raw[outer] = value
    try:
        return Request.model_validate(raw)
    except ValidationError as error:
        raise FormError(complaint(error.errors(include_url=False), Request)) from None


def _base(field: Field, value: Any) -> Any:
    """Return a field's value in base units; what is no number is left to be refused."""
    if field.name == "exclude":
        return [name.strip() for name in (value or "").split(",") if name.strip()] or None
    if field.name == "n_minus_1":
        return {YES: True, NO: False}.get(value)
    if field.per != 1.0 and isinstance(value, int | float):
        return value * field.per
    return value
