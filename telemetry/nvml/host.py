"""All GPUs of a host: read together, lost one by one, and found again behind the reader's back."""

import logging
import threading
import time

import numpy as np

from site_models.arrays import Floats
from site_models.host_gpu import HostGpu
from telemetry.nvml.device import Device
from telemetry.nvml.limits import limits_of
from telemetry.nvml.port import Driver, GpuLostError

SLOW_S = 1.0
"""How often counters, limits and memory are read, at most."""
RETRY_S = 1.0
"""How often a lost GPU is looked for."""
RESTART_TRIES = 64
"""In the long run, one try in so many starts the library again."""
XID_WAIT_S = 0.2

_log = logging.getLogger(__name__)


class Host:
    """The GPUs that were there at the start, in the driver's order.

    A GPU that is lost stays in its seat with NaN. It is looked for in a thread of its own:
    first by its UUID alone, then with the library shut down and started again, as the driver
    asks for after a reset, on the 2nd, 4th, 8th, ... try (see RESTART_TRIES), since the other
    GPUs cannot be read meanwhile. Reading never waits for that. A change of health is logged once.
    """

    def __init__(self, driver: Driver, retry_s: float = RETRY_S) -> None:
        """Start the driver and find out what each GPU offers; InputError without a driver."""
        self._driver, self._retry_s = driver, retry_s
        driver.open()
        self.version = driver.version()
        self.devices = [Device(driver, identity) for identity in driver.identities()]
        for device in self.devices:
            self._begin(device)
        self._signals = tuple(dict.fromkeys(n for d in self.devices for n in d.signals))
        self._resets = [0] * len(self.devices)
        self._xid = np.full(len(self.devices), np.nan)
        self._gate = threading.Lock()
        self._mender: threading.Thread | None = None
        self._tries, self._next_try_s, self._next_slow_s = 0, -np.inf, -np.inf
        self._closing = threading.Event()
        self._watch()

    def limits(self) -> list[HostGpu]:
        """Return the limits of each GPU as it states them; of a lost one only its model."""
        return [self._limits(device) for device in self.devices]

    def read(self, now_s: float) -> dict[str, Floats]:
        """Return the readings of all GPUs; signals that are due, each of shape (GPUs,)."""
        slow = now_s >= self._next_slow_s
        found = {"xid": self._xid.copy()} if self._watcher is not None else {}
        # The library is being started again, or was closed while a reader was asleep.
        if self._closing.is_set() or not self._gate.acquire(blocking=False):
            return found | {n: np.full(len(self.devices), np.nan) for n in self._signals}
        try:
            rows = [self._row(k, now_s, slow) for k in range(len(self.devices))]
        finally:
            self._gate.release()
        if slow:
            # The tick that comes a little early is slow too: half a millisecond is no second.
            self._next_slow_s = now_s + 0.98 * SLOW_S
        names = dict.fromkeys(name for row in rows for name in row) or self._signals
        found |= {n: np.array([row.get(n, np.nan) for row in rows]) for n in names}
        self._look_for_lost(now_s)
        return found

    def close(self) -> None:
        """End the threads and the driver."""
        self._closing.set()
        if self._mender is not None:
            self._mender.join()
        self._unwatch()
        self._driver.close()

    def _limits(self, device: Device) -> HostGpu:
        name = device.identity.name
        try:
            return HostGpu(name) if device.lost else limits_of(self._driver, device.handle, name)
        except GpuLostError:
            return HostGpu(name)

    def _begin(self, device: Device) -> None:
        try:
            device.start()
        except GpuLostError:
            device.lost = True
            _log.warning("%s does not answer", device.identity.uuid)
        if device.missing and not device.lost:
            _log.info("%s does not offer %s", device.identity.uuid, ", ".join(device.missing))

    def _row(self, k: int, now_s: float, slow: bool) -> dict[str, float]:
        device = self.devices[k]
        if device.lost:
            return {}
        try:
            row = device.read(now_s, slow)
        except GpuLostError:
            device.lost = True
            self._tries, self._next_try_s = 0, now_s + self._retry_s
            _log.warning("%s is lost, its readings are missing from now on", device.identity.uuid)
            return {}
        if device.resets != self._resets[k]:
            self._resets[k] = device.resets
            _log.warning("%s has set a counter back", device.identity.uuid)
        return row

    def _look_for_lost(self, now_s: float) -> None:
        busy = self._mender is not None and self._mender.is_alive()
        if busy or now_s < self._next_try_s or not any(d.lost for d in self.devices):
            return
        self._tries, self._next_try_s = self._tries + 1, now_s + self._retry_s
        again = self._tries % RESTART_TRIES == 0 or self._tries in (2, 4, 8, 16, 32)
        self._mender = threading.Thread(target=self._mend, args=(again,), daemon=True)
        self._mender.start()

    def _mend(self, again: bool) -> None:
        """Look for lost GPUs; with `again` after starting the library anew."""
        if again:
            self._unwatch()
            with self._gate:
                self._driver.close()
                try:
                    self._driver.open()
                except Exception as error:  # whatever ails the driver, the frames go on
                    _log.info("the driver does not start: %s", error)
                self._restart(self.devices)
            self._watch()
        else:
            self._restart([device for device in self.devices if device.lost])

    def _restart(self, devices: list[Device]) -> None:
        for device in devices:
            was_lost = device.lost
            try:
                device.start()
                device.read(time.monotonic(), slow=False)  # a handle alone proves nothing
            except GpuLostError:
                device.lost = True
            else:
                device.lost = False
                if was_lost:
                    _log.warning("%s is back", device.identity.uuid)

    def _watch(self) -> None:
        """Start to listen for Xids, in a thread since the call blocks."""
        alive = [k for k, device in enumerate(self.devices) if not device.lost]
        events, heard = self._driver.watch([self.devices[k].handle for k in alive])
        self._deaf = threading.Event()
        self._watcher: threading.Thread | None = None
        if not heard:
            return
        seats = [alive[k] for k in heard]
        self._xid[seats] = np.nan_to_num(self._xid[seats], nan=0.0)  # none so far
        arguments = (events, alive, self._deaf)
        self._watcher = threading.Thread(target=self._listen, args=arguments, daemon=True)
        self._watcher.start()

    def _unwatch(self) -> None:
        self._deaf.set()
        if self._watcher is not None:
            self._watcher.join()

    def _listen(self, events: object, alive: list[int], deaf: threading.Event) -> None:
        while not deaf.is_set():
            try:
                event = self._driver.next_xid(events, XID_WAIT_S)
            except GpuLostError:  # said by the reading; the others are still listened to
                deaf.wait(XID_WAIT_S)
                continue
            if event is not None:
                k, xid = alive[event[0]], event[1]
                self._xid[k] = xid
                _log.warning("%s reports Xid %d", self.devices[k].identity.uuid, xid)
