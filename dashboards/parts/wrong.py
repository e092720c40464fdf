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
PAST = "Was"
"""Word of what was over its limit and is not now."""
MOST = 30


def wrong_list(found: Sequence[Finding], past: Sequence[Finding] = ()) -> list[Component]:
    """Return one line for each finding, then what was over; a plain sentence when all is well."""
    wrong = [one for one in found if one.severity is not Severity.NOTE]
    rows = [_row(finding) for finding in wrong[:MOST]]
    if not wrong:
        rows = [html.Div("Nothing is over or near a limit.", className="quiet")]
    if len(wrong) > MOST:
        rows.append(html.Div(f"and {len(wrong) - MOST} more", className="quiet"))
    rows += [_row(finding, PAST) for finding in past]
    return [*rows, *(_row(one) for one in found if one.severity is Severity.NOTE)]


def closest_list(standings: Sequence[Distance]) -> list[Component]:
    """Return a line with a bar for each, its mark at the limit."""
    return [
        html.Div(
            [
                html.Span(
                    [
                        dcc.Link(one.where, href=one.href) if one.href else one.where,
                        html.Span(f" {one.kind}", className="kind"),
                    ],
                    className="where",
                    title=f"{one.where} {one.kind}".strip(),
                ),
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
    return f"{over} over or down · {near} near a limit"


def _row(finding: Finding, word: str = "") -> Component:
    where: Component = html.Span(finding.where)
    if finding.href:
        where = dcc.Link(finding.where, href=finding.href)
    return html.Div(
        [
            html.Span(MARKS[finding.severity], className="mark", **aria(hidden="true")),
            html.Span(word or finding.word or WORDS[finding.severity], className="word"),
            html.Span(where, className="where"),
            html.Span(finding.what, className="what"),
        ],
        className=f"finding {finding.severity.name.lower()}",
    )
