"""Power limits and locked clocks of this host's GPUs, through a watchdog process."""

import json
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from controllers.actuators.actuator import Held
from controllers.actuators.admit import Limits, catalog_limits
from controllers.actuators.nvml_door import Device
from controllers.actuators.order import Order
from site_models.arrays import Floats
from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.finding import source_of
from telemetry.nvml.port import Identity

ANSWER_S = 5.0
"""How long the watchdog may take to answer; its start may take longer."""
START_S = 30.0


class NvmlActuator:
    """Hands orders to the watchdog and tells what the devices then hold.

    A GPU of the site that is not on this host keeps its default limit and is not written to.
    When the watchdog dies, another one restores what it owed before anything new is written.
    Checked through the real binding against an imitated driver in
    ``tests/controllers/actuators/test_nvml_actuator.py``, the loop killed at any instant.
    """

    def __init__(self, plant: Plant, folder: Path, longest_s: float, dry: bool = False) -> None:
        """Start the watchdog; nothing is written yet. InputError where there are no GPUs.

        `folder` keeps its ledger and what is owed; no order holds for longer than `longest_s`.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._words = [str(folder / "nvml_writes.jsonl"), str(folder / "nvml_owed")]
        self._words += [str(longest_s)] + (["--dry"] if dry else [])
        self._complaints = folder / "nvml_watchdog.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._rest, self._last_id = b"", 0
        try:
            devices = self._start()
        except OSError as error:
            raise InputError(f"nvml: {error}") from None
        identities = [Identity(one.number, one.uuid, one.name, one.bus_id) for one in devices]
        seats = source_of("nvml").seats_of(identities, plant.gpu_names)
        self._seats: dict[int, Device] = dict(zip(seats, devices, strict=True))
        self._limits = self._of_devices(catalog_limits(plant))

    def limits(self) -> Limits:
        """Return what the devices state; for GPUs elsewhere the default and nothing else."""
        return self._limits

    def apply(self, order: Order, time_s: float) -> None:
        """Have the order written; OSError where no device takes it.

        Where some do not, `held` does not show it for those.
        """
        settings = {
            device.uuid: (
                float(order.gpu_cap_w[seat]),
                _clock_hz(float(order.gpu_clock_share[seat]), device),
            )
            for seat, device in self._seats.items()
        }
        answer = self._asked({"do": "apply", "settings": settings, "until_s": order.until_s})
        if len(answer["refused"]) == len(settings):
            self._complain(answer["refused"])

    def expire(self, time_s: float) -> None:
        """Have the defaults restored; OSError where not all are."""
        answer = self._asked({"do": "expire"})
        self._complain(answer["refused"])

    def held(self) -> Held | None:
        """Return what the devices say; NaN where they do not, or are elsewhere."""
        told = self._asked({"do": "look"})["held"]
        cap_w, locked, clock = (np.full(len(self._limits.gpu_cap_max_w), np.nan) for _ in range(3))
        for seat, device in self._seats.items():
            if device.uuid in told:
                cap_w[seat], locked_hz, clock_hz = told[device.uuid]
                locked[seat] = (locked_hz or device.clock_max_hz) / device.clock_max_hz
                clock[seat] = clock_hz / device.clock_max_hz
        return Held(cap_w, locked, clock)

    def close(self) -> None:
        """End the watchdog: it restores the defaults and goes."""
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        try:
            self._process.wait(timeout=ANSWER_S)
        except subprocess.TimeoutExpired:
            # It still has something to restore and stays until that is done.
            return
        finally:
            self._process = None

    def _start(self) -> list[Device]:
        words = [sys.executable, "-m", "controllers.actuators.watchdog", *self._words]
        with self._complaints.open("ab") as complaints:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                start_new_session=True,
            )
        self._rest = b""
        hello = self._line(START_S)
        if "error" in hello:
            self._process.wait()
            self._process = None
            raise OSError(hello["error"])
        return [Device(**one) for one in hello["devices"]]

    def _asked(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the watchdog's answer; OSError when it is late, or was gone."""
        if self._process is None or self._process.poll() is not None:
            self._start()
            raise OSError("the watchdog had ended; another one has restored the defaults")
        self._last_id += 1
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(json.dumps({**question, "id": self._last_id}).encode() + b"\n")
        stdin.flush()
        end_s = time.monotonic() + ANSWER_S
        while True:
            answer = self._line(end_s - time.monotonic())
            if answer.get("id") == self._last_id:  # an older one came too late for its question
                return answer

    def _line(self, wait_s: float) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        end_s = time.monotonic() + wait_s
        while b"\n" not in self._rest:
            left_s = max(end_s - time.monotonic(), 0.0)
            if not select.select([process.stdout], [], [], left_s)[0]:
                raise OSError("the watchdog does not answer")
            found = process.stdout.raw.read(1 << 20)  # type: ignore[attr-defined]
            if not found:
                raise OSError("the watchdog has ended")
            self._rest += found
        line, _, self._rest = self._rest.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _complain(self, refused: dict[str, str]) -> None:
        """Raise one OSError for all that was refused, with the first reason."""
        if refused:
            uuid, why = next(iter(refused.items()))
            raise OSError(f"{len(refused)} GPUs do not take what is written, {uuid}: {why}")

    def _of_devices(self, catalog: Limits) -> Limits:
        most_w: Floats = catalog.gpu_cap_default_w
        low_w, high_w, default_w = most_w.copy(), most_w.copy(), most_w.copy()
        share = np.ones(len(most_w))
        for seat, device in self._seats.items():
            low_w[seat], high_w[seat] = device.cap_min_w, device.cap_max_w
            default_w[seat] = device.cap_default_w
            share[seat] = catalog.gpu_clock_min_share[seat]
        return Limits(low_w, high_w, default_w, share)


def _clock_hz(share: float, device: Device) -> float | None:
    return None if share >= 1.0 else share * device.clock_max_hz
