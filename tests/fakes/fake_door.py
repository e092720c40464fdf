"""A GPU driver without a library: limits that hold, writes that are listed, ways to fail."""

import math

from controllers.actuators.nvml_door import Device, milliwatts


class Killed(BaseException):
    """The process that made the call is gone."""


class FakeDoor:
    """Implements `controllers.actuators.nvml_door.Door`; refuses what a device would refuse."""

    def __init__(self, count: int = 3) -> None:
        self.known = [
            Device(f"GPU-{k}", k, "H200", f"0:{k}", 200.0, 700.0, 700.0, 1.98e9)
            for k in range(count)
        ]
        self.caps = {one.uuid: one.cap_default_w for one in self.known}
        self.clocks: dict[str, float | None] = dict.fromkeys(self.caps)
        self.writes: list[tuple[str, float | None]] = []
        self.silent: set[str] = set()
        """Devices that do not answer."""
        self.deaf: set[str] = set()
        """Devices that accept what is written and keep what they have."""
        self.may_write = True
        self.calls_left = math.inf
        """So many calls, then the caller is killed."""

    @property
    def restored(self) -> bool:
        """Whether everything is as the devices came."""
        free = all(clock is None for clock in self.clocks.values())
        return free and all(self.caps[one.uuid] == one.cap_default_w for one in self.known)

    def devices(self) -> list[Device]:
        """Return the devices that answer."""
        return [one for one in self.known if one.uuid not in self.silent]

    def reopen(self) -> None:
        """Do nothing: what is silent stays so."""

    def set_cap(self, uuid: str, cap_w: float) -> None:
        """Write a limit."""
        self._reach(uuid, write=True)
        device = next(one for one in self.known if one.uuid == uuid)
        self.writes.append((uuid, cap_w))
        if not device.cap_min_w <= cap_w <= device.cap_max_w:
            raise OSError("invalid argument")
        if uuid not in self.deaf:
            self.caps[uuid] = milliwatts(cap_w) / 1e3  # a driver knows whole ones alone

    def lock_clock(self, uuid: str, clock_hz: float | None) -> None:
        """Write a clock."""
        self._reach(uuid, write=True)
        self.writes.append((uuid, clock_hz))
        if uuid not in self.deaf:
            self.clocks[uuid] = clock_hz

    def cap_w(self, uuid: str) -> float:
        """Read a limit."""
        self._reach(uuid)
        return self.caps[uuid]

    def clock_hz(self, uuid: str) -> float:
        """Read a clock."""
        self._reach(uuid)
        return self.clocks[uuid] or 1.98e9

    def _reach(self, uuid: str, write: bool = False) -> None:
        self.calls_left -= 1
        if self.calls_left < 0:
            raise Killed
        if uuid in self.silent:
            raise OSError("GPU is lost")
        if write and not self.may_write:
            raise PermissionError("no permission")
