"""A what-if played to its end: events, key figures, account and jobs."""

from pathlib import Path
from typing import Any

from controllers.accounts.account_figures import figures_of
from controllers.accounts.books import Books
from controllers.accounts.charges import Charges
from controllers.headless import run_headless
from controllers.simulated.onset import Onset
from controllers.simulated.tally import Tally
from controllers.snapshot import Snapshot
from controllers.worlds import World


def played(
    world: World,
    out: Path,
    source: str,
    charges: Charges | None = None,
    onset: Onset | None = None,
) -> dict[str, Any]:
    """Run a what-if into a new folder; return what it came to, of the simulated plant's truth.

    The content of `twin whatif --json`. `source` is what the recording says it was, `onset`
    where it began if not at rest. ValueError for a world that simulates nothing.
    """
    what_if = world.what_if
    if what_if is None:
        raise ValueError("expected the world of a scenario")
    charges = charges or Charges()
    tally, books = Tally(what_if, world.plant), Books(charges)
    what_if.work.charges = what_if.around.charges = charges

    def look(shot: Snapshot) -> None:
        tally.look(shot.dt_s)
        books.look(what_if.rig.plant, what_if.rig.state, shot.dt_s)

    report = run_headless(world, out, source, tell=look, charges=charges)
    return {
        "events": tally.events(),
        "kpi": tally.kpi(),
        "account": figures_of(books.entries()[0]),
        "jobs": [record.figures() for record in what_if.work.records],
        "onset": None if onset is None else onset.as_json(),
        "digest": report.digest,
        "stopped": report.stopped,
    }
