"""The card of the grid: there while something is asked, with target, delivery and baseline."""

from dataclasses import replace

import numpy as np

from controllers.actuators.nobody import Nobody
from controllers.grid.grid_desk import GridDesk
from controllers.grid.targets import Targets
from controllers.policies.hold import Hold
from controllers.policy import LoadTarget
from controllers.supervision.supervisor import Supervisor
from dashboards.findings import Severity
from dashboards.parts.grid_card import grid_cards
from telemetry.frame import Frame
from tests.fakes.small_plant import START_S, small_plant
from tests.fakes.small_world import small_snapshot

PLANT = small_plant()
SHOT = small_snapshot(PLANT, 0, 0.5, Supervisor(PLANT, {"hold": Hold()}, Nobody(PLANT)))


def seen(desk: GridDesk, power_w: float, from_s: int, to_s: int) -> None:
    for k in range(from_s, to_s):
        frame = Frame(START_S + k, {"facility_power_w": np.array([power_w])})
        state = SHOT.state._replace(time_s=START_S + k)
        desk.look(replace(SHOT, frame=frame, state=state, dt_s=1.0))


def test_the_card_is_there_while_something_is_asked() -> None:
    desk = GridDesk(Targets())
    assert grid_cards(desk) == []
    seen(desk, 300e3, 0, 100)
    assert grid_cards(desk) == []
    desk.ask(LoadTarget(250e3, START_S + 220.0, START_S + 400.0), START_S + 100)
    seen(desk, 300e3, 100, 110)
    (card,) = grid_cards(desk)
    assert (card.title, card.value, card.unit) == ("Grid target", "250.0", "kW")
    assert card.detail.startswith("in 2 min")
    assert card.severity is Severity.NOTE
    seen(desk, 240e3, 110, 300)
    (card,) = grid_cards(desk)
    assert card.detail == "held · 60.0 kW below 300.0"
    assert card.share == 240.0 / 250.0
    seen(desk, 270e3, 300, 330)
    (card,) = grid_cards(desk)
    assert card.severity is Severity.OVER
    seen(desk, 240e3, 330, 402)
    (card,) = grid_cards(desk)
    assert card.title == "Grid event over"
    seen(desk, 300e3, 402, 420)
    assert grid_cards(desk) == []
