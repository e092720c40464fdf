"""The source keeps its time and its seats, whatever the clock and the GPUs do."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from site_models.errors import InputError
from telemetry.frame import Frame
from telemetry.nvml.host import Host
from telemetry.nvml.port import Identity
from telemetry.sources.nvml import NvmlSource, seats_of
from tests.fakes.nvml.fake_driver import FakeDriver, board


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s, self.ahead_s = 100.0, 1.7e9

    def monotonic(self) -> float:
        return self.now_s

    def wall(self) -> float:
        return self.now_s + self.ahead_s

    def sleep(self, wait_s: float) -> None:
        self.now_s += wait_s


Opened = Callable[..., tuple[NvmlSource, Clock]]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Return a maker of sources on a clock of the test's own."""
    hosts: list[Host] = []

    def make(driver: FakeDriver, every_s: float = 0.1) -> tuple[NvmlSource, Clock]:
        clock = Clock()
        host = Host(driver, retry_s=0.2)
        hosts.append(host)
        names = [f"gpu{k}" for k in range(len(host.devices))]
        source = NvmlSource(
            host,
            range(len(names)),
            names,
            every_s,
            now_s=clock.monotonic,
            wall_s=clock.wall,
            sleep=clock.sleep,
        )
        return source, clock

    yield make
    for host in hosts:
        host.close()


def until(source: NvmlSource, seen: Callable[[Frame], bool], wait_s: float = 10.0) -> Frame:
    """Return the first frame that is as wished."""
    end_s = time.monotonic() + wait_s
    while time.monotonic() < end_s:
        frame = source.read()
        if seen(frame):
            return frame
        time.sleep(0.001)
    raise AssertionError("no such frame came")


def test_frames_come_at_multiples_of_the_interval(opened: Opened) -> None:
    source, _ = opened(FakeDriver(board()))
    times = [source.read().time_s for _ in range(50)]
    assert np.diff(times) == pytest.approx(0.1, abs=1e-6)
    assert source.dropped == 0


def test_a_late_reader_leaves_out_whole_intervals_and_counts_them(
    opened: Opened,
) -> None:
    source, clock = opened(FakeDriver(board()))
    first = source.read().time_s
    clock.now_s += 0.35
    assert source.read().time_s - first == pytest.approx(0.35)
    assert source.read().time_s - first == pytest.approx(0.4)
    assert source.dropped == 2


@pytest.mark.parametrize("step_s", [3600.0, -3600.0])
def test_times_rise_when_the_clock_is_set(opened: Opened, step_s: float) -> None:
    source, clock = opened(FakeDriver(board()))
    times = [source.read().time_s for _ in range(5)]
    clock.ahead_s += step_s
    times += [source.read().time_s for _ in range(5)]
    assert min(np.diff(times)) > 0.0
    assert times[-1] - times[0] == pytest.approx(0.9 + max(step_s, 0.0))


def test_slow_signals_come_once_a_second(opened: Opened) -> None:
    source, _ = opened(FakeDriver(board()))
    frames = [source.read() for _ in range(40)]
    assert sum("gpu_energy_j" in frame.values for frame in frames) == 4
    assert all("gpu_power_w" in frame.values for frame in frames)


def test_a_lost_gpu_is_missing_and_comes_back_after_the_library_was_started_again(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    driver = FakeDriver(board(0), board(1))
    source, _ = opened(driver)
    assert source.read().values["gpu_power_w"].tolist() == [300.0, 300.0]
    driver.gpus[1].lost = driver.gpus[1].needs_init = True
    frame = source.read()
    assert frame.values["gpu_power_w"][0] == 300.0
    assert np.isnan(frame.values["gpu_power_w"][1])
    frame = until(source, lambda f: bool(np.isfinite(f.values["gpu_power_w"]).all()))
    assert driver.inits == 2
    said = [record.message for record in caplog.records]
    assert sum("GPU-1 is lost" in line for line in said) == 1
    assert sum("GPU-1 is back" in line for line in said) == 1


def test_an_xid_is_seen_and_none_is_zero(opened: Opened) -> None:
    driver = FakeDriver(board(0), board(1))
    source, _ = opened(driver)
    assert source.read().values["xid"].tolist() == [0.0, 0.0]
    driver.xids.append((1, 79))
    frame = until(source, lambda f: f.values["xid"][1] > 0.0)
    assert frame.values["xid"].tolist() == [0.0, 79.0]


def test_a_closed_source_says_nothing_and_touches_no_driver(opened: Opened) -> None:
    driver = FakeDriver(board())
    source, _ = opened(driver)
    source.close()
    assert np.isnan(source.read().values["gpu_power_w"]).all()
    assert driver.inits == 1


def test_a_gpu_that_is_lost_states_no_limits() -> None:
    driver = FakeDriver(board(0), board(1))
    host = Host(driver)
    driver.gpus[1].lost = True
    known, lost = host.limits()
    host.close()
    assert known.power_max_w == 700.0
    assert np.isnan(lost.power_max_w)


def test_without_a_driver_there_is_no_host() -> None:
    with pytest.raises(InputError, match="no driver"):
        Host(FakeDriver(missing=True))


def one(index: int, place: str = "") -> Identity:
    """Return a device."""
    return Identity(index, f"GPU-{index}", "NVIDIA H200", f"0:{index}", place)


def test_devices_sit_by_uuid_place_or_number_else_by_order() -> None:
    assert seats_of([one(0), one(1)], ["GPU-1", "GPU-0"]) == [1, 0]
    assert seats_of([one(0, "c-slot1"), one(1, "c-slot2")], ["c-slot2", "c-slot1", "x"]) == [1, 0]
    assert seats_of([one(0), one(1)], ["gpu0", "gpu1", "gpu2"]) == [0, 1]
    assert seats_of([one(0), one(1)], ["left", "right"]) == [0, 1]


def test_devices_that_neither_name_nor_order_place_are_refused() -> None:
    with pytest.raises(InputError, match=r"GPU-0 .* is not on the site.* 2 GPUs are here"):
        seats_of([one(0), one(1)], ["a", "b", "c"])
