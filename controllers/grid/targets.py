"""What the grid, or a person, asks the site to draw, and when."""

import threading
from collections.abc import Iterable

from controllers.policy import LoadTarget
from site_models.errors import InputError


class Targets:
    """Load targets by time, safe to use from several threads.

    One at a time is in force: of those that overlap the one that asks for less. Over ones are
    forgotten when they are looked for. Checked in ``tests/controllers/grid/test_targets.py``.
    """

    def __init__(self, targets: Iterable[LoadTarget] = ()) -> None:
        self._lock = threading.Lock()
        self._all: dict[str, LoadTarget] = {}
        for number, target in enumerate(targets):
            self.set(str(number), target)

    def set(self, key: str, target: LoadTarget) -> None:
        """Note a target under a key, in place of the one before; InputError for what cannot be."""
        if not target.power_w >= 0.0:
            raise InputError(f"power_w: {target.power_w:g}, expected a power, 0 or above")
        if not target.end_s > target.start_s:
            raise InputError("end_s: expected a time after start_s")
        with self._lock:
            self._all[key] = target

    def drop(self, key: str) -> bool:
        """Take a target back; False when there was none."""
        with self._lock:
            return self._all.pop(key, None) is not None

    def list(self, time_s: float) -> tuple[LoadTarget, ...]:
        """Return the targets that are not over, by their start, then the lower ones first."""
        with self._lock:
            for key in [key for key, one in self._all.items() if one.end_s <= time_s]:
                del self._all[key]
            left = tuple(self._all.values())
        return tuple(sorted(left, key=lambda one: (one.start_s, one.power_w)))

    def at(self, time_s: float) -> LoadTarget | None:
        """Return the target in force at a time; else the next to come; None: none is."""
        left = self.list(time_s)
        now = [one for one in left if one.start_s <= time_s]
        if now:
            return min(now, key=lambda one: one.power_w)
        return left[0] if left else None
