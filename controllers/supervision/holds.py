"""Parts of the site that a person holds as they are."""

from dataclasses import dataclass

import numpy as np

from controllers.supervision.journal import Entry, Journal
from controllers.supervision.scopes import Part, Scopes, joined
from site_models.errors import InputError

PART = "hold"
"""What the journal calls it."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Who holds a part, why, and until when."""

    who: str
    reason: str = ""
    until_s: float = np.inf


class Holds:
    """Holds by scope. Whoever calls has the supervisor's lock.

    What is in force in a held part stays, and is renewed with every order; when nothing is
    armed any more, or the loop stops, the defaults are restored there as everywhere.
    """

    def __init__(self, scopes: Scopes, journal: Journal) -> None:
        self.all: dict[str, Hold] = {}
        self._scopes, self._journal = scopes, journal

    def put(self, scope: str, hold: Hold, time_s: float) -> None:
        """Hold a part; InputError for an unknown one or a time that is over."""
        self._scopes.racks(scope)
        if not hold.until_s > time_s:
            raise InputError("expires: expected a time to come")
        self.all[scope] = hold
        self._journal.write(Entry(time_s, PART, "", f"{scope} held", hold.reason, hold.who))

    def end(self, scope: str, time_s: float, who: str, reason: str) -> bool:
        """Let go of a part; False when nobody held it."""
        if self.all.pop(scope, None) is None:
            return False
        self._journal.write(Entry(time_s, PART, "", f"{scope} released", reason, who))
        return True

    def end_over(self, time_s: float) -> None:
        """Let go of what is held for long enough."""
        for scope in [scope for scope, hold in self.all.items() if hold.until_s <= time_s]:
            self.end(scope, time_s, "loop", "its time is over")

    def part(self) -> Part:
        """Return all that is held."""
        part = self._scopes.nothing()
        for scope in self.all:
            part = joined(part, self._scopes.part(scope))
        return part
