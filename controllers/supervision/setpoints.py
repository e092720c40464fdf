"""Wishes for CDU supply temperatures: clamped, rate limited, moded, verified, journaled.

The supervisor owns the desk and nobody else calls the actuator behind it. The building system
decides: a wish is written as a request, and what the building then holds is read back.
"""

import threading
from dataclasses import dataclass

import numpy as np

from controllers.actuators.setpoint_actuator import SetpointActuator
from controllers.policy import Mode, mode_of
from controllers.supervision.journal import Entry, Journal
from site_models.arrays import Floats
from site_models.errors import InputError
from site_models.plant import Plant

PART = "setpoints"
LONGEST_STEP_S = 60.0
"""Of a longer silence between wishes only this much counts for the rate."""


@dataclass(frozen=True, slots=True)
class SetpointRules:
    """What the desk holds every wish to."""

    lowest_c: float = 18.0
    """Colder supply would put dew on the plates of an ordinary room."""
    rate_k_per_s: float = 1.0 / 60.0
    deadman_s: float = 300.0
    """Requests that are not renewed for this long are withdrawn."""
    verify_s: float = 60.0
    """So long the building may take until it holds what was asked."""
    tolerance_k: float = 0.25


class SetpointDesk:
    """Takes wishes for all CDUs at once and, where armed, has them requested.

    Off: not looked at. Shadow and advise: admitted and journaled, never written. Armed:
    written, renewed with every wish, withdrawn when wishes stop or the mode is left. Safe to
    use from several threads. Checked in ``tests/controllers/supervision/test_setpoints.py``.
    """

    def __init__(
        self,
        plant: Plant,
        actuator: SetpointActuator,
        journal: Journal,
        rules: SetpointRules | None = None,
        mode: Mode = "shadow",
    ) -> None:
        x, circuits = plant.arrays.exchangers, plant.arrays.circuits
        self.rules = SetpointRules() if rules is None else rules
        self.mode: Mode = mode
        self.admitted_c: Floats = x.setpoint_c[plant.cdu_exchangers].copy()
        """What was last admitted; at first what the site was built with."""
        self._highest_c = circuits.supply_limit_c[x.hot_circuit[plant.cdu_exchangers]]
        self._names = plant.axis("cdu")
        self._actuator, self._journal = actuator, journal
        self._wished_s, self._until_s = -np.inf, -np.inf
        self._asked_c = np.full(len(self._names), np.nan)
        self._apart_s = np.full(len(self._names), np.inf)
        self._told: frozenset[str] = frozenset()
        self._trouble = ""
        self._lock = threading.RLock()

    def wish(self, setpoint_c: Floats, time_s: float, who: str, reason: str) -> Floats:
        """Return what is admitted of a wish, having requested it where armed.

        Shape (CDUs,); NaN: no wish for that CDU. InputError for another shape.
        """
        if np.shape(setpoint_c) != self.admitted_c.shape:
            raise InputError(
                f"setpoints: expected one for each of {len(self._names)} CDUs, "
                f"got shape {np.shape(setpoint_c)}"
            )
        with self._lock:
            if self.mode == "off":
                return self.admitted_c
            return self._admit(np.asarray(setpoint_c, np.float64), time_s, who, reason)

    def _admit(self, setpoint_c: Floats, time_s: float, who: str, reason: str) -> Floats:
        step_s = min(max(time_s - self._wished_s, 0.0), LONGEST_STEP_S)
        reach_k = self.rules.rate_k_per_s * step_s
        wished_c = np.where(np.isnan(setpoint_c), self.admitted_c, setpoint_c)
        wished_c = np.clip(wished_c, self.rules.lowest_c, self._highest_c)
        admitted_c = np.clip(wished_c, self.admitted_c - reach_k, self.admitted_c + reach_k)
        asked_c = np.where(np.isnan(setpoint_c), np.nan, admitted_c)
        if not np.array_equal(asked_c, self._asked_c, equal_nan=True):
            entry = Entry(time_s, PART, self.mode, f"asked {_said(asked_c)}", reason, who)
            self._journal.write(entry)
        self._wished_s, self.admitted_c, self._asked_c = time_s, admitted_c, asked_c
        if self.mode == "armed":
            self._request(asked_c, time_s)
        return admitted_c

    def set_mode(self, mode: str, time_s: float, who: str, reason: str = "") -> None:
        """Change the mode; leaving armed withdraws every request. Journaled."""
        given = mode_of(mode)
        with self._lock:
            self._journal.write(Entry(time_s, PART, mode, f"{self.mode} -> {mode}", reason, who))
            if self.mode == "armed" and mode != "armed":
                self._expire(time_s, "no longer armed")
            self.mode = given
            self._actuator.armed = given == "armed"

    def tick(self, time_s: float) -> tuple[str, ...]:
        """Look at what the facility does; return a line for each thing that is not well."""
        with self._lock:
            if -np.inf < self._until_s <= time_s:
                self._expire(time_s, "wishes were not renewed")
            in_force = time_s < self._until_s
            lines = self._differences(time_s) if in_force else frozenset[str]()
            for line in sorted(lines - self._told):
                self._journal.write(Entry(time_s, PART, self.mode, "not verified", line))
            self._told = lines
            return (*sorted(lines), *([self._trouble] if self._trouble else []))

    def _differences(self, time_s: float) -> frozenset[str]:
        """Return a line for each CDU that has not held what was asked for too long."""
        held_c, reachable = self._actuator.standing()
        asked = ~np.isnan(self._asked_c)
        near = np.abs(held_c - self._asked_c) <= self.rules.tolerance_k
        self._apart_s = np.where(asked & ~near, np.minimum(self._apart_s, time_s), np.inf)
        late = asked & (time_s - self._apart_s >= self.rules.verify_s)
        return frozenset(
            f"{self._names[k]}: "
            + (
                f"setpoint asked, the building system holds {_degrees(held_c[k])}"
                if reachable[k]
                else "the building system lets us ask for no setpoint"
            )
            for k in np.flatnonzero(late)
        )

    def _request(self, asked_c: Floats, time_s: float) -> None:
        until_s = time_s + self.rules.deadman_s
        try:
            self._actuator.request(asked_c, time_s, until_s)
        except OSError as error:
            self._troubled(f"facility unreachable: {error}", time_s)
            return
        self._until_s = until_s
        self._troubled("", time_s)

    def _expire(self, time_s: float, reason: str) -> None:
        try:
            self._actuator.expire(time_s)
        except OSError as error:
            self._troubled(f"facility unreachable: {error}", time_s)
            return
        self._until_s, self._told = -np.inf, frozenset()
        self._apart_s[:] = np.inf
        self._troubled("", time_s)
        self._journal.write(Entry(time_s, PART, self.mode, "requests withdrawn", reason))

    def _troubled(self, trouble: str, time_s: float) -> None:
        """Journal trouble with the facility once: when it begins and when it ends."""
        if bool(trouble) != bool(self._trouble):
            what = "facility lost" if trouble else "facility recovered"
            self._journal.write(Entry(time_s, PART, self.mode, what, trouble or self._trouble))
        self._trouble = trouble


def _said(asked_c: Floats) -> str:
    there = asked_c[~np.isnan(asked_c)]
    if not len(there):
        return "nothing"
    return f"{there.min():.1f} to {there.max():.1f} °C of {len(there)} CDUs"


def _degrees(value_c: float) -> str:
    return "none that we know" if np.isnan(value_c) else f"{value_c:.1f} °C"
