"""Prometheus text: the twin's own health and aggregates, never one series a GPU."""

import math
from collections.abc import Iterable

from dashboards.feed import Feed
from dashboards.findings import Severity
from dashboards.summary import RACK_SIGNALS, SITE_SIGNALS, Summary

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "twin_"


def exposition(feed: Feed) -> str:
    """Return the metrics page. A missing value is left out, as Prometheus expects."""
    lines: list[str] = []
    _metric(lines, "ready", "1 once a first snapshot exists", [("", float(feed.ready))])
    _metric(lines, "stale", "1 while the newest data is too old", [("", float(feed.stale))])
    _metric(lines, "loop_failed", "1 after the loop died", [("", float(bool(feed.failure)))])
    summary = feed.summary
    if summary is not None:
        _metric(lines, "data_age_seconds", "Age of the newest data", [("", feed.age_s())])
        _metric(lines, "time_seconds", "The twin's clock", [("", summary.state.time_s)])
        _metric(lines, "tick_compute_seconds", "Computing time of the newest tick",
                [("", summary.snapshot.wall_s)])  # fmt: skip
        _counter(lines, "ticks_total", "Frames taken", float(summary.snapshot.tick))
        _site(lines, feed, summary)
        _racks(lines, feed, summary)
    return "\n".join(lines) + "\n"


def _site(lines: list[str], feed: Feed, summary: Summary) -> None:
    site = _label("site", feed.plant.site)
    for signal in SITE_SIGNALS:
        _metric(lines, signal, "Of the whole site", [(site, summary.site[signal])])
    counts = [
        (_label("severity", level.name.lower()),
         float(sum(finding.severity is level for finding in feed.findings)))
        for level in Severity
    ]  # fmt: skip
    _metric(lines, "findings", "What is wrong, by severity", counts)


def _racks(lines: list[str], feed: Feed, summary: Summary) -> None:
    labels = [_label("rack", name) for name in feed.plant.rack_names]
    for signal in RACK_SIGNALS:
        values = zip(labels, summary.rack[signal].tolist(), strict=True)
        _metric(lines, signal, "Of one rack", values)


def _metric(
    lines: list[str],
    name: str,
    about: str,
    samples: Iterable[tuple[str, float]],
    kind: str = "gauge",
) -> None:
    lines += [f"# HELP {PREFIX}{name} {about}", f"# TYPE {PREFIX}{name} {kind}"]
    good = ((label, value) for label, value in samples if math.isfinite(value))
    lines += [f"{PREFIX}{name}{label} {value!r}" for label, value in good]


def _counter(lines: list[str], name: str, about: str, value: float) -> None:
    _metric(lines, name, about, [("", value)], "counter")


def _label(key: str, value: str) -> str:
    escaped = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'{{{key}="{escaped}"}}'
