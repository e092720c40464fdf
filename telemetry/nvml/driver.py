"""The door to NVIDIA's management library: the only file that knows pynvml."""

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
import pynvml  # type: ignore[import-untyped]

from site_models.errors import InputError
from telemetry.nvml.port import GpuLostError, Identity, NotOfferedError, Wanted

_NOT_OFFERED = frozenset({2, 3, 4, 13, 25, 26})
"""Invalid argument (a field that an older driver does not know), not supported, no permission,
function not found, version mismatch, deprecated."""
_GONE = frozenset({1, 9, 15, 16, 28})
"""Uninitialized, driver not loaded, GPU is lost, reset required, GPU not found."""
_TIMEOUT = 10
_WATCHED_EVENTS = 0x8 | 0x4000 | 0x8000
"""Critical Xid, GPU unavailable, GPU recovery action."""
_XID_EVENT = 0x8

_FIELD = np.dtype(
    [
        ("id", "<u4"),
        ("scope", "<u4"),
        ("timestamp", "<i8"),
        ("latency", "<i8"),
        ("type", "<u4"),
        ("failed", "<u4"),
        ("value", "<u8"),
    ]
)
"""nvmlFieldValue_t; ``tests/telemetry/nvml/test_nvml_imitation.py`` holds it against the
binding."""
_UNSIGNED_MASKS = {1: 0xFFFFFFFF, 6: 0xFFFF}
_SIGNED_BITS = {4: 64, 5: 32}
"""nvmlValueType_t; 0 is double, 2 and 3 fill the 64 bits where the driver runs."""


class Nvml:
    """The driver of this host."""

    def __init__(self) -> None:
        self._watched: list[int] = []

    def open(self) -> None:
        """Load the library and start it; InputError, one line, where there is none."""
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            raise InputError(_missing(error.value)) from None

    def close(self) -> None:
        """Shut the library down, so that an `open` looks for devices anew."""
        try:
            pynvml.nvmlShutdown()
        except pynvml.NVMLError as error:
            if error.value not in _GONE:
                raise

    def version(self) -> str:
        """Return the driver's version; empty if it does not tell."""
        try:
            return str(pynvml.nvmlSystemGetDriverVersion())
        except pynvml.NVMLError:
            return ""

    def identities(self) -> list[Identity]:
        """Return the devices that answer, in the driver's order: that of the PCI bus."""
        found = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            try:
                handle = pynvml.nvmlDeviceGetHandleByIndex(index)
                uuid = str(pynvml.nvmlDeviceGetUUID(handle))
                name = str(pynvml.nvmlDeviceGetName(handle))
                bus_id = str(pynvml.nvmlDeviceGetPciInfo_v3(handle).busId)
            except pynvml.NVMLError:
                continue
            found.append(Identity(index, uuid, name, bus_id, _place(handle)))
        return found

    def handle(self, uuid: str) -> Any:
        """Return a device's handle; GpuLostError while it does not answer."""
        try:
            return pynvml.nvmlDeviceGetHandleByUUID(uuid)
        except pynvml.NVMLError as error:
            raise GpuLostError(str(error)) from None

    def ask(self, handle: Any, what: str, *arguments: int) -> Any:
        """Return the answer to `nvmlDeviceGet<what>`.

        NotOfferedError or GpuLostError say what they say; NaN is a call that failed once.
        """
        try:
            return getattr(pynvml, f"nvmlDeviceGet{what}")(handle, *arguments)
        except AttributeError:
            raise NotOfferedError(what) from None
        except pynvml.NVMLError as error:
            return _refused(error.value, what)

    def fields(self, handle: Any, wanted: Sequence[Wanted]) -> list[float | None]:
        """Return fields of the field-value interface, numbers as they are.

        None is not offered, NaN failed this once. Raises GpuLostError, and NotOfferedError
        where the driver has no such interface.
        """
        try:
            answers = pynvml.nvmlDeviceGetFieldValues(handle, wanted)
        except pynvml.NVMLError as error:
            _refused(error.value, "FieldValues")
            return [np.nan] * len(wanted)
        return [_number(*row) for row in np.frombuffer(answers, _FIELD)[_TOLD].tolist()]

    def watch(self, handles: Sequence[Any]) -> tuple[Any, list[int]]:
        """Return an event set, and which of the handles report Xids to it."""
        try:
            events = pynvml.nvmlEventSetCreate()
        except pynvml.NVMLError:
            return None, []
        heard = []
        for k, handle in enumerate(handles):
            try:
                offered = pynvml.nvmlDeviceGetSupportedEventTypes(handle) & _WATCHED_EVENTS
                if offered & _XID_EVENT:
                    pynvml.nvmlDeviceRegisterEvents(handle, offered, events)
                    heard.append(k)
            except pynvml.NVMLError:
                continue
        self._watched = [_address(handle) for handle in handles]
        return events, heard

    def next_xid(self, watched: Any, wait_s: float) -> tuple[int, int] | None:
        """Return the next Xid: which of the watched handles, and its number.

        None if none came in `wait_s`. Blocks, and leaves other threads running.
        """
        try:
            event = pynvml.nvmlEventSetWait_v2(watched, round(1e3 * wait_s))
        except pynvml.NVMLError as error:
            if error.value == _TIMEOUT:
                return None
            raise GpuLostError(str(error)) from None
        address = _address(event.device)
        if event.eventType != _XID_EVENT or address not in self._watched:
            return None
        return self._watched.index(address), int(event.eventData)


def found_driver() -> str:
    """Return one line on this host's driver and devices; InputError where there is none."""
    nvml = Nvml()
    nvml.open()
    try:
        devices, version = nvml.identities(), nvml.version()
    finally:
        nvml.close()
    names = ", ".join(sorted({device.name for device in devices})) or "none that answers"
    return f"driver {version}, {len(devices)} GPUs: {names}"


_TOLD = ["type", "failed", "value"]


def _number(kind: int, failed: int, value: int) -> float | None:
    """Return a field as a number, by the type that came with it."""
    if failed in _NOT_OFFERED:
        return None
    if failed:
        return _refused(failed, "field")
    if kind == 0:
        return float(np.array(value, "<u8").view("<f8"))
    if kind in _SIGNED_BITS:
        bits = _SIGNED_BITS[kind]
        value &= (1 << bits) - 1
        return float(value - (1 << bits) if value >> (bits - 1) else value)
    return float(value & _UNSIGNED_MASKS.get(kind, 0xFFFFFFFFFFFFFFFF))


def _refused(code: int, what: str) -> float:
    """Return NaN for a call that failed once; raise where it is more than that."""
    if code in _NOT_OFFERED:
        raise NotOfferedError(what)
    if code in _GONE:
        raise GpuLostError(what)
    return np.nan


def _missing(code: int) -> str:
    """Return what keeps the library from starting, in one line."""
    if code == pynvml.NVML_ERROR_LIBRARY_NOT_FOUND:
        said = "libnvidia-ml.so.1 is not on this host"
    elif code == pynvml.NVML_ERROR_DRIVER_NOT_LOADED:
        said = "libnvidia-ml.so.1 is here, but the kernel driver is not loaded"
    else:
        said = f"libnvidia-ml.so.1 does not start ({pynvml.NVMLError(code)})"
    return f"nvml: {said}, expected a host with NVIDIA GPUs and their driver"


def _place(handle: Any) -> str:
    """Return chassis, slot, tray, host and module; empty where the platform does not tell."""
    platform = pynvml.c_nvmlPlatformInfo_v2_t()
    try:
        pynvml.nvmlDeviceGetPlatformInfo(handle, ctypes.byref(platform))
    except pynvml.NVMLError:
        return ""
    raw = bytes(platform)
    chassis = raw[20:36].partition(b"\0")[0].decode("ascii", "replace").strip()
    slot, tray, host, _, module = raw[36:41]
    return f"{chassis or 'chassis'}-slot{slot}-tray{tray}-host{host}-module{module}"


def _address(handle: Any) -> int:
    """Return what tells two handles apart."""
    return int(ctypes.cast(handle, ctypes.c_void_p).value or 0)
