"""What a world acts through: its supervisor, actuators and the facility's bus."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from controllers.actuators.actuator import Actuator
from controllers.actuators.admit import LIVE_RULES, Rules
from controllers.actuators.opening import open_actuators
from controllers.policy import Mode, find_policies
from controllers.supervision.facility_bus import FacilityBus
from controllers.supervision.journal import Journal
from controllers.supervision.supervisor import Supervisor
from site_models.errors import InputError
from site_models.plant import Plant

Acting = Callable[[Plant], Actuator]
"""A plant -> what acts on it in place of what the wish says; policies may then be armed."""


class Acts(Protocol):
    """What a wish says of acting: see `controllers.worlds.Wish`."""

    @property
    def policies(self) -> tuple[str, ...]:
        """Return names, each with `=MODE` where not shadow."""

    @property
    def actuators(self) -> tuple[str, ...]:
        """Return what a live site may be acted on with."""

    @property
    def setpoints(self) -> str:
        """Return the facility's bus; empty: none."""

    @property
    def runs(self) -> Path:
        """Return the folder of what actuators write down."""

    @property
    def journal(self) -> Path | None:
        """Return the journal's file."""


@dataclass(frozen=True, slots=True)
class Acted:
    """What a world acts through."""

    supervisor: Supervisor
    bus: FacilityBus | None
    closing: tuple[Callable[[], None], ...]


def acted_on(
    plant: Plant, wish: Acts, live: bool, acting: Acting | None, rules: Rules | None
) -> Acted:
    """Return the supervisor of a world that is no scenario, and what is to be closed after it."""
    if (wish.actuators or wish.setpoints) and not live:
        raise InputError("--actuator, --setpoints: expected a live source with them")
    rules = rules or (LIVE_RULES if live else Rules())
    journal = Journal(wish.journal)
    if acting is not None:
        actuator = acting(plant)
    else:
        actuator = open_actuators(wish.actuators, plant, wish.runs, rules)
    closing = [getattr(actuator, "close", lambda: None)]
    bus = FacilityBus(wish.setpoints, plant, journal, wish.runs) if wish.setpoints else None
    if bus is not None:
        closing.append(bus.close)
    supervisor = Supervisor(
        plant,
        policies_of(wish.policies),
        actuator,
        modes=modes_of(wish.policies, may_arm=acting is not None),
        rules=rules,
        journal=journal,
        setpoints=bus.desk if bus is not None else None,
    )
    return Acted(supervisor, bus, tuple(closing))


def policies_of(wished: Sequence[str]) -> Mapping[str, Any]:
    """Return the policies with default parameters; InputError for an unknown name."""
    known = find_policies()
    chosen = {}
    for wish in wished:
        name = wish.partition("=")[0]
        if name not in known:
            raise InputError(f"policy {name!r}: expected one of: {', '.join(known)}")
        chosen[name] = known[name]()
    return chosen


def modes_of(wished: Sequence[str], may_arm: bool = False) -> dict[str, Mode]:
    """Return the modes that were asked for; InputError for others than there may be."""
    allowed = ("off", "shadow", "advise", "armed") if may_arm else ("off", "shadow", "advise")
    modes: dict[str, Any] = {}
    for wish in wished:
        name, given, mode = wish.partition("=")
        if given and mode not in allowed:
            said = f"{', '.join(allowed[:-1])} or {allowed[-1]}"
            raise InputError(f"policy {wish!r}: expected {said} after the =")
        modes[name] = mode or "shadow"
    return modes
