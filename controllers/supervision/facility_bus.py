"""A facility asked over its bus: the desk that the supervisor keeps, and what the twin believes."""

import time
from pathlib import Path

import numpy as np

from controllers.actuators.bus import BusSetpoints
from controllers.actuators.ledger import Ledger
from controllers.supervision.journal import Journal
from controllers.supervision.setpoints import SetpointDesk
from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.frame import Frame
from twin.inputs import Believer
from twin.state import Inputs, State

SCHEME = "mqtt:"


class FacilityBus:
    """Setpoint requests of a live site: shadow, and dry, until somebody arms the desk."""

    def __init__(self, spec: str, plant: Plant, journal: Journal, folder: Path) -> None:
        """Open what `mqtt://HOST?map=FILE` names; InputError where that is not one."""
        if not spec.startswith(SCHEME):
            raise InputError(f"setpoints {spec!r}: expected mqtt://HOST?map=FILE")
        ledger = Ledger(folder / "bus_writes.jsonl")
        self._bus = BusSetpoints(spec.removeprefix(SCHEME), plant, time.time, ledger=ledger)
        self.desk = SetpointDesk(plant, self._bus, journal)
        self._plant = plant
        self._bus.start()

    def believe(self, believer: Believer, frame: Frame, before: Inputs, state: State) -> Inputs:
        """Return inputs with the setpoints that the building says it holds."""
        inputs = believer(frame, before, state)
        held_c = self._bus.standing().held_c
        setpoint_c = inputs.exchanger_setpoint_c.copy()
        cdus = self._plant.cdu_exchangers
        setpoint_c[cdus] = np.where(np.isnan(held_c), setpoint_c[cdus], held_c)
        return inputs._replace(exchanger_setpoint_c=setpoint_c)

    def close(self) -> None:
        """Withdraw what was asked and leave the bus."""
        self._bus.stop()
