"""A controller beside slurmctld: `python -m integrations.slurm.controller --url URL`.

Every few seconds it publishes how nodes stand, steers what waits and tells the twin what runs.
When the twin is away it releases what it holds and goes on asking; see docs/guide/slurm.md.
"""

import argparse
import logging
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from integrations.slurm.commands import Slurm, SlurmError
from integrations.slurm.features import publish
from integrations.slurm.feeding import feed
from integrations.slurm.pending import Pending
from integrations.slurm.twin import Twin, TwinError

log = logging.getLogger("twin-slurm")


@dataclass(frozen=True, slots=True)
class Duties:
    """What the controller does."""

    features: bool = True
    weights: bool = False
    drain: bool = False
    steer: bool = True
    feed: bool = True
    patience_s: float = 30.0
    """The twin may be away this long before held jobs are released."""


class Controller:
    """Runs rounds; keeps nothing that Slurm and the twin do not know, but reservations."""

    def __init__(self, twin: Twin, slurm: Slurm, duties: Duties) -> None:
        self._twin, self._slurm, self._duties = twin, slurm, duties
        self._pending = Pending(twin, slurm)
        self._seen_s = time.monotonic()
        self._away = ""

    def round(self) -> None:
        """Do every duty once. What fails is said once, until it is well again."""
        try:
            self._do()
        except (TwinError, SlurmError) as error:
            if not self._away:
                log.warning("%s; jobs run without advice", error)
            self._away = str(error)
            if time.monotonic() - self._seen_s >= self._duties.patience_s:
                self.let_go()
            return
        if self._away:
            log.info("answered again")
        self._away, self._seen_s = "", time.monotonic()

    def let_go(self) -> None:
        """Release every job that we hold, as well as that is possible now."""
        try:
            self._pending.let_go(self._slurm.jobs())
        except SlurmError as error:
            log.warning("%s", error)

    def _do(self) -> None:
        duties, site = self._duties, self._twin.site()
        if duties.features:
            publish(self._slurm, site, weights=duties.weights, drain=duties.drain)
        jobs = self._slurm.jobs()
        if duties.feed:
            feed(self._twin, self._slurm, site, jobs, self._pending.tokens)
        if duties.steer:
            self._pending.steer(site, jobs)


def main(words: Sequence[str] | None = None, env: Mapping[str, str] | None = None) -> int:
    """Run until interrupted; returns the exit code."""
    asked = _arguments().parse_args(words)
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    duties = Duties(
        not asked.no_features, asked.weights, asked.drain, not asked.no_steer, not asked.no_feed,
        asked.patience,
    )  # fmt: skip
    controller = Controller(Twin(asked.url, asked.token_file), Slurm(env), duties)
    if asked.once:
        controller.round()
        return 0
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    while not ending.is_set():
        controller.round()
        ending.wait(asked.every)
    controller.let_go()
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m integrations.slurm.controller")
    add = parser.add_argument
    add("--url", default="http://127.0.0.1:8050", help="of the twin")
    add("--token-file", type=Path, help="a file with a token of role scheduler")
    add("--every", type=float, default=5.0, help="seconds between rounds")
    add("--once", action="store_true", help="one round, then end")
    add("--weights", action="store_true", help="set the weight of nodes by their heat")
    add("--drain", action="store_true", help="drain nodes that the twin calls so, resume them")
    add("--no-features", action="store_true", help="publish no cool, hot, drain")
    add("--no-steer", action="store_true", help="leave waiting jobs alone")
    add("--no-feed", action="store_true", help="do not tell the twin what runs")
    add("--patience", type=float, default=30.0, help="seconds without the twin before held jobs go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
