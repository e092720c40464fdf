"""The process that holds a host's GPUs to what the loop asks, and outlives the loop.

`python -m controllers.actuators.watchdog LEDGER OWED LONGEST_S [--dry]` reads one JSON object a
line from its standard input and answers each with one line. It restores the defaults when the
loop asks, when its orders are not renewed in time, when the pipe ends - so when the loop ends,
crashes or is killed - and when it is told to end. It runs in a session of its own, so that
what is sent to the loop's terminal does not reach it. Killed itself, it leaves word which GPUs
are to be restored, and the next one begins with that.
"""

import contextlib
import fcntl
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from controllers.actuators.guard import RETRY_S, Guard, Owed, Setting
from controllers.actuators.ledger import Ledger
from controllers.actuators.nvml_door import Door, DryDoor, NvmlDoor

LOOK_S = 0.05
"""How often the order's time is looked at."""
LAST_TRIES_S = 600.0
"""So long a watchdog whose loop is gone goes on to restore what does not answer."""


class _ToldToEndError(Exception):
    """A signal asked this process to end."""


def main(words: list[str]) -> int:
    """Guard until the pipe ends; return 0 when everything is as it was."""
    dry = "--dry" in words
    ledger, owed, longest_s = [word for word in words if word != "--dry"]
    with Path(f"{owed}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return _ended("another loop holds this host's GPUs")
        try:
            door: Door = NvmlDoor()
            door = DryDoor(door) if dry else door
            left = Owed(None if dry else Path(owed))
            guard = Guard(door, Ledger(Path(ledger)), left, float(longest_s))
        except OSError as error:
            return _ended(str(error))
        signal.signal(signal.SIGTERM, _told_to_end)
        with contextlib.suppress(_ToldToEndError, OSError):
            failed = guard.restore()
            _say({"devices": [one._asdict() for one in guard.devices.values()], "failed": failed})
            _serve(guard)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return _restored(guard)


class Served:
    """What comes through the pipe, byte by byte: only whole lines are acted on."""

    def __init__(self, guard: Guard) -> None:
        self._guard, self._rest = guard, b""

    def take(self, found: bytes) -> list[dict[str, Any]]:
        """Return the answers to the lines that are whole by now."""
        *lines, self._rest = (self._rest + found).split(b"\n")
        return [_answer(self._guard, json.loads(line)) for line in lines]


def _serve(guard: Guard) -> None:
    """Answer line by line until there are no more."""
    source, served = sys.stdin.fileno(), Served(guard)
    while True:
        readable, _, _ = select.select([source], [], [], LOOK_S)
        if readable:
            found = os.read(source, 1 << 20)
            if not found:
                return
            for answer in served.take(found):
                _say(answer)
        guard.look()


def _answer(guard: Guard, asked: dict[str, Any]) -> dict[str, Any]:
    if asked["do"] == "expire":
        return {"id": asked["id"], "held": {}, "refused": guard.restore()}
    if asked["do"] == "look":
        return {"id": asked["id"], "held": guard.held()}
    wanted = {uuid: Setting(*setting) for uuid, setting in asked["settings"].items()}
    return {"id": asked["id"], **guard.apply(wanted, asked["until_s"])._asdict()}


def _restored(guard: Guard) -> int:
    """Restore what is owed until it is, or nobody can expect it any more."""
    end_s = time.monotonic() + LAST_TRIES_S
    while guard.restore():
        if time.monotonic() >= end_s:
            return 1
        time.sleep(RETRY_S)
    return 0


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _ended(why: str) -> int:
    _say({"error": why})
    return 1


def _told_to_end(number: int, frame: FrameType | None) -> None:
    raise _ToldToEndError


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout = None  # the pipe may be gone: nothing to flush into
    os._exit(code)
