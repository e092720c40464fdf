"""Writes to GPUs for as long as somebody renews the order, and restores the defaults after."""

import contextlib
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from controllers.actuators.lane import Answer, Lane
from controllers.actuators.ledger import Ledger, Write
from controllers.actuators.nvml_door import Device, Door, megahertz, milliwatts

CAP, LOCK, FREE = (
    "nvmlDeviceSetPowerManagementLimit_v2",
    "nvmlDeviceSetGpuLockedClocks",
    "nvmlDeviceResetGpuLockedClocks",
)
RETRY_S = 1.0
"""How often what could not be restored is tried again."""
CALL_WAIT_S = 2.0
"""A device that has not answered by then hangs; the others go on."""
TOLERANCE_W = 0.5
"""A limit read back this close to what was written is that."""
ACCEPTED = "accepted"


class Setting(NamedTuple):
    """What one GPU shall be held to."""

    cap_w: float
    clock_hz: float | None
    """None: not locked."""


class Outcome(NamedTuple):
    """What came of an order."""

    held: dict[str, float]
    """Power limit read back, by UUID."""
    refused: dict[str, str]
    """UUID -> why, of what was not written or is not held."""


CAP_OF, CLOCK_OF = "cap", "clock"


class Owed:
    """What of which GPU was written to, on disk: who dies leaves word what to restore.

    A line is added before something is first written to and after it is as it was; a line cut
    short stands for a write that was not made, or for one still owed.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._what: set[tuple[str, str]] = set()
        lines = path.read_text().splitlines() if path is not None and path.exists() else []
        for sign, uuid, part in (words for words in map(str.split, lines) if len(words) == 3):
            (self._what.add if sign == "+" else self._what.discard)((uuid, part))

    @property
    def uuids(self) -> set[str]:
        """Return the GPUs that anything was written to."""
        return {uuid for uuid, _ in self._what}

    def __contains__(self, entry: tuple[str, str]) -> bool:
        return entry in self._what

    def add(self, uuid: str, part: str) -> None:
        """Note a GPU's cap or clock before it is first written to."""
        if (uuid, part) not in self._what:
            self._what.add((uuid, part))
            self._keep(f"+ {uuid} {part}")

    def drop(self, uuid: str, part: str) -> None:
        """Take off what is as it was."""
        if (uuid, part) in self._what:
            self._what.discard((uuid, part))
            self._keep(f"- {uuid} {part}")

    def _keep(self, line: str) -> None:
        if self._path is None:
            return
        if not self._what:
            os.truncate(self._path, 0)
            return
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, f"\n{line}\n".encode())
        finally:
            os.close(handle)


class Guard:
    """The only one that writes to this host's GPUs.

    Nothing outside a device's own limits is written, nothing that is not a number, nothing
    under an order that is over; each write stands in the ledger before it is made and again
    with its result, and is read back. When the order is over, or `restore` is called, every
    GPU that was written to is set to its default limit and free clock, again and again until
    it says that it is. Checked in ``tests/controllers/actuators/test_guard.py``, killed at every
    call.
    """

    def __init__(
        self,
        door: Door,
        ledger: Ledger,
        owed: Owed | None = None,
        longest_s: float = 60.0,
        now_s: Callable[[], float] = time.time,
        steady_s: Callable[[], float] = time.monotonic,
        lanes: bool = True,
    ) -> None:
        """`longest_s`: no order is owed for longer. `lanes`: a thread for each device."""
        self.devices: dict[str, Device] = {one.uuid: one for one in door.devices()}
        self.owed = Owed() if owed is None else owed
        self._door, self._ledger, self._longest_s = door, ledger, longest_s
        self._now_s, self._steady_s = now_s, steady_s
        self._lanes = {uuid: Lane(uuid) for uuid in self.devices} if lanes else {}
        self._over_s = math.inf
        self._locked_hz: dict[str, float] = {}

    def apply(self, wanted: Mapping[str, Setting], until_s: float) -> Outcome:
        """Hold GPUs to settings until a time of the wall clock; others that were held go free."""
        left_s = until_s - self._now_s()
        if not left_s > 0.0:
            return Outcome({}, dict.fromkeys(wanted, "the order is over already"))
        self._over_s = self._steady_s() + min(left_s, self._longest_s)
        held: dict[str, float] = {}
        refused: dict[str, str] = {}
        for uuid, setting in wanted.items():
            why = self._unfit(uuid, setting)
            if self._steady_s() >= self._over_s:
                why = "the order is over already"
            elif not why:
                try:
                    held[uuid] = self._on(uuid, lambda u=uuid, s=setting: self._hold(u, s))  # type: ignore[misc]
                    near = abs(held[uuid] - setting.cap_w) <= TOLERANCE_W
                    if not near and uuid in self.owed.uuids:
                        why = f"holds {held[uuid]:g} W, {setting.cap_w:g} W asked"
                except OSError as error:
                    why = str(error)
            if why:
                refused[uuid] = why
        refused |= self._restored(self.owed.uuids - set(wanted))
        return Outcome(held, refused)

    def held(self) -> dict[str, tuple[float, float | None, float]]:
        """Return power limit, locked clock and SM clock of the GPUs that answer, by UUID.

        A locked clock, None where there is none, is what was last accepted: NVML does not tell.
        """
        found: dict[str, tuple[float, float | None, float]] = {}
        for uuid in self.devices:
            with contextlib.suppress(OSError):
                found[uuid] = self._on(uuid, lambda u=uuid: self._read(u))  # type: ignore[misc]
        return found

    def look(self) -> dict[str, str]:
        """Restore what is owed where the order is over; return why what could not be, by UUID."""
        return self.restore() if self._steady_s() >= self._over_s else {}

    def restore(self) -> dict[str, str]:
        """Set every GPU that was written to back; return why what could not be, by UUID."""
        failed = self._restored(set(self.owed.uuids))
        if failed and not any(lane.busy for lane in self._lanes.values()):
            with contextlib.suppress(OSError):  # then at the next try
                self._door.reopen()
            failed = self._restored(set(failed))
        self._over_s = self._steady_s() + RETRY_S if failed else math.inf
        return failed

    def _unfit(self, uuid: str, setting: Setting) -> str:
        """Return why a setting may not be written; empty when it may."""
        device = self.devices.get(uuid)
        if device is None:
            return "no such GPU"
        if not device.cap_min_w <= setting.cap_w <= device.cap_max_w:
            return f"{setting.cap_w:g} W is outside {device.cap_min_w:g}..{device.cap_max_w:g} W"
        if setting.clock_hz is not None and not 1e6 <= setting.clock_hz <= device.clock_max_hz:
            return f"{setting.clock_hz:g} Hz is outside 1e6..{device.clock_max_hz:g} Hz"
        return ""

    def _hold(self, uuid: str, setting: Setting) -> float:
        """Write what differs from what the device holds; return what limit it tells then.

        One that is not to be held to anything, and never was, is left as somebody else set it.
        """
        cap_w = self._door.cap_w(uuid)
        free = Setting(self.devices[uuid].cap_default_w, None)
        if setting == free and uuid not in self.owed.uuids:
            return cap_w
        if not abs(cap_w - setting.cap_w) <= TOLERANCE_W:
            self._write_cap(uuid, setting.cap_w)
            cap_w = self._door.cap_w(uuid)
        if setting.clock_hz != self._locked_hz.get(uuid):
            self._write_clock(uuid, setting.clock_hz)
        return cap_w

    def _restored(self, uuids: set[str]) -> dict[str, str]:
        failed: dict[str, str] = {}
        for uuid in sorted(uuids):
            try:
                self._on(uuid, lambda u=uuid: self._restore(u))  # type: ignore[misc]
            except OSError as error:
                failed[uuid] = str(error)
        return failed

    def _restore(self, uuid: str) -> None:
        device = self.devices.get(uuid)
        if device is None:  # seen when it was written to, and not since this guard began
            self.devices |= {one.uuid: one for one in self._door.devices()}
            device = self.devices.get(uuid)
        if device is None:
            raise OSError("does not answer")
        if (uuid, CLOCK_OF) in self.owed:
            self._write_clock(uuid, None)
            self.owed.drop(uuid, CLOCK_OF)
        if (uuid, CAP_OF) in self.owed:
            if milliwatts(self._door.cap_w(uuid)) != milliwatts(device.cap_default_w):
                self._write_cap(uuid, device.cap_default_w)
            if not self._near(uuid, device.cap_default_w):
                raise OSError(f"still holds {self._door.cap_w(uuid):g} W")
            self.owed.drop(uuid, CAP_OF)

    def _read(self, uuid: str) -> tuple[float, float | None, float]:
        return self._door.cap_w(uuid), self._locked_hz.get(uuid), self._door.clock_hz(uuid)

    def _near(self, uuid: str, cap_w: float) -> bool:
        return abs(self._door.cap_w(uuid) - cap_w) <= TOLERANCE_W

    def _write_cap(self, uuid: str, cap_w: float) -> None:
        self.owed.add(uuid, CAP_OF)
        write = Write(uuid, CAP, f"{milliwatts(cap_w)} mW")
        self._noted(write, lambda: self._door.set_cap(uuid, cap_w))

    def _write_clock(self, uuid: str, clock_hz: float | None) -> None:
        before = (uuid, CLOCK_OF) in self.owed
        self.owed.add(uuid, CLOCK_OF)
        write = Write(uuid, FREE, "")
        if clock_hz is not None:
            write = Write(uuid, LOCK, f"0 {megahertz(clock_hz)} MHz")
        try:
            self._noted(write, lambda: self._door.lock_clock(uuid, clock_hz))
        except PermissionError:
            if not before:  # the driver has said no: there is nothing to undo
                self.owed.drop(uuid, CLOCK_OF)
            raise
        if clock_hz is None:
            self._locked_hz.pop(uuid, None)
        else:
            self._locked_hz[uuid] = clock_hz

    def _noted(self, write: Write, call: Callable[[], None]) -> None:
        self._ledger.note(write, "asked")
        try:
            call()
        except OSError as error:
            self._ledger.note(write, f"refused: {error}")
            raise
        self._ledger.note(write, ACCEPTED)

    def _on(self, uuid: str, call: Callable[[], Answer]) -> Answer:
        """Run a call in the device's lane; OSError when it is late."""
        lane = self._lanes.get(uuid)
        return lane.call(call, CALL_WAIT_S) if lane else call()
