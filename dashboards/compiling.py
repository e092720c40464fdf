"""Says on a terminal that kernels are compiled: the first start after a change takes minutes."""

import sys
import time
from collections.abc import Callable
from typing import Any, TextIO, cast

from numba.core.event import Event, Listener, register

UNNOTICED_S = 1.0
SAID = "twin: compiling what has changed, up to some minutes, this once\n"


class Compiling(Listener):
    """Hears of every compilation and says so once, when they begin to take time.

    Checked in ``tests/test_cli.py``.
    """

    def __init__(self, screen: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen, self._clock = screen, clock
        self._since_s, self._said = 0.0, False

    def on_start(self, _: Event) -> None:
        """Remember when the first began."""
        self._since_s = self._since_s or self._clock()

    def on_end(self, _: Event) -> None:
        """Say it if that was some time ago."""
        if not self._said and self._clock() - self._since_s > UNNOTICED_S:
            self._said = True
            self._screen.write(SAID)
            self._screen.flush()


def told_of_compiling() -> None:
    """Let a person at a terminal know; logs and programs are not told."""
    if sys.stderr.isatty():
        cast(Any, register)("numba:compile", Compiling(sys.stderr))
