"""Answers to what was asked before on the same tick with the same holders."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_KEPT = 256


class Recent(Generic[T]):
    """The latest answers of one moment; those of another are forgotten. Safe from any thread.

    A moment is told apart by identity, and kept alive until the next. Checked in
    ``tests/dashboards/test_advice.py``.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moment: object = None
        self._kept: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, moment: object, key: Hashable) -> T | None:
        """Return what was kept of a moment; None where nothing was."""
        with self._lock:
            return self._kept.get(key) if moment is self._moment else None

    def put(self, moment: object, key: Hashable, answer: T) -> None:
        """Keep an answer, in place of the oldest where there are many."""
        with self._lock:
            if moment is not self._moment:
                self._moment = moment
                self._kept.clear()
            self._kept[key] = answer
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
