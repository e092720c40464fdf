"""What a source asks of NVIDIA's management library, whoever answers: the driver or a fake.

Numbers pass as the library has them; `telemetry.nvml.device` turns them into signals. What a
device or a driver does not offer is told apart from a device that is gone, and both from a
call that failed once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Wanted = tuple[int, int]
"""A field of the field-value interface: its number and its scope."""
ALL_LINKS = 0xFFFFFFFF
"""Scope of the NVLink counters that sums the links."""

SM_CLOCK, MEMORY_CLOCK = 1, 2
"""Clock domains of `GetClockInfo` and `GetMaxClockInfo`."""


class GpuLostError(Exception):
    """The device does not answer any more."""


class NotOfferedError(Exception):
    """The device or the driver does not have this."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device is and where it sits."""

    index: int
    uuid: str
    name: str
    bus_id: str
    place: str = ""
    """Chassis, slot, tray, host and module, as far as the platform tells; empty: it does not."""


class Driver(Protocol):
    """What a source needs of the management library."""

    def open(self) -> None:
        """Start; InputError, one line, where there is no driver."""

    def close(self) -> None:
        """End; may be opened again."""

    def version(self) -> str:
        """Return the driver's version."""

    def identities(self) -> list[Identity]:
        """Return the devices that answer."""

    def handle(self, uuid: str) -> Any:
        """Return a device's handle; GpuLostError."""

    def ask(self, handle: Any, what: str, *arguments: int) -> Any:
        """Return the answer to `nvmlDeviceGet<what>`; NaN if it failed this once."""

    def fields(self, handle: Any, wanted: Sequence[Wanted]) -> list[float | None]:
        """Return fields: None is not offered, NaN failed this once; GpuLostError."""

    def watch(self, handles: Sequence[Any]) -> tuple[Any, list[int]]:
        """Return a set of the devices' events, and which of the handles have any."""

    def next_xid(self, watched: Any, wait_s: float) -> tuple[int, int] | None:
        """Return the next Xid: which of the handles, and its number; None if none came."""
