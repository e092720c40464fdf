"""How a law is written once and serves notebooks, tests and the compiled kernel."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast, overload

import numba

from site_models.arrays import Floats

F = TypeVar("F", bound=Callable[..., Any])


class Law(Protocol):
    """A universal function: numbers in, a number out; arrays broadcast."""

    @overload
    def __call__(self, *numbers: float) -> float: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, *numbers: float | Floats) -> Floats: ...


ROOM = Path(__file__).parent.parent


def law(function: Callable[..., float]) -> Law:
    """Return a scalar law as a universal function.

    Called from Python it broadcasts over arrays; called inside a compiled function it is
    the scalar code itself. Compiled on first use for float64 and kept on disk.
    """
    return cast(Law, numba.vectorize(nopython=True, cache=True)(function))  # type: ignore[no-untyped-call]


def compiled(function: F) -> F:
    """Return a function compiled without Python objects, kept on disk."""
    return cast(F, numba.njit(cache=True, error_model="numpy")(function))


def _kernel_folder() -> Path:
    """Return where compiled code is kept: one folder for each version of the sources.

    numba only looks at the file that a function stands in, so a kernel would go on with an
    old copy of a law that it has inlined from another file.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(ROOM.rglob("*.py")):
        digest.update(path.read_bytes())
    kept = ROOM / "__pycache__"
    if not os.access(ROOM, os.W_OK):
        kept = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ai-factory-twin"
    return kept / f"kernels-{digest.hexdigest()[:16]}"


if "NUMBA_CACHE_DIR" not in os.environ:
    numba.config.CACHE_DIR = str(_kernel_folder())  # type: ignore[attr-defined]
