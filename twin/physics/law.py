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
from numba.core.compiler_lock import global_compiler_lock
from numba.np.ufunc.dufunc import DUFunc

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
OPTIONS: dict[str, Any] = {
    "cache": True,
    "error_model": "numpy",
    "forceinline": True,
    "nogil": True,
    "no_cfunc_wrapper": True,
}
"""How every kernel is compiled. Nobody calls one by a pointer of C."""


def law(function: Callable[..., float]) -> Law:
    """Return a scalar law as a universal function.

    Called from Python it broadcasts over arrays; called inside a compiled function it is
    the scalar code itself. Compiled on first use for float64 and kept on disk.
    """
    _keep_with(function)
    return cast(Law, _Universal(function, cache=True, targetoptions={"nopython": True}))


class _Universal(DUFunc):
    """numba's own, which several threads may call for the first time at once.

    numba compiles for the first and warns the others that they ask for what is there. They
    only came at the same time, as requests do. Checked in ``tests/twin/physics/test_kernels.py``.
    """

    def _compile_for_argtys(self, argtys: Any, return_type: Any = None) -> Any:
        own, base = cast(Any, self), cast(Any, super())
        with global_compiler_lock:
            for known, found in own._dispatcher.overloads.items():
                if known.args == argtys:
                    return found
            return base._compile_for_argtys(argtys, return_type)


def compiled(function: F) -> F:
    """Return a function compiled without Python objects, kept on disk.

    It runs without the interpreter's lock: requests are answered while a large site steps.
    """
    return cast(F, Kernel(function))


class Kernel:
    """A compiled function: bare for kernels that call it, with a door for calls from Python.

    A door takes every array out of its Python object, one by one. For what takes `Arrays` and
    `State` that is nine tenths of the compiler's time, and most such are only called by others.
    So each of the two is compiled when it is first called for, and kept in a folder of its own.
    """

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        functools.update_wrapper(self, function)
        as_door = OPTIONS | options
        as_bare = as_door | {"no_cpython_wrapper": True}
        _keep_with(function)
        self._door = numba.njit(**as_door)(function)
        _keep_with(function, "bare")
        self._bare = numba.njit(**as_bare)(function)

    def __call__(self, *inputs: Any) -> Any:
        """Return what the function returns."""
        return self._door(*inputs)

    @property
    def _numba_type_(self) -> Any:
        """What it is to a kernel that calls it."""
        return self._bare._numba_type_

    def __reduce__(self) -> str:
        """Return its name, by which another process finds it."""
        return cast(str, cast(Any, self).__qualname__)


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


def borrowing(function: F) -> F:
    """Return a function compiled as `compiled` does, that neither makes nor returns arrays.

    What is given to it is held by whoever calls, so numba need not count who holds an array
    each time that one is taken out of a tuple: in loops over GPUs that took longer than their
    physics. One that makes an array does not compile; one that returned a tuple with an array
    would, and must not. The numbers are the same, ``tests/twin/servers/test_servers.py``.
    """
    return cast(F, Kernel(function, _nrt=False))


def _keep_with(function: Callable[..., Any], *below: str) -> None:
    """Let numba keep the function's code in a folder named after all that it may inline.

    numba itself only looks at the file that a function stands in, so a kernel would go on
    with an old copy of a law from another file.
    """
    folder = os.environ.get("NUMBA_CACHE_DIR") or _folder(function.__code__.co_filename)
    numba.config.CACHE_DIR = os.path.join(folder, *below)  # type: ignore[attr-defined]


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
        if source not in found and source.is_file():
            found.add(source)
            waiting += _imported_by(source)
    return found


@functools.cache
def _imported_by(source: Path) -> list[Path]:
    """Return the files that one imports from; the standard library's and others' do not exist."""
    return [
        CHECKOUT.joinpath(*statement.module.split(".")).with_suffix(".py")
        for statement in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(statement, ast.ImportFrom) and statement.module
    ]
