"""The list of what is wrong, worst first; quiet when nothing is."""

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from dashboards.closest import Distance
from dashboards.findings import Finding, Severity
from dashboards.parts.cards import bar
from dashboards.parts.live import aria

MARKS = {Severity.OVER: "■", Severity.NEAR: "▲", Severity.NOTE: "○"}
WORDS = {Severity.OVER: "Over", Severity.NEAR: "Near", Severity.NOTE: "Note"}
MOST = 30


def wrong_list(found: Sequence[Finding]) -> list[Component]:
    """Return one line for each finding; a plain sentence when no limit is near."""
    rows = [_row(finding) for finding in found[:MOST]]
    if not any(finding.severity is not Severity.NOTE for finding in found):
        quiet = html.Div("Nothing is over or near a limit.", className="quiet")
        rows.insert(0, quiet)
    if len(found) > MOST:
        rows.append(html.Div(f"and {len(found) - MOST} more", className="quiet"))
    return rows


def closest_list(standings: Sequence[Distance]) -> list[Component]:
    """Return a line with a bar for each, its mark at the limit."""
    return [
        html.Div(
            [
                html.Span(one.where, className="where", title=one.where),
                bar(one.share),
                html.Span(one.what, className="what"),
            ],
            className=f"standing {one.severity.name.lower()}",
        )
        for one in standings
    ]


def wrong_title(found: Sequence[Finding]) -> str:
    """Return the list's heading with its counts."""
    over = sum(finding.severity is Severity.OVER for finding in found)
    near = sum(finding.severity is Severity.NEAR for finding in found)
    return f"{over} over limit · {near} near limit"


def _row(finding: Finding) -> Component:
    where: Component = html.Span(finding.where)
    if finding.href:
        where = dcc.Link(finding.where, href=finding.href)
    return html.Div(
        [
            html.Span(MARKS[finding.severity], className="mark", **aria(hidden="true")),
            html.Span(WORDS[finding.severity], className="word"),
            html.Span(where, className="where"),
            html.Span(finding.what, className="what"),
        ],
        className=f"finding {finding.severity.name.lower()}",
    )
