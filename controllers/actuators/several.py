"""One order for several actuators: GPUs by one, jobs by another."""

from collections.abc import Callable, Sequence

import numpy as np

from controllers.actuators.actuator import Actuator, Held
from controllers.actuators.admit import Limits
from controllers.actuators.order import Order
from site_models.arrays import Floats


class Several:
    """Each does of an order what is its own. One that fails does not stop the others."""

    def __init__(self, actuators: Sequence[Actuator]) -> None:
        """The first tells the limits."""
        self._actuators = tuple(actuators)

    @property
    def commands_jobs(self) -> bool:
        """Whether any of them can pause jobs and put them on other GPUs."""
        return any(getattr(one, "commands_jobs", False) for one in self._actuators)

    def limits(self) -> Limits:
        """Return the limits of the first."""
        return self._actuators[0].limits()

    def apply(self, order: Order, time_s: float) -> None:
        """Have the order written by all; OSError naming what failed."""
        self._each(lambda one: one.apply(order, time_s))

    def expire(self, time_s: float) -> None:
        """Have the defaults restored by all; OSError naming what failed."""
        self._each(lambda one: one.expire(time_s))

    def held(self) -> Held | None:
        """Return what any of them read back."""
        told = [held for held in (one.held() for one in self._actuators) if held is not None]
        if not told:
            return None
        return Held(*(_first(parts) for parts in zip(*told, strict=True)))

    def close(self) -> None:
        """Close those that can be."""
        for one in self._actuators:
            getattr(one, "close", lambda: None)()

    def _each(self, what: Callable[[Actuator], None]) -> None:
        failed = []
        for one in self._actuators:
            try:
                what(one)
            except OSError as error:
                failed.append(str(error))
        if failed:
            raise OSError("; ".join(failed))


def _first(parts: Sequence[Floats]) -> Floats:
    """Return for each GPU what the first one tells that tells anything."""
    found = parts[0]
    for part in parts[1:]:
        found = np.where(np.isnan(found), part, found)
    return found
