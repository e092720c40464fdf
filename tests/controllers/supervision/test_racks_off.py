"""A rack that a policy shuts down is dark, and only a person turns it on again."""

import pytest

from controllers.loop import Loop, begun
from controllers.policy import Decision, View
from controllers.supervision.supervisor import Supervisor
from controllers.supervision.vetting import fault_of
from site_models.plant import Plant
from tests.fakes.small_plant import small_plant, small_state
from tests.fakes.small_run import believe_frame, full_load, rig_of, view_of

PLANT = small_plant()
RACK = PLANT.rack_names[0]


class CutsOnce:
    """Shuts a rack down at the third decision, and asks for nothing before and after."""

    def start(self, plant: Plant) -> int:
        """Return the number of decisions so far."""
        return 0

    def decide(self, view: View, memory: int) -> tuple[Decision, int]:
        """Return no cap, and the rack at the third time."""
        off = frozenset({RACK}) if memory == 2 else frozenset[str]()
        return Decision(full_load(view.plant), "cut", racks_off=off), memory + 1


def test_a_rack_that_was_shut_down_stays_dark_and_the_others_run() -> None:
    rig = rig_of(PLANT, full_load(PLANT, 0.6), 8.0)
    supervisor = Supervisor(PLANT, {"cuts_once": CutsOnce()}, rig, {"cuts_once": "armed"})
    first = begun(PLANT, rig.state, rig.inputs)
    loop = Loop(PLANT, rig, believe_frame, supervisor, first, in_force=lambda: rig.plant)
    others = PLANT.arrays.nodes.rack[PLANT.arrays.gpus.node] != 0
    seen = [(rig.state.rack_power_w[0], rig.state.gpu_power_w[others].min()) for _ in loop]
    assert [rack_w > 0.0 for rack_w, _ in seen] == [True] * 3 + [False] * 5
    assert min(gpu_w for _, gpu_w in seen) > 0.0
    rig.expire(rig.state.time_s)
    assert rig.order.racks_off == {RACK}


@pytest.mark.parametrize("mode", ["armed", "off"])
def test_a_person_turns_the_rack_on_again_and_the_journal_says_who(mode: str) -> None:
    rig = rig_of(PLANT, full_load(PLANT, 0.6), 12.0)
    supervisor = Supervisor(PLANT, {"cuts_once": CutsOnce()}, rig, {"cuts_once": "armed"})
    first = begun(PLANT, rig.state, rig.inputs)
    loop = Loop(PLANT, rig, believe_frame, supervisor, first, in_force=lambda: rig.plant)
    powers_w = []
    for tick, _ in enumerate(loop):
        powers_w.append(float(rig.state.rack_power_w[0]))
        if tick == 4:
            assert supervisor.racks_off == {RACK}
            supervisor.set_mode("cuts_once", mode, rig.state.time_s, "ann")
            assert not supervisor.turn_on(PLANT.rack_names[1], rig.state.time_s, "ann")
            assert supervisor.turn_on(RACK, rig.state.time_s, "ann", "pipe mended")
            assert not supervisor.turn_on(RACK, rig.state.time_s, "ann")
            assert supervisor.racks_off == frozenset()
    assert [one > 0.0 for one in powers_w] == [True] * 3 + [False] * 3 + [True] * 6
    assert rig.order.racks_off == frozenset()
    (entry,) = [one for one in supervisor.journal.latest() if "turned on" in one.what]
    assert (entry.what, entry.who, entry.reason) == (f"{RACK} turned on", "ann", "pipe mended")


def test_a_rack_that_is_not_there_is_a_fault() -> None:
    view, caps = view_of(PLANT, small_state(PLANT)), full_load(PLANT)
    ghost, real = (Decision(caps, "", racks_off=frozenset({name})) for name in ("ghost", RACK))
    assert "no rack here" in fault_of(ghost, view)
    assert fault_of(real, view) == ""
