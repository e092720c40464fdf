"""What-ifs from now, asked over HTTP: a short queue, one worker beside the loop, kept results."""

import secrets
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controllers.accounts.account_figures import figures_of
from controllers.accounts.books import Books
from controllers.accounts.charges import Charges
from controllers.loop import Loop
from controllers.scenario import load_scenario, ready_scenarios, scenario_of
from controllers.simulated.onset import Onset
from controllers.simulated.tally import Tally
from controllers.simulated.what_if import WhatIf, staged_from
from controllers.snapshot import Snapshot
from controllers.worlds import looped
from site_models.errors import InputError
from site_models.plant import Plant

WAITING = 8
"""What-ifs that may wait at once."""
KEPT = 64
KEPT_S = 3600.0
"""How many results are kept at most, and for how long after their end."""
LONGEST_S = 6.0 * 3600.0
"""Simulated time that one may ask for."""
STEP_S = 1.0
LEAST_NAP_S = 5e-4
"""The worker naps after each step for as long as it took, and at least this."""
REQUEST = Path("request")
"""What complaints name in place of a file."""


class FullError(RuntimeError):
    """As many what-ifs as may wait are waiting."""


@dataclass(frozen=True, slots=True, eq=False)
class Play:
    """What a what-if needs while it is played."""

    plant: Plant
    what_if: WhatIf
    loop: Loop


@dataclass(slots=True)
class Asked:
    """A what-if and how far it has come."""

    id: str
    about: dict[str, Any]
    """Label, onset and duration."""
    play: Play | None
    """None once it has ended: a result is kept for long, a plant need not be."""
    status: str = "queued"
    """`queued`, `running`, `done`, or `failed` with `why`."""
    result: dict[str, Any] = field(default_factory=dict)
    why: str | None = None
    simulated_s: float = 0.0
    ended_s: float = float("inf")
    """Host clock at its end."""

    def told(self) -> dict[str, Any]:
        """Return it as plain numbers."""
        return {
            "id": self.id,
            "status": self.status,
            "why": self.why,
            **self.about,
            "simulated_s": self.simulated_s,
            **self.result,
        }


class WhatIfs:
    """Takes what-ifs, plays them one after another in a thread of its own, keeps what came.

    The thread rests as long as it works, so that the loop and the requests of others come
    first. It ends with the process.
    """

    def __init__(self, charges: Charges, waiting: int = WAITING, kept_s: float = KEPT_S) -> None:
        self._charges = charges
        self._waiting, self._kept_s = waiting, kept_s
        self._queue: deque[Asked] = deque()
        self._asked: dict[str, Asked] = {}
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def ask(self, asked: Asked) -> None:
        """Queue a what-if; FullError when as many as may are waiting."""
        with self._wake:
            self._forget()
            if len(self._queue) >= self._waiting:
                raise FullError(f"{len(self._queue)} what-ifs are waiting, expected fewer")
            self._queue.append(asked)
            self._asked[asked.id] = asked
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="what-if", daemon=True)
                self._thread.start()
            self._wake.notify()

    def get(self, name: str) -> Asked | None:
        """Return a what-if by its id; None for one that never was or is forgotten."""
        with self._wake:
            self._forget()
            return self._asked.get(name)

    def _forget(self) -> None:
        """Drop results that are old, and the oldest of too many."""
        now_s = time.monotonic()
        ended = [one for one in self._asked.values() if one.ended_s < float("inf")]
        ended.sort(key=lambda one: one.ended_s)
        old = [one for one in ended if now_s - one.ended_s > self._kept_s]
        for one in {id(one): one for one in (*old, *ended[: max(len(ended) - KEPT, 0)])}.values():
            del self._asked[one.id]

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._queue:
                    self._wake.wait()
                asked = self._queue.popleft()
                asked.status = "running"
            try:
                asked.result = _played(asked, self._charges)
                asked.status = "done"
            except Exception as error:  # whoever asked must learn why there is no answer
                asked.why = " ".join(f"{type(error).__name__}: {error}".split())
                asked.status = "failed"
            asked.play, asked.ended_s = None, time.monotonic()


def asked_of(
    request: dict[str, Any], ready: str | None, policies: Sequence[str], snapshot: Snapshot
) -> Asked:
    """Return a what-if that begins with a snapshot; InputError naming what does not fit.

    `request` has the keys of a scenario file without site and start. With the name of a
    ready scenario its events and duration are taken, and its jobs and weather left: the site
    goes on as it is loaded now.
    """
    plant = snapshot.plant
    state = snapshot.state
    given = {key: value for key, value in request.items() if value is not None}
    if ready is not None:
        given = {**_ready(ready, plant), **given}
    if "duration_s" not in given:
        raise InputError(f"{REQUEST}: duration_s: missing, expected seconds")
    start = datetime.fromtimestamp(state.time_s, UTC)
    scenario = scenario_of({"site": plant.site, "start": start, **given}, REQUEST)
    if scenario.duration_s > LONGEST_S:
        raise InputError(
            f"{REQUEST}: duration_s: {scenario.duration_s:g}, expected at most {LONGEST_S:g}"
        )
    onset = Onset(state, snapshot.inputs, f"now, {snapshot.mode}")
    what_if = staged_from(scenario, REQUEST, plant, onset.air, STEP_S, onset)
    about = {
        "label": what_if.label,
        "onset": onset.as_json(),
        "duration_s": scenario.duration_s,
    }
    play = Play(plant, what_if, looped(what_if, plant, policies))
    return Asked(secrets.token_hex(8), about, play)


def _ready(name: str, plant: Plant) -> dict[str, Any]:
    """Return events and duration of a ready scenario of this very site."""
    known = ready_scenarios()
    if name not in known:
        raise InputError(f"{REQUEST}: scenario: {name!r}, expected one of: {', '.join(known)}")
    scenario = load_scenario(known[name])
    if scenario.site != plant.site:
        here = f"expected one of {plant.site!r}"
        raise InputError(f"{REQUEST}: scenario: {name!r} is of {scenario.site!r}, {here}")
    events = [event.model_dump(exclude_none=True) for event in scenario.events]
    return {"duration_s": scenario.duration_s, "events": events}


def _played(asked: Asked, charges: Charges) -> dict[str, Any]:
    """Return what a what-if came to."""
    play = asked.play
    assert play is not None
    rig = play.what_if.rig
    tally, books = Tally(play.what_if, play.plant), Books(charges)
    began_s = time.perf_counter()
    for shot in play.loop:
        tally.look(shot.dt_s)
        books.look(rig.plant, rig.state, shot.dt_s)
        asked.simulated_s += shot.dt_s
        time.sleep(max(LEAST_NAP_S, time.perf_counter() - began_s))
        began_s = time.perf_counter()
    return {
        "events": tally.events(),
        "kpi": tally.kpi(),
        "account": figures_of(books.entries()[0]),
        "digest": play.loop.progress.digest,
    }
