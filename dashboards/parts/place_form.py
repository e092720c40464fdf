"""The form of a placement request, and the request that a filled form means."""

from typing import Any, get_args

import dash_mantine_components as dmc
from dash import State, html
from dash.development.base_component import Component

from controllers.placement.models import Level, Request, read_request
from dashboards.feed import Feed

FIELDS = (
    "job", "gpus", "gpus_per_node", "gpu_model", "gpu_power_w", "duration_h", "required_level",
    "preferred_level", "exclude", "limit",
)  # fmt: skip
"""Names of the form's fields in order; each component's id is ``place-`` and the name."""

STATES = [State(f"place-{name}", "value") for name in FIELDS]


def form(feed: Feed) -> Component:
    """Return the form, filled with a question that most sites can answer."""
    models = sorted(set(feed.plant.gpu_model))
    return html.Div(
        [
            html.H3("Job"),
            _text("job", "Name", "train-1", wide=True),
            _number("gpus", "GPUs", 16, low=0.01, wide=False),
            _number("duration_h", "Duration [h]", 4, low=0.01),
            _choice("gpu_model", "GPU model", models, "any"),
            _number("gpu_power_w", "Power per GPU [W]", None, low=1, hint="its rating"),
            html.H3("Place"),
            _number("gpus_per_node", "GPUs on each node", None, low=1, hint="any"),
            _number("limit", "Candidates", 5, low=1),
            _choice("required_level", "All within one", list(get_args(Level)), "not required"),
            _choice("preferred_level", "Better within one", list(get_args(Level)), "no matter"),
            _text("exclude", "Nodes to leave out, with commas", "", wide=True),
            html.Div(dmc.Button("Find places", id="place-ask", size="sm"), className="buttons"),
            html.Div(id="place-problem", className="problem wide", role="alert"),
        ],
        className="form-fields",
    )


def read_form(values: dict[str, Any]) -> Request:
    """Return the request a form means; InputError naming the field that cannot be used."""
    raw: dict[str, Any] = {
        "job": values["job"] or "",
        "gpus": values["gpus"],
        "duration_s": _times(values["duration_h"], 3600.0),
        "limit": values["limit"],
        "exclude": [name.strip() for name in (values["exclude"] or "").split(",") if name.strip()],
    }
    for name in ("gpus_per_node", "gpu_model", "gpu_power_w", "required_level", "preferred_level"):
        raw[name] = values[name] or None
    return read_request({key: value for key, value in raw.items() if value is not None}, "form")


def _times(value: Any, factor: float) -> Any:
    """Return a number of the form in base units; what is no number is left to be refused."""
    return value * factor if isinstance(value, int | float) else value


def _text(name: str, label: str, value: str, wide: bool = False) -> Component:
    field: Component = dmc.TextInput(
        id=f"place-{name}", label=label, value=value, size="xs", className="wide" if wide else ""
    )
    return field


def _number(
    name: str, label: str, value: float | None, low: float, hint: str = "", wide: bool = False
) -> Component:
    field: Component = dmc.NumberInput(
        id=f"place-{name}", label=label, value=value, min=low, placeholder=hint, size="xs",
        hideControls=True, className="wide" if wide else "",
    )  # fmt: skip
    return field


def _choice(name: str, label: str, choices: list[str], hint: str) -> Component:
    field: Component = dmc.Select(
        id=f"place-{name}", label=label, data=choices, placeholder=hint, clearable=True, size="xs"
    )
    return field
