"""How a law is written once and serves notebooks, tests and the compiled kernel."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def law(function: F) -> F:
    """Return a scalar law as a universal function.

    Called from Python it broadcasts over arrays; called inside a compiled function it is
    the scalar code itself. Compiled on first use for float64 and kept on disk.
    """
    return cast(F, numba.vectorize(nopython=True, cache=True)(function))


def compiled(function: F) -> F:
    """Return a function compiled without Python objects, kept on disk."""
    return cast(F, numba.njit(cache=True, error_model="numpy")(function))
