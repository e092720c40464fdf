"""A finding: how much it matters, where it is and what is wrong there."""

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How much a finding matters; also how far a value is from its limit."""

    NOTE = 0
    NEAR = 1
    OVER = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the list: where, what, and the page that shows it (empty for none)."""

    severity: Severity
    where: str
    what: str
    href: str = ""
    word: str = ""
    """What its severity is called here; empty: over or near its limit."""


DOWN = "Down"
"""Word of what does not run at all."""


def level_of(margin: float, near: float) -> Severity:
    """Return how close a value is, by its margin below the limit; NaN is no finding."""
    if margin < 0.0:
        return Severity.OVER
    return Severity.NEAR if margin <= near else Severity.NOTE


def rack_href(name: str) -> str:
    """Return the address of a rack's page."""
    return f"/rack?id={name}"
