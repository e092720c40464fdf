"""Colours of both schemes, as CSS variables and as Plotly templates.

ISA-101: the ground is grey and quiet, saturated colour means that something is wrong, and
a state is never told by colour alone. Text holds a contrast of at least 4.5:1 on every
ground it stands on; ``tests/dashboards/test_theme.py`` computes it.
"""

from typing import Any, Literal

Scheme = Literal["light", "dark"]

FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', Arial, sans-serif"

COLOURS: dict[Scheme, dict[str, str]] = {
    "light": {
        "ground": "#dfe2e6",
        "surface": "#eceef1",
        "raised": "#f8f9fa",
        "line": "#c3c8cf",
        "text": "#1a1f26",
        "muted": "#4b5560",
        "accent": "#2b5580",
        "near": "#7a4a00",
        "near-fill": "#f5c451",
        "over": "#ad1220",
        "over-fill": "#d3202f",
        "on-near": "#1a1f26",
        "on-over": "#ffffff",
        "missing": "#b9bfc6",
        "series-1": "#1f4e79",
        "series-2": "#6b7580",
        "series-3": "#7a5c2e",
        "track": "#cdd2d8",
        "fill": "#6d7984",
    },
    "dark": {
        "ground": "#15181c",
        "surface": "#1d2126",
        "raised": "#262b32",
        "line": "#3b424b",
        "text": "#e7eaee",
        "muted": "#a4aeb9",
        "accent": "#8fbce8",
        "near": "#f2c14e",
        "near-fill": "#f2c14e",
        "over": "#ff8a80",
        "over-fill": "#f4473a",
        "on-near": "#15181c",
        "on-over": "#15181c",
        "missing": "#4d5560",
        "series-1": "#8fbce8",
        "series-2": "#aab4bf",
        "series-3": "#d6b47c",
        "track": "#3b424b",
        "fill": "#97a3af",
    },
}

SCALE = (
    "#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678",
    "#a59c74", "#c3b369", "#e1cc55", "#fee838",
)  # fmt: skip
"""Cividis: perceptually even, and the same to colour-blind eyes."""


def css() -> str:
    """Return the CSS variables of both schemes, ``--ground`` and so on."""
    blocks = []
    for scheme, colours in COLOURS.items():
        selector = f':root[data-mantine-color-scheme="{scheme}"]'
        if scheme == "light":
            selector = f":root, {selector}"
        lines = "".join(f"--{name}:{value};" for name, value in colours.items())
        blocks.append(f"{selector}{{{lines}}}")
    return "".join(blocks)


def as_scheme(value: str | None) -> Scheme:
    """Return the scheme a page asked for; light for anything but ``dark``."""
    return "dark" if value == "dark" else "light"


def chart_template(scheme: Scheme) -> dict[str, Any]:
    """Return a Plotly template whose ground is the page's own."""
    colours = COLOURS[scheme]
    axis = {
        "gridcolor": colours["line"],
        "linecolor": colours["line"],
        "zeroline": False,
        "tickfont": {"color": colours["muted"]},
        "title": {"font": {"color": colours["muted"]}},
    }
    return {
        "layout": {
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": FONT, "size": 12, "color": colours["text"]},
            "colorway": [colours["series-1"], colours["series-2"], colours["series-3"]],
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {
                "bgcolor": colours["raised"],
                "bordercolor": colours["line"],
                "font": {"color": colours["text"], "family": FONT},
            },
        }
    }


MANTINE: dict[str, Any] = {
    "fontFamily": FONT,
    "fontFamilyMonospace": "ui-monospace, 'DejaVu Sans Mono', Consolas, monospace",
    "primaryColor": "slate",
    "primaryShade": {"light": 8, "dark": 3},
    "colors": {
        "slate": [
            "#eef3f8", "#dbe6f1", "#b9cfe4", "#8fbce8", "#6d9cc8",
            "#5484b3", "#4573a2", "#38638f", "#2b5580", "#1f4467",
        ]
    },
    "defaultRadius": "sm",
    "autoContrast": True,
}  # fmt: skip
"""Theme of the Mantine components."""
