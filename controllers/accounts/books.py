"""Running accounts of a run: of all of it, and of the present hour and day at the site."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from controllers.accounts.charges import Charges
from controllers.snapshot import LONGEST_STEP_S
from site_models.plant import Plant
from twin.accounts.account import Account, account_of_step
from twin.state import State

Span = Literal["hour", "day", "run"]
"""The present hour and day of the site's clock, and the time since the run began."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The account of one interval so far; None before its first step."""

    span: Span
    account: Account | None
    charges: Charges
    """Those of its last step: they say what is unknown."""


class Books:
    """Adds up accounts step by step; `look` once a tick, for any number of readers.

    A step belongs to the hour and day that it begins in. Steps longer than the loop takes
    count for what was stepped of them. Checked: the sum over a run is `account_of` the same
    steps, ``tests/controllers/accounts/test_books.py``.
    """

    def __init__(self, charges: Charges, zone: str = "UTC", spans: tuple[Span, ...] = ("run",)):
        self._charges, self._zone = charges, ZoneInfo(zone)
        self._ends_s = dict.fromkeys(spans, float("inf"))
        self._entries: dict[Span, Entry] = {span: Entry(span, None, charges) for span in spans}

    def look(self, plant: Plant, state: State, dt_s: float) -> None:
        """Take the step of `dt_s` seconds that led to a state into account."""
        if not dt_s > 0.0:
            return
        self._charges = self._charges.at(state.time_s)
        one = account_of_step(plant, state, min(dt_s, LONGEST_STEP_S), self._charges.terms)
        for span, entry in self._entries.items():
            former = entry.account
            if former is None or one.start_s >= self._ends_s[span] - 1e-6:
                self._ends_s[span] = self._end_s(span, one.start_s)
                former = None
            total = one if former is None else former + one
            self._entries[span] = Entry(span, total, self._charges)

    def entries(self) -> tuple[Entry, ...]:
        """Return the accounts so far, in the order of the spans asked for."""
        return tuple(self._entries.values())

    def _end_s(self, span: Span, start_s: float) -> float:
        """Return when the interval that holds a time ends."""
        local = datetime.fromtimestamp(start_s, self._zone)
        if span == "hour":
            past = timedelta(minutes=local.minute, seconds=local.second)
            return start_s - past.total_seconds() - local.microsecond * 1e-6 + 3600.0
        if span == "day":
            following = (local + timedelta(days=1)).date()
            return datetime.combine(following, datetime.min.time(), self._zone).timestamp()
        return float("inf")
