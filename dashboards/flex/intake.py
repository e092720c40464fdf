"""The door for load targets of the grid: who says it, is it fresh, is it new, what is asked."""

import math
from collections import Counter, OrderedDict
from typing import NamedTuple

from controllers.grid.grid_desk import GridDesk
from controllers.policy import LoadTarget
from dashboards.flex.jws import verified
from dashboards.flex.keys import Keys
from dashboards.flex.messages import (
    SET_TOPIC,
    Envelope,
    OneTarget,
    envelope_of,
    load_targets_of,
)
from site_models.errors import InputError

FRESH_S, AHEAD_S = 300.0, 60.0
"""A message older than this is too late, one further ahead has a wrong clock."""
MOST_IDS = 100_000


class Taken(NamedTuple):
    """What became of a message that was accepted."""

    correlation: str
    traceparent: str
    keys: tuple[str, ...]
    """Of the targets that it set; empty where it took some back."""


class Intake:
    """Checks messages and hands their targets to the desk; what it refuses is counted by reason.

    A publisher's key speaks for that publisher on its own topic alone. A later target takes
    the place of those of the same publisher that it overlaps; a null constraint takes them
    back. Checked in ``tests/dashboards/flex/test_flex_intake.py``.
    """

    def __init__(self, keys: Keys, desk: GridDesk) -> None:
        self.rejected: Counter[str] = Counter()
        """Reason -> messages."""
        self._keys, self._desk = keys, desk
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._theirs: dict[str, tuple[str, LoadTarget]] = {}

    def take(self, topic: str, payload: bytes, clock_s: float, site_s: float) -> Taken | None:
        """Take a message; None where it is refused.

        Parameters
        ----------
        clock_s
            The host's clock, against which the message has to be fresh.
        site_s
            Time at the site, at which a target without a start begins.
        """
        try:
            return self._taken(topic, payload, clock_s, site_s)
        except InputError as error:
            self.rejected[str(error)[:200]] += 1
            return None

    def _taken(self, topic: str, payload: bytes, clock_s: float, site_s: float) -> Taken:
        envelope = envelope_of(payload)
        isv = envelope.isv
        if topic != SET_TOPIC.format(isv):
            raise InputError("source: does not belong to the topic it came on")
        kid, content = verified(envelope.data, self._keys.public)
        if self._keys.isv[kid] != isv:
            raise InputError(f"data: key {kid!r} does not speak for {isv!r}")
        self._refuse_old(envelope, clock_s)
        wanted = [one for one in load_targets_of(content).targets if self._for_us(one)]
        if not wanted:
            raise InputError(f"feed_tags: expected {self._keys.feed!r} among them")
        correlation = str(envelope.correlationid or envelope.id)
        targets = [_target_of(one, isv, site_s) for one in wanted]
        self._seen[str(envelope.id)] = clock_s
        set_keys = []
        for number, (one, target) in enumerate(zip(wanted, targets, strict=True)):
            self._replace(isv, target)
            if one.load_constraint is None:
                continue
            key = correlation if len(wanted) == 1 else f"{correlation}.{number}"
            self._desk.ask(target, site_s, key)
            self._theirs[key] = (isv, target)
            set_keys.append(key)
        return Taken(correlation, envelope.traceparent, tuple(set_keys))

    def _refuse_old(self, envelope: Envelope, clock_s: float) -> None:
        while self._seen and (
            len(self._seen) > MOST_IDS or next(iter(self._seen.values())) < clock_s - 2.0 * FRESH_S
        ):
            self._seen.popitem(last=False)
        age_s = clock_s - envelope.time.timestamp()
        if age_s > FRESH_S:
            raise InputError("time: the message is expired")
        if age_s < -AHEAD_S:
            raise InputError("time: the message is from the future")
        if str(envelope.id) in self._seen:
            raise InputError("id: the message was there before")

    def _for_us(self, one: OneTarget) -> bool:
        return not one.feed_tags or self._keys.feed in one.feed_tags

    def _replace(self, isv: str, target: LoadTarget) -> None:
        """Take back what the same publisher asked for in the same time."""
        for key, (theirs, old) in list(self._theirs.items()):
            if theirs == isv and old.start_s < target.end_s and target.start_s < old.end_s:
                self._desk.cancel(key)
                del self._theirs[key]


def _target_of(one: OneTarget, isv: str, site_s: float) -> LoadTarget:
    """Return a target, of infinite power where it takes others back; InputError if it is over."""
    start, end = one.interval.start_time, one.interval.end_time
    start_s = site_s if start is None else start.timestamp()
    end_s = math.inf if end is None else end.timestamp()
    if end_s <= max(start_s, site_s):
        raise InputError("interval: end_time: expected a time after the start and after now")
    power_w = math.inf if one.load_constraint is None else one.load_constraint.power_w
    return LoadTarget(power_w, start_s, end_s, "load target", f"isv {isv}")
