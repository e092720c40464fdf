"""A thread of its own for what may hang: whoever calls waits so long and no longer."""

import queue
import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class LateError(TimeoutError):
    """There was no answer in time; the call may still be under way."""


Call = tuple[Callable[[], Any], "queue.SimpleQueue[tuple[bool, Any]]"]
"""What is called, and where its answer goes."""


class Lane:
    """Calls one thing after the other in one thread that is started with the first.

    A call that is late is not ended, no thread can be: until it returns further calls are late
    at once. The thread ends with the lane, and does not keep the process alive. Checked in
    ``tests/controllers/actuators/test_lane.py``.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()
        self._begun = False
        weakref.finalize(self, self._calls.put, None)

    @property
    def busy(self) -> bool:
        """Whether a call is under way that was given up."""
        return not self._idle.is_set()

    def call(self, what: Callable[[], Answer], wait_s: float) -> Answer:
        """Return what the call returns, or raise what it raises; LateError after `wait_s`."""
        if self.busy:
            raise LateError("a call before is still under way")
        if not self._begun:
            self._begun = True
            mine = (self._calls, self._idle)
            threading.Thread(target=_work, args=mine, name=self._name, daemon=True).start()
        answers: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()
        self._idle.clear()
        self._calls.put((what, answers))
        try:
            went_well, answer = answers.get(timeout=wait_s)
        except queue.Empty:
            raise LateError(f"no answer within {wait_s:g} s") from None
        if not went_well:
            raise answer
        found: Answer = answer
        return found


def _work(calls: "queue.SimpleQueue[Call | None]", idle: threading.Event) -> None:
    """Answer calls until there are no more. It knows no lane, so that one can be forgotten."""
    while (asked := calls.get()) is not None:
        what, answers = asked
        try:
            answer = (True, what())
        except Exception as error:  # it is raised again where it was called for
            answer = (False, error)
        except BaseException as error:  # what would end a process ends no caller
            answer = (False, RuntimeError(f"{type(error).__name__}: {error}"))
        idle.set()
        answers.put(answer)
        del asked, what, answers, answer
