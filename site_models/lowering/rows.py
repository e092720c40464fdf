"""Arrays of an axis, collected row by row."""

from typing import Any, Generic, TypeVar, get_type_hints

import numpy as np
from numpy.typing import NDArray

from site_models.arrays import Flags, Floats, Ints

T = TypeVar("T", bound=tuple[Any, ...])

_DTYPES = {Floats: np.float64, Ints: np.int64, Flags: np.bool_}


class Rows(Generic[T]):
    """Rows of one of the plant's tuples of arrays; `add` names every field."""

    def __init__(self, axis: type[T]) -> None:
        self._axis = axis
        self._columns: dict[str, list[Any]] = {name: [] for name in get_type_hints(axis)}
        self.names: list[str] = []

    def __len__(self) -> int:
        return len(self.names)

    def add(self, name: str, **values: float) -> int:
        """Add a row and return its index."""
        for column, items in self._columns.items():
            items.append(values.pop(column))
        assert not values, f"{self._axis.__name__} has no {sorted(values)}"
        self.names.append(name)
        return len(self.names) - 1

    def column(self, field: str) -> list[Any]:
        """Return what a field holds so far."""
        return self._columns[field]

    def arrays(self) -> T:
        """Return the columns as read-only arrays."""
        hints = get_type_hints(self._axis)
        made = []
        for column, items in self._columns.items():
            array: NDArray[Any] = np.array(items, dtype=_DTYPES[hints[column]])
            array.setflags(write=False)
            made.append(array)
        return self._axis(*made)
