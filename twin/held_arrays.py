"""A plant's arrays handed to compiled code at once, and not array by array at every call."""

from functools import lru_cache
from typing import Any

from numba.core import types
from numba.experimental import structref

from site_models.plant import Arrays, Plant
from twin.physics.law import compiled


@structref.register
class _HeldType(types.StructRef):
    """numba's type of `Held`."""


class Held(structref.StructRefProxy):
    """Compiled code's own hold on `Arrays`; it reads them as `held.arrays`.

    To look at some two hundred arrays and count their holders takes longer than a substep of a
    small site; one reference is looked at in a hundredth of that.
    """


structref.define_boxing(_HeldType, Held)  # type: ignore[no-untyped-call]
structref.define_constructor(Held, _HeldType, ["arrays"])  # type: ignore[no-untyped-call]


@lru_cache(maxsize=8)
def held_arrays(plant: Plant) -> Any:
    """Return the `Held` of a plant: made once, good as long as anybody has it."""
    return _hold(plant.arrays)


@compiled
def _hold(arrays: Arrays) -> Any:
    return Held(arrays)  # type: ignore[no-untyped-call]
