"""A driver without any library: answers from dictionaries, for tests of what is made of them."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from site_models.errors import InputError
from telemetry.nvml.port import GpuLostError, Identity, NotOfferedError, Wanted


@dataclass
class FakeGpu:
    """What one device answers: fields by number and scope, calls by name."""

    identity: Identity
    fields: dict[Wanted, float] = field(default_factory=dict)
    calls: dict[str, Any] = field(default_factory=dict)
    lost: bool = False
    needs_init: bool = False
    """Still lost until the library is started again."""


def board(index: int = 0, name: str = "NVIDIA H200", place: str = "") -> FakeGpu:
    """Return a board with everything in it."""
    identity = Identity(index, f"GPU-{index}", name, f"0000:{index:02x}:00.0", place)
    fields = {(186, 0): 300e3, (185, 0): 299e3, (82, 0): 55.0, (83, 0): 5e9, (190, 0): 700e3}
    fields |= {(4, 0): 0.0, (197, 0): 0.0, (198, 0): 0.0}
    fields |= {(138, 0xFFFFFFFF): 0.0, (139, 0xFFFFFFFF): 0.0}
    fields |= {(187, 0): 200e3, (188, 0): 700e3, (193, 0): -8.0, (194, 0): -2.0}
    calls = {
        "TemperatureV": 45,
        "Temperature": 45,
        "MarginTemperature": 42,
        "ClockInfo": 1755,
        "MaxClockInfo": 1980,
        "CurrentClocksEventReasons": 4,
        "UtilizationRates": SimpleNamespace(gpu=80, memory=40),
        "MemoryInfo": SimpleNamespace(total=140 * 1024**3, used=20 * 1024**3),
    }
    return FakeGpu(identity, fields, calls)


class FakeDriver:
    """Implements `telemetry.nvml.port.Driver`."""

    def __init__(self, *gpus: FakeGpu, missing: bool = False, field_values: bool = True) -> None:
        self.gpus, self.missing, self.field_values = gpus, missing, field_values
        self.inits = 0
        self.xids: list[tuple[int, int]] = []
        self.opened = threading.Event()

    def open(self) -> None:
        """Start, and bring back what waited for that."""
        if self.missing:
            raise InputError("nvml: no driver")
        self.inits += 1
        self.opened.set()
        for gpu in self.gpus:
            if gpu.needs_init and self.inits > 1:
                gpu.lost = gpu.needs_init = False

    def close(self) -> None:
        """End."""
        self.opened.clear()

    def version(self) -> str:
        """Return a version."""
        return "580.0"

    def identities(self) -> list[Identity]:
        """Return the devices."""
        return [gpu.identity for gpu in self.gpus if not gpu.lost]

    def handle(self, uuid: str) -> Any:
        """Return the board itself."""
        gpu = next(gpu for gpu in self.gpus if gpu.identity.uuid == uuid)
        return self._reached(gpu)

    def ask(self, handle: Any, what: str, *arguments: int) -> Any:
        """Answer a call."""
        gpu = self._reached(handle)
        if what not in gpu.calls:
            raise NotOfferedError(what)
        return gpu.calls[what]

    def fields(self, handle: Any, wanted: Sequence[Wanted]) -> list[float | None]:
        """Answer fields."""
        gpu = self._reached(handle)
        if not self.field_values:
            raise NotOfferedError("FieldValues")
        return [gpu.fields.get(one) for one in wanted]

    def watch(self, handles: Sequence[Any]) -> tuple[Any, list[int]]:
        """Return something to listen to, and that every board is heard."""
        return self.xids, list(range(len(handles)))

    def next_xid(self, watched: Any, wait_s: float) -> tuple[int, int] | None:
        """Return an Xid that a test put into `xids`."""
        if self.xids:
            return self.xids.pop(0)
        threading.Event().wait(min(wait_s, 0.01))
        return None

    def _reached(self, gpu: FakeGpu) -> FakeGpu:
        if gpu.lost or not self.opened.is_set():
            raise GpuLostError(gpu.identity.uuid)
        return gpu
