"""The outcome of an experiment as files: a page, its figures, and its plots."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from controllers.experiment import Outcome, Plot
from dashboards.report import markdown

INK, GRID = "#20262e", "#d5dae1"
LINES = ("#0b6bcb", "#d9480f", "#2b8a3e", "#862e9c", "#868e96", "#c2255c")


def write_outcome(folder: Path, title: str, outcome: Outcome, quick: bool) -> None:
    """Write NAME.md, NAME.json and NAME.svg (none without plots) into a folder, made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        "name": outcome.name,
        "quick": quick,
        "baseline": outcome.baseline,
        "ours": outcome.ours,
        "findings": [asdict(finding) for finding in outcome.findings],
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY
    (folder / f"{outcome.name}.json").write_bytes(orjson.dumps(figures, option=options) + b"\n")
    (folder / f"{outcome.name}.md").write_text(page(title, outcome, quick), encoding="utf-8")
    if outcome.plots:
        draw(outcome.plots, folder / f"{outcome.name}.svg")


def page(title: str, outcome: Outcome, quick: bool) -> str:
    """Return the page as Markdown."""
    how = f"`twin experiment {outcome.name}{' --quick' if quick else ''}`"
    lines = [f"# {title}", "", f"Written by {how} on {datetime.now(UTC):%Y-%m-%d}.", ""]
    lines += [f"- {note}" for note in outcome.notes] + [""]
    if outcome.findings:
        rows = (
            (f.status, f.name, f"{f.ours:.4g} {f.unit}".rstrip(), f.limit, f.why)
            for f in outcome.findings
        )
        lines += markdown(("", "asked", "ours", "limit", "why"), rows)
    columns = {**_columns(outcome.baseline, ""), **_columns(outcome.ours, "ours")}
    keys = list(dict.fromkeys(key for column in columns.values() for key in column))
    if keys:
        body = ((key, *(_text(column.get(key, "")) for column in columns.values())) for key in keys)
        lines += ["", *markdown(("figure", *columns), body)]
    if outcome.plots:
        lines += ["", f"![{outcome.name}]({outcome.name}.svg)"]
    return "\n".join(lines) + "\n"


def draw(plots: tuple[Plot, ...], path: Path) -> None:
    """Draw plots below one another into an SVG file, the same bytes for the same plots."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "twin"
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.2 * len(plots)), layout="constrained")
    for place, plot in enumerate(plots):
        axes = figure.add_subplot(len(plots), 1, place + 1)
        for n, curve in enumerate(plot.curves):
            axes.plot(curve.x, curve.y, color=LINES[n % len(LINES)], lw=1.4, label=curve.name)
        for name, height in plot.limits.items():
            axes.axhline(height, color="#c92a2a", lw=1.0, ls="--")
            axes.annotate(
                name, (0.995, height), xycoords=("axes fraction", "data"), ha="right", va="bottom",
                fontsize=8, color="#c92a2a",
            )  # fmt: skip
        axes.set_title(plot.title, loc="left", fontsize=10, color=INK)
        axes.set_xlabel(plot.x_label)
        axes.set_ylabel(plot.y_label)
        axes.grid(color=GRID, lw=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8, ncols=3)
    figure.savefig(path, metadata={"Date": None})


def _columns(figures: Mapping[str, Any], alone: str) -> dict[str, Mapping[str, Any]]:
    """Return the columns of a table: nested figures by their name, plain ones under `alone`."""
    nested = {key: value for key, value in figures.items() if isinstance(value, Mapping)}
    plain = {key: value for key, value in figures.items() if key not in nested}
    return {**({alone: plain} if plain else {}), **nested}


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
