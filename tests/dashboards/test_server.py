"""The process that serves: how it shares the interpreter between its loop and its requests."""

import gc
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dashboards.server import server_of
from tests.fakes.broker import until
from tests.fakes.small_world import SmallWorld


def test_requests_wait_neither_for_the_loop_nor_for_garbage_among_what_stays(
    tmp_path: Path,
) -> None:
    former_s = sys.getswitchinterval()
    server = server_of(SmallWorld(), "127.0.0.1", 0, audit=tmp_path / "audit.jsonl")
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started, "the server")
        assert sys.getswitchinterval() < 1e-3
        assert gc.get_freeze_count() > 10_000
    finally:
        server.should_exit = True
        thread.join(10.0)
        sys.setswitchinterval(former_s)
        gc.unfreeze()
    assert not thread.is_alive()


FAULTS = """
import resource, threading
import numpy as np
from dashboards.freed_memory import keep_freed_memory
found = []
def work():
    kept = []
    for _ in range(6):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        pieces = [np.ones(100_000) for _ in range(60)]
        temporary = [np.ones(100_000) for _ in range(60)]
        kept.append(pieces)
        del kept[:-2], pieces, temporary
        found.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
assert keep_freed_memory()
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(found[0], found[-1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the GNU C library alone is told")
def test_what_one_tick_frees_the_next_one_uses_without_asking_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, last = map(int, done.stdout.split())
    assert last < 0.1 * first + 100
