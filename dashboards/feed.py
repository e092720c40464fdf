"""The one reader of the loop: keeps the newest snapshot, its summary and the recent past."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from controllers.accounts.books import Books, Entry
from controllers.accounts.charges import Charges
from controllers.grid.grid_desk import GridDesk
from controllers.jobs.job_account import JobAccount
from controllers.jobs.job_books import JobBooks
from controllers.placement.models import Answer, Request
from controllers.snapshot import Snapshot
from dashboards.fabric_now import FabricNow, FabricWatch
from dashboards.findings import Finding, findings
from dashboards.history import History
from dashboards.index import Index
from dashboards.lookahead import Lookahead
from dashboards.recent import Recent
from dashboards.summary import Summary, summarise
from dashboards.world import World

T = TypeVar("T")


class Feed:
    """Runs a world's loop in its own thread; every page, route and metric reads from here.

    A reader sees whole ticks only: a summary with its snapshot is swapped as one. The thread
    is a daemon, so a source that blocks cannot keep the process alive.
    """

    def __init__(self, world: World, stale_s: float = 10.0, charges: Charges | None = None) -> None:
        self.world, self.plant, self.stale_s = world, world.plant, stale_s
        self.index = Index(world.plant)
        self.history = History(world.plant)
        self.charges = charges or Charges()
        self._fabric = FabricWatch(world.plant, world.allocations)
        self.lookahead = Lookahead()
        self._books = Books(self.charges, world.zone, ("hour", "day", "run"))
        self._accounts: tuple[Entry, ...] = self._books.entries()
        self._job_books = JobBooks(world.allocations, self.charges)
        self.lock = threading.Lock()
        """Held while the history is written or read."""
        self.reserving = threading.Lock()
        """Held from ranking until the best place is reserved."""
        self.answers: Recent[Answer] = Recent()
        """Advice given on the newest tick."""
        self.asked: Request | None = None
        """What advice was worked out for last."""
        self.ended = False
        self.failure = ""
        """Why the loop died; empty while it lives."""
        self._summary: Summary | None = None
        self._shared: dict[Hashable, object] = {}
        self._shared_lock = threading.Lock()
        self._finding = threading.Lock()
        self.grid = GridDesk(world.around.targets)
        """What the grid asks of the site, and the report of the answer."""
        self.listeners: list[Callable[[Snapshot], object]] = [self.grid.look]
        """Told of every snapshot in the loop's thread; they neither wait nor raise."""
        self.preparing: list[Callable[[Summary], object]] = []
        """The same of every tick before anybody else sees it."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loop", daemon=True)

    def start(self) -> None:
        """Start the loop."""
        self._thread.start()

    def stop(self, wait_s: float = 2.0) -> None:
        """End the loop after its present tick; wait at most `wait_s` [s] for it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(wait_s)

    @property
    def stopping(self) -> bool:
        """Say whether `stop` was called."""
        return self._stop.is_set()

    @property
    def ready(self) -> bool:
        """Say whether a first snapshot exists."""
        return self._summary is not None

    @property
    def summary(self) -> Summary | None:
        """Return the newest tick's summary; None before the first."""
        return self._summary

    @property
    def accounts(self) -> tuple[Entry, ...]:
        """Return the accounts of the present hour and day and since the start, at that tick."""
        return self._accounts

    @property
    def job_records(self) -> tuple[JobAccount, ...]:
        """Return the records of jobs: those that the world plays, then those told of."""
        return (*self.world.job_records, *self._job_books.records)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what is wrong at the newest tick; one looks for it, the others wait."""
        with self._finding:
            return self.shared("findings", lambda now: findings(self.index, now)) or ()

    def fabric_now(self, summary: Summary) -> FabricNow:
        """Return the fabric at the newest tick, `summary`'s or one after it."""

        def look(now: Summary) -> FabricNow:
            return self._fabric.look(now.snapshot, self.world.played)

        return self.shared("fabric", look) or look(summary)

    def age_s(self) -> float:
        """Return how old what is shown is [s]; infinite before the first snapshot.

        Live readings age from when they were taken, replayed and simulated ones from when
        the loop produced them, because their own clock is not the host's.
        """
        summary = self.summary
        if summary is None:
            return float("inf")
        made_s = summary.made_s
        if summary.snapshot.mode == "LIVE":
            made_s = min(made_s, summary.snapshot.frame.time_s)
        return max(0.0, time.time() - made_s)

    def now_s(self) -> float:
        """Return the time at the site [s since the epoch]; NaN before the first snapshot.

        A replay's clock is the recording's: the newest state's time and the age of it.
        """
        summary = self.summary
        return summary.state.time_s + self.age_s() if summary else float("nan")

    @property
    def stale(self) -> bool:
        """Say whether what is shown is too old to be trusted."""
        return self.age_s() > self.stale_s

    def shared(self, key: Hashable, build: Callable[[Summary], T]) -> T | None:
        """Return `build(summary)`, computed once a tick for each key; None before the first.

        Pages go through here, so ten open browsers cost as much as one. Two sessions may
        race to build the same thing; the first to finish wins and both get its value.
        """
        summary = self.summary
        if summary is None:
            return None
        full_key = (id(summary), key)
        if full_key in self._shared:
            return cast(T, self._shared[full_key])
        value = build(summary)
        with self._shared_lock:
            if summary is not self.summary:
                return value
            return cast(T, self._shared.setdefault(full_key, value))

    def _run(self) -> None:
        try:
            for snapshot in self.world.snapshots():
                if self._stop.is_set():
                    return
                self._books.look(snapshot.plant, snapshot.state, snapshot.dt_s)
                self._job_books.look(snapshot.plant, snapshot.state, snapshot.dt_s)
                summary = summarise(self.index, snapshot, time.time())
                for prepare in self.preparing:
                    prepare(summary)
                self._publish(summary)
                for listener in self.listeners:
                    listener(snapshot)
        except Exception as error:  # the page must say why the numbers stand still
            self.failure = f"{type(error).__name__}: {error}".splitlines()[0]
            raise
        finally:
            self.ended = True

    def _publish(self, summary: Summary) -> None:
        with self.lock:
            self.history.append(summary)
        with self._shared_lock:
            self._summary, self._accounts = summary, self._books.entries()
            self._shared.clear()
