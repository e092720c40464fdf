"""Memory that one tick frees is what the next one asks for."""

import ctypes

ARENA_MAX, TRIM_THRESHOLD, MMAP_THRESHOLD = -8, -1, -3
"""Names of settings in malloc.h of the GNU C library."""
KEPT_BYTES, LARGE_BYTES = 256 << 20, 32 << 20
"""Freed memory that stays with the process, and from which size on a piece is never kept."""


def keep_freed_memory() -> bool:
    """Keep what is freed; False where the C library is another one, which then does as it does.

    Else the memory of a large site's tick goes back to the system and is fetched anew every
    second, page by page: a quarter of the tick's time. To be called before threads are started:
    they then share one pool. Checked in ``tests/dashboards/test_server.py``.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):
        return False
    settings = {ARENA_MAX: 1, TRIM_THRESHOLD: KEPT_BYTES, MMAP_THRESHOLD: LARGE_BYTES}
    return all(mallopt(name, value) == 1 for name, value in settings.items())
