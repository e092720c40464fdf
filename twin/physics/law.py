"""How a law is written once and serves notebooks, tests and the compiled kernel."""

import ast
import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast, get_type_hints, overload

import numba
from numba.core import sigutils

from site_models.arrays import Flags, Floats, Ints

F = TypeVar("F", bound=Callable[..., Any])


class Law(Protocol):
    """A universal function: numbers in, a number out; arrays broadcast."""

    @overload
    def __call__(self, *numbers: float) -> float: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, *numbers: float | Floats) -> Floats: ...


CHECKOUT = Path(__file__).parents[2]
"""Folder that the rooms stand in."""


def law(function: Callable[..., float]) -> Law:
    """Return a scalar law as a universal function.

    Called from Python it broadcasts over arrays; called inside a compiled function it is
    the scalar code itself. Compiled on first use for float64 and kept on disk.
    """
    _keep_with(function)
    return cast(Law, numba.vectorize(nopython=True, cache=True)(function))  # type: ignore[no-untyped-call]


def compiled(function: F) -> F:
    """Return a function compiled without Python objects, kept on disk.

    It runs without the interpreter's lock: requests are answered while a large site steps.
    """
    _keep_with(function)
    return cast(
        F, numba.njit(cache=True, error_model="numpy", forceinline=True, nogil=True)(function)
    )


def compiled_for(signature: str, *records: type[Any]) -> Callable[[F], F]:
    """Return a decorator like `compiled` that has the code ready at import.

    For what answers a request: nobody's request may wait for the compiler. `records` are named
    tuples of `Floats`, `Ints` and `Flags` that the function takes after the signature's.
    """
    takes, gives = sigutils.normalize_signature(signature)  # type: ignore[no-untyped-call]
    whole = gives(*takes, *(_record_type(record) for record in records))

    def decorator(function: F) -> F:
        _keep_with(function)
        return cast(
            F, numba.njit(whole, cache=True, error_model="numpy", forceinline=True)(function)
        )

    return decorator


def _record_type(record: type[Any]) -> Any:
    numbers = {Floats: numba.float64, Ints: numba.int64, Flags: numba.boolean}
    fields = tuple(numbers[kind][::1] for kind in get_type_hints(record).values())
    return numba.types.BaseTuple.from_types(fields, record)  # type: ignore[no-untyped-call]


def inlined(function: F) -> F:
    """Return a compiled function that becomes part of each that calls it.

    For short ones inside loops that take `Arrays` or `State`: numba hands such over field by
    field, which takes longer than what they do.
    """
    _keep_with(function)
    return cast(F, numba.njit(cache=True, error_model="numpy", inline="always")(function))


def borrowing(function: F) -> F:
    """Return a function compiled as `compiled` does, that neither makes nor returns arrays.

    What is given to it is held by whoever calls, so numba need not count who holds an array
    each time that one is taken out of a tuple: in loops over GPUs that took longer than their
    physics. One that makes an array does not compile; one that returned a tuple with an array
    would, and must not. The numbers are the same, ``tests/twin/test_servers.py``.
    """
    _keep_with(function)
    options: dict[str, Any] = {"error_model": "numpy", "forceinline": True, "nogil": True}
    options |= {"cache": True, "_nrt": False}
    return cast(F, numba.njit(**options)(function))


def _keep_with(function: Callable[..., Any]) -> None:
    """Let numba keep the function's code in a folder named after all that it may inline.

    numba itself only looks at the file that a function stands in, so a kernel would go on
    with an old copy of a law from another file.
    """
    if "NUMBA_CACHE_DIR" not in os.environ:
        numba.config.CACHE_DIR = _folder(function.__code__.co_filename)  # type: ignore[attr-defined]


@functools.cache
def _folder(path: str) -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sorted(_sources_behind(Path(path))):
        digest.update(source.read_bytes())
    kept = CHECKOUT / "twin" / "__pycache__"
    if not os.access(CHECKOUT / "twin", os.W_OK):
        kept = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ai-factory-twin"
    return str(kept / f"kernels-{digest.hexdigest()[:16]}")


def _sources_behind(path: Path) -> set[Path]:
    """Return a file and every file of the project that it imports from, however far."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        source = waiting.pop()
        if source in found or not source.is_file():
            continue
        found.add(source)
        waiting += [
            CHECKOUT.joinpath(*statement.module.split(".")).with_suffix(".py")
            for statement in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
            if isinstance(statement, ast.ImportFrom) and statement.module
        ]
    return found
