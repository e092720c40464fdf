"""What is written to GPUs through NVIDIA's management library, and read back."""

import ctypes
import importlib
import math
from typing import Any, NamedTuple, Protocol

SM_CLOCK = 1
"""Clock domain of the calls below."""
_NO_PERMISSION, _NOT_FOUND_CALL = 4, 13


class Device(NamedTuple):
    """A GPU and the limits that it states itself."""

    uuid: str
    number: int
    name: str
    bus_id: str
    cap_min_w: float
    cap_max_w: float
    cap_default_w: float
    clock_max_hz: float


class Door(Protocol):
    """What a guard needs of a driver; OSError for a call that fails, PermissionError for that."""

    def devices(self) -> list[Device]:
        """Return the GPUs that answer."""
        ...

    def set_cap(self, uuid: str, cap_w: float) -> None:
        """Set the power limit of the GPU."""
        ...

    def lock_clock(self, uuid: str, clock_hz: float | None) -> None:
        """Hold the SM clock at or under a value; None: as the device likes."""
        ...

    def cap_w(self, uuid: str) -> float:
        """Return the power limit in force."""
        ...

    def clock_hz(self, uuid: str) -> float:
        """Return the SM clock now."""
        ...

    def reopen(self) -> None:
        """Look for devices anew: one that was lost is seen again only after that."""
        ...


class NvmlDoor:
    """The driver of this host. The library is loaded when it is opened, not before.

    The binding's call for the power limit of a scope drops the driver's answer; here it is
    looked at. On superchips the scope counts: the GPU's alone, not the module's. NVML cannot
    tell a locked clock back, only the clock that runs.
    """

    def __init__(self) -> None:
        """Load and start the library; OSError where that cannot be."""
        try:
            self._nvml: Any = importlib.import_module("pynvml")
            self._nvml.nvmlInit()
        except Exception as error:  # the binding's own kind of error is not known before
            raise OSError(f"NVML does not start: {error}") from None
        self._handles: dict[str, Any] = {}

    def reopen(self) -> None:
        """Start the library anew."""
        self._handles.clear()
        try:
            self._nvml.nvmlShutdown()
            self._nvml.nvmlInit()
        except self._nvml.NVMLError as error:
            raise _as_os_error(error, "NVML") from None

    def devices(self) -> list[Device]:
        """Return the GPUs that answer."""
        count = self._call("GetCount")
        found = []
        for index in range(count):
            try:
                found.append(self._device(index, self._call("GetHandleByIndex", index)))
            except OSError:
                continue
        return found

    def set_cap(self, uuid: str, cap_w: float) -> None:
        """Set the power limit of the GPU; its answer is looked at."""
        limit = milliwatts(cap_w)
        nvml, handle = self._nvml, self._handle(uuid)
        value = nvml.c_nvmlPowerValue_v2_t()
        value.version = nvml.nvmlPowerValue_v2
        value.powerScope = nvml.NVML_POWER_SCOPE_GPU
        value.powerValueMw = limit
        try:
            call = nvml._nvmlGetFunctionPointer("nvmlDeviceSetPowerManagementLimit_v2")
        except nvml.NVMLError as error:
            if error.value != _NOT_FOUND_CALL:
                raise _as_os_error(error, uuid) from None
            self._call("SetPowerManagementLimit", handle, limit)
            return
        failed = call(handle, ctypes.byref(value))
        if failed:
            raise _as_os_error(nvml.NVMLError(failed), uuid)

    def lock_clock(self, uuid: str, clock_hz: float | None) -> None:
        """Hold the SM clock at or under a value; None: as the device likes."""
        handle = self._handle(uuid)
        if clock_hz is None:
            self._call("ResetGpuLockedClocks", handle)
        else:
            self._call("SetGpuLockedClocks", handle, 0, megahertz(clock_hz))

    def cap_w(self, uuid: str) -> float:
        """Return the power limit in force."""
        return float(self._call("GetPowerManagementLimit", self._handle(uuid))) / 1e3

    def clock_hz(self, uuid: str) -> float:
        """Return the SM clock now."""
        return 1e6 * float(self._call("GetClockInfo", self._handle(uuid), SM_CLOCK))

    def _device(self, index: int, handle: Any) -> Device:
        low, high = self._call("GetPowerManagementLimitConstraints", handle)
        uuid = str(self._call("GetUUID", handle))
        self._handles[uuid] = handle
        return Device(
            uuid=uuid,
            number=index,
            name=str(self._call("GetName", handle)),
            bus_id=str(self._call("GetPciInfo_v3", handle).busId),
            cap_min_w=low / 1e3,
            cap_max_w=high / 1e3,
            cap_default_w=self._call("GetPowerManagementDefaultLimit", handle) / 1e3,
            clock_max_hz=1e6 * float(self._call("GetMaxClockInfo", handle, SM_CLOCK)),
        )

    def _handle(self, uuid: str) -> Any:
        if uuid not in self._handles:
            self._handles[uuid] = self._call("GetHandleByUUID", uuid)
        return self._handles[uuid]

    def _call(self, what: str, *arguments: Any) -> Any:
        try:
            return getattr(self._nvml, f"nvmlDevice{what}")(*arguments)
        except self._nvml.NVMLError as error:
            raise _as_os_error(error, what) from None


class DryDoor:
    """The limits of another door, and writes that are remembered and never made."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._cap_w: dict[str, float] = {}
        self._clock_hz: dict[str, float | None] = {}

    def reopen(self) -> None:
        """Look for devices anew."""
        self._door.reopen()

    def devices(self) -> list[Device]:
        """Return the GPUs that answer."""
        return self._door.devices()

    def set_cap(self, uuid: str, cap_w: float) -> None:
        """Remember the limit."""
        self._cap_w[uuid] = milliwatts(cap_w) / 1e3

    def lock_clock(self, uuid: str, clock_hz: float | None) -> None:
        """Remember the clock."""
        self._clock_hz[uuid] = clock_hz

    def cap_w(self, uuid: str) -> float:
        """Return the limit that would be in force."""
        return self._cap_w.get(uuid, math.nan) if uuid in self._cap_w else self._door.cap_w(uuid)

    def clock_hz(self, uuid: str) -> float:
        """Return the clock now, as if it were held."""
        held_hz, now_hz = self._clock_hz.get(uuid), self._door.clock_hz(uuid)
        return now_hz if held_hz is None else min(now_hz, held_hz)


def milliwatts(cap_w: float) -> int:
    """Return a power limit in the driver's unit."""
    return round(1e3 * cap_w)


def megahertz(clock_hz: float) -> int:
    """Return a clock in the driver's unit, never above what was asked."""
    return math.floor(clock_hz / 1e6 + 1e-6)


def _as_os_error(error: Any, what: str) -> OSError:
    kind = PermissionError if error.value == _NO_PERMISSION else OSError
    return kind(f"{what}: {error}")
