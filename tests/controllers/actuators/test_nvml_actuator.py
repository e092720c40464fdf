"""The armed actuator through the real binding and its watchdog, against an imitated driver."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.fakes.nvml.imitation import Imitation

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc to build it with"),
]
DEADMAN_S, COUNT = 2.0, 4


@pytest.fixture
def driver(tmp_path: Path) -> Imitation:
    """Return an imitated driver with four H200 that may be written to."""
    driver = Imitation(tmp_path / "driver", COUNT)
    driver.state.may_write = 1
    return driver


def armed(driver: Imitation, seconds: float = 60.0) -> subprocess.Popen[str]:
    """Return an armed loop in another process that has written to every GPU."""
    words = [sys.executable, "-m", "tests.fakes.nvml.armed_loop", str(driver.folder / "runs")]
    loop = subprocess.Popen(
        [*words, str(DEADMAN_S), str(seconds)],
        cwd=ROOT, env=driver.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert loop.stdout is not None
    assert loop.stdout.readline() == "armed\n", loop.stderr.read() if loop.stderr else ""
    assert restrained(driver)
    return loop


def restrained(driver: Imitation) -> bool:
    """Say whether any GPU is held to anything."""
    return any(
        gpu.limit_mw != gpu.limit_default_mw or gpu.locked_max_mhz for gpu in driver.gpus[:COUNT]
    )


def restored_within_s(driver: Imitation, most_s: float) -> float:
    """Return how long it took until everything was as it came; fail after `most_s`."""
    began_s = time.monotonic()
    while restrained(driver):
        assert time.monotonic() - began_s < most_s, driver.writes()[-4:]
        time.sleep(0.005)
    return time.monotonic() - began_s


def ended(loop: subprocess.Popen[str]) -> None:
    loop.kill()
    loop.wait()
    for pipe in (loop.stdout, loop.stderr):
        if pipe is not None:
            pipe.close()


def watchdog_of(loop: subprocess.Popen[str]) -> int:
    children = Path(f"/proc/{loop.pid}/task/{loop.pid}/children").read_text().split()
    return int(children[0])


def in_limits(driver: Imitation) -> bool:
    """Say whether no write was ever refused by a device: none was outside its limits."""
    return all(result == 0 for _, _, _, _, result in driver.writes())


@pytest.mark.parametrize("after_s", [0.0, 0.013, 0.2])
def test_a_loop_that_is_killed_leaves_the_defaults(driver: Imitation, after_s: float) -> None:
    loop = armed(driver)
    time.sleep(after_s)
    loop.send_signal(signal.SIGKILL)
    restored_within_s(driver, DEADMAN_S)
    ended(loop)
    time.sleep(0.1)
    assert not restrained(driver)
    assert in_limits(driver)


def test_a_loop_that_hangs_is_waited_for_as_long_as_it_said(driver: Imitation) -> None:
    loop = armed(driver)
    loop.send_signal(signal.SIGSTOP)
    restored_within_s(driver, DEADMAN_S + 0.3)
    count = len(driver.writes())
    time.sleep(0.2)
    assert len(driver.writes()) == count
    loop.send_signal(signal.SIGCONT)
    ended(loop)
    restored_within_s(driver, DEADMAN_S)


def test_a_killed_watchdog_is_replaced_and_the_defaults_restored(driver: Imitation) -> None:
    loop = armed(driver)
    os.kill(watchdog_of(loop), signal.SIGKILL)
    time.sleep(0.3)  # the loop fails at its next write: that ends it here
    ended(loop)
    restored_within_s(driver, 5.0)


def test_both_killed_the_next_start_restores_what_was_owed(driver: Imitation) -> None:
    loop = armed(driver)
    watchdog = watchdog_of(loop)
    loop.send_signal(signal.SIGSTOP)
    os.kill(watchdog, signal.SIGKILL)
    ended(loop)
    assert restrained(driver)
    loop = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.nvml.armed_loop", str(driver.folder / "runs"),
         str(DEADMAN_S), "0"],
        cwd=ROOT, env=driver.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    restored_within_s(driver, 10.0)
    loop.wait()
    ended(loop)


def test_a_hanging_gpu_does_not_keep_the_others_from_being_restored(driver: Imitation) -> None:
    loop = armed(driver)
    driver.gpus[1].hang_us = 1_500_000
    loop.send_signal(signal.SIGKILL)
    began_s = time.monotonic()
    others = [driver.gpus[k] for k in (0, 2, 3)]
    while any(gpu.limit_mw != gpu.limit_default_mw for gpu in others):
        assert time.monotonic() - began_s < 12.0
        time.sleep(0.01)
    driver.gpus[1].hang_us = 0
    restored_within_s(driver, 10.0)
    ended(loop)


def test_without_permission_nothing_is_written_and_it_is_said_once(driver: Imitation) -> None:
    driver.state.may_write = 0
    words = [sys.executable, "-m", "tests.fakes.nvml.armed_loop", str(driver.folder / "runs")]
    done = subprocess.run(
        [*words, str(DEADMAN_S), "5"], cwd=ROOT, env=driver.environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Insufficient Permissions" in done.stderr
    assert "4 GPUs do not take what is written" in done.stderr
    assert not restrained(driver)
