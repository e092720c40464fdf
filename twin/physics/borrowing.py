"""How a function is compiled that only works on arrays which its caller holds."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

from twin.physics.law import _keep_with

F = TypeVar("F", bound=Callable[..., Any])


def borrowing(function: F) -> F:
    """Return a function compiled as `law.compiled` does, that neither makes nor returns arrays.

    What is given to it is held by whoever calls, so numba need not count who holds an array
    each time that one is taken out of a tuple: in loops over GPUs that took longer than their
    physics. One that makes an array does not compile; one that returned a tuple with an array
    would, and must not. The numbers are the same, ``tests/twin/test_servers.py``.
    """
    _keep_with(function)
    options: dict[str, Any] = {"error_model": "numpy", "forceinline": True, "nogil": True}
    options |= {"cache": True, "_nrt": False}
    return cast(F, numba.njit(**options)(function))
