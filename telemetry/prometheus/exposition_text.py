"""Prometheus' text format, read fast: one pattern a line, label blocks kept as they are."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from site_models.errors import InputError

_SAMPLE = re.compile(
    r"^([A-Za-z_:][A-Za-z0-9_:]*)(\{[^\n]*\})?[ \t]+([^\s]+)(?:[ \t]+(-?\d+))?[ \t]*$",
    re.MULTILINE,
)
_LABEL = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_HELP = re.compile(r"^# HELP ([A-Za-z_:][A-Za-z0-9_:]*) (.*)$", re.MULTILINE)
_ESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


class Sample(NamedTuple):
    """One line: metric name, label block with its braces (or empty), reading, epoch ms."""

    name: str
    block: str
    reading: str
    time_ms: str


def samples_of(text: str, where: str) -> list[Sample]:
    """Return the samples of an exposition in its order.

    Raises InputError, naming `where` and the line, for text in which a line is neither a
    sample nor a comment: an answer cut short or an error page is not telemetry.
    Checked against prometheus-client's own writer in
    ``tests/telemetry/prometheus/test_exposition_text.py``.
    """
    samples = [Sample(*found) for found in _SAMPLE.findall(text)]
    lines = text.splitlines()
    said = sum(1 for line in lines if line.strip() and not line.lstrip().startswith("#"))
    if said != len(samples):
        wrong = next(
            n
            for n, line in enumerate(lines, 1)
            if line.strip() and not line.lstrip().startswith("#") and not _SAMPLE.match(line)
        )
        raise InputError(f"{where}: line {wrong}: expected 'name{{labels}} value'")
    return samples


def labels_of(block: str, where: str) -> dict[str, str]:
    """Return the labels of a block `{a="b",...}`; InputError if it is not one."""
    inner = block.strip()[1:-1] if block else ""
    labels: dict[str, str] = {}
    at = 0
    while at < len(inner):
        found = _LABEL.match(inner, at)
        if found is None:
            raise InputError(f'{where}: labels {block[:80]}: expected name="value" pairs')
        text = re.sub(r'\\[\\"n]', lambda escaped: _ESCAPED[escaped.group()], found.group(2))
        labels[found.group(1)] = text
        at = found.end()
    return labels


def helps_of(text: str) -> Mapping[str, str]:
    """Return the help text of each metric that has one."""
    return dict(_HELP.findall(text))
