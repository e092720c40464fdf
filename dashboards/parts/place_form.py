"""The form of a placement question: three fields in sight, the rest folded away."""

from itertools import groupby
from typing import Any, get_args

import dash_mantine_components as dmc
from dash import Output, State, html
from dash.development.base_component import Component

from controllers.jobs.collective_told import Operation
from controllers.placement.models import Level
from dashboards.feed import Feed
from dashboards.parts.place_fields import FIELDS, Field
from dashboards.parts.place_query import told_more
from dashboards.parts.place_request import NO, YES
from dashboards.parts.place_workloads import about, choices

STATES = [State(f"place-{field.name}", "value") for field in FIELDS]
ERRORS = [Output(f"place-{field.name}", "error") for field in FIELDS]
FOLD = "more"
"""Name of the folded part."""


def form(feed: Feed, values: dict[str, Any]) -> Component:
    """Return the form filled with values by its fields' names."""
    groups = {name: list(part) for name, part in groupby(FIELDS, lambda field: field.group)}
    shown = [_field(feed, field, values) for field in groups.pop("")]
    folded: list[Component] = []
    for name, fields in groups.items():
        folded += [html.H3(name), *(_field(feed, field, values) for field in fields)]
    more = dmc.Accordion(
        dmc.AccordionItem(
            [
                dmc.AccordionControl(html.Span(fold_title(values), id="place-more-title")),
                dmc.AccordionPanel(html.Div(folded, className="form-fields")),
            ],
            value=FOLD,
        ),
        id="place-more",
        value=None,
        chevronPosition="left",
        transitionDuration=0,
        className="wide",
    )
    asks = html.Div(dmc.Button("Find places", id="place-ask", size="sm"), className="buttons")
    problem = html.Div(id="place-problem", className="problem wide", role="alert")
    return html.Div([*shown, asks, problem, more], className="form-fields outer")


def fold_title(values: dict[str, Any]) -> str:
    """Return the heading of the folded part, with how many of its fields are filled."""
    told = told_more(values)
    return f"More about the job · {told} told" if told else "More about the job"


def _field(feed: Feed, field: Field, values: dict[str, Any]) -> Component:
    value = values.get(field.name)
    same: dict[str, Any] = {
        "id": f"place-{field.name}", "label": field.label, "description": field.about,
        "placeholder": field.blank, "size": "xs", "className": "wide" if field.wide else "",
    }  # fmt: skip
    if field.name == "profile":
        same["description"] = about(value)
    made: Component
    if field.kind == "text":
        made = dmc.TextInput(value=value, **same)
    elif field.kind == "number":
        made = dmc.NumberInput(value=value, hideControls=True, allowNegative=False, **same)
    else:
        made = dmc.Select(
            value=value, data=_choices(feed, field), clearable=True, searchable=True,
            nothingFoundMessage="no such choice", **same,
        )  # fmt: skip
    return made


def _choices(feed: Feed, field: Field) -> list[Any]:
    if field.name == "profile":
        return choices()
    if field.name == "gpu_model":
        return sorted(set(feed.plant.gpu_model))
    if field.name == "collective_op":
        return list(get_args(Operation))
    if field.name == "n_minus_1":
        return [{"value": YES, "label": "limits hold"}, {"value": NO, "label": "not looked at"}]
    return [{"value": level, "label": level.replace("_", " ")} for level in get_args(Level)]
