"""A figure of `twin bench`, and how rows are found and timed."""

import importlib
import math
import pkgutil
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

from benchmarks import rows as row_files


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside its limit."""

    name: str
    value: float
    unit: str
    limit: float | None
    """None: a yardstick, printed beside the others."""
    passed: bool

    @classmethod
    def yardstick(cls, name: str, value: float, unit: str) -> "Row":
        """Return a row without a limit."""
        return cls(name, value, unit, None, True)

    @classmethod
    def at_least(cls, name: str, value: float, unit: str, limit: float) -> "Row":
        """Return a row that passes from the limit upwards."""
        return cls(name, value, unit, limit, value >= limit)

    @classmethod
    def at_most(cls, name: str, value: float, unit: str, limit: float) -> "Row":
        """Return a row that passes up to the limit."""
        return cls(name, value, unit, limit, value <= limit)


def find_groups() -> dict[str, ModuleType]:
    """Return the modules of `benchmarks/rows` by name."""
    return {
        found.name: importlib.import_module(f"{row_files.__name__}.{found.name}")
        for found in pkgutil.iter_modules(row_files.__path__)
    }


def measured(only: str = "") -> Iterator[Row]:
    """Measure and yield row after row; `only` keeps the group or row of that name.

    A group that breaks off loses nothing of the others: its trace goes to stderr, and a row of
    its name fails.
    """
    for name, module in find_groups().items():
        try:
            if only in ("", name):
                yield from module.rows()
            else:
                yield from (row for row in module.rows(only) if row.name == only)
        except Exception:
            traceback.print_exc()
            yield Row(f"{name}: broke off", math.nan, "", None, False)


def best_s(work: Callable[[], object], times: int = 5) -> float:
    """Return the shortest of several durations [s]: the one that others disturbed least."""
    durations = []
    for _ in range(times):
        began_s = time.perf_counter()
        work()
        durations.append(time.perf_counter() - began_s)
    return min(durations)
