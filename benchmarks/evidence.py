"""A row of `twin validate`: one model against something outside the project."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from benchmarks import validation

Status = Literal["pass", "short", "skipped"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One comparison. A row that falls short stays in the table and says why."""

    name: str
    reference: str
    """What it was held against, with its version or source."""
    ours: float
    """The figure that is judged: an error, a temperature, a time."""
    unit: str
    limit: str
    """What was asked of it, as text: `<= 0.2 %`."""
    status: Status
    baseline: str = ""
    """What a simpler way reaches on the same data."""
    why: str = ""
    """For a row that falls short or was skipped."""

    @classmethod
    def at_most(
        cls,
        name: str,
        reference: str,
        ours: float,
        limit: float,
        unit: str,
        baseline: str = "",
        why: str = "",
    ) -> "Evidence":
        """Return a row that passes up to the limit; `why` is kept if it does not."""
        passed = ours <= limit
        asked = f"<= {limit:g} {unit}".rstrip()
        return cls(
            name, reference, ours, unit, asked, "pass" if passed else "short", baseline,
            "" if passed else why,
        )  # fmt: skip

    @classmethod
    def within(
        cls,
        name: str,
        reference: str,
        ours: float,
        low: float,
        high: float,
        unit: str,
        baseline: str = "",
        why: str = "",
    ) -> "Evidence":
        """Return a row that passes between two bounds."""
        passed = low <= ours <= high
        asked = f"{low:g}..{high:g} {unit}".rstrip()
        return cls(
            name, reference, ours, unit, asked, "pass" if passed else "short", baseline,
            "" if passed else why,
        )  # fmt: skip

    @classmethod
    def skipped(cls, name: str, reference: str, why: str) -> "Evidence":
        """Return a row for a comparison that cannot be made here."""
        return cls(name, reference, float("nan"), "", "", "skipped", "", why)


def find_subjects() -> dict[str, ModuleType]:
    """Return the modules of `benchmarks/validation` by name."""
    return {
        found.name: importlib.import_module(f"{validation.__name__}.{found.name}")
        for found in pkgutil.iter_modules(validation.__path__)
    }


def gathered(only: str = "") -> Iterator[Evidence]:
    """Yield every row, or those of one subject."""
    for name, module in find_subjects().items():
        if only in ("", name):
            yield from module.rows()
