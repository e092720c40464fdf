"""The process that serves: how it shares the interpreter between its loop and its requests."""

import gc
import sys
import threading
from pathlib import Path

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
