"""A thread of its own for what may hang: whoever calls waits so long and no longer."""

import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class LateError(TimeoutError):
    """There was no answer in time; the call may still be under way."""


class Lane:
    """Calls one thing after the other in one thread that is started with the first.

    A call that is late is not ended, no thread can be: until it returns further calls are late
    at once. The thread does not keep the process alive. Checked in
    ``tests/controllers/test_lane.py``.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue[Any]]]
        self._calls = queue.SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None

    def call(self, what: Callable[[], Answer], wait_s: float) -> Answer:
        """Return what the call returns, or raise what it raises; LateError after `wait_s`."""
        if not self._idle.is_set():
            raise LateError("a call before is still under way")
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
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

    def _work(self) -> None:
        while True:
            what, answers = self._calls.get()
            try:
                answer = (True, what())
            except Exception as error:  # it is raised again where it was called for
                answer = (False, error)
            except BaseException as error:  # what would end a process ends no caller
                answer = (False, RuntimeError(f"{type(error).__name__}: {error}"))
            self._idle.set()
            answers.put(answer)
