"""Modes by part and for a while, holds, read-back, rollback, and policies that hang."""

import threading
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from controllers.actuators.actuator import Held
from controllers.actuators.admit import Limits, Rules
from controllers.actuators.nobody import Nobody
from controllers.actuators.order import Order, default_order
from controllers.policy import Decision, Facility, JobOn, Mode, Policy, View
from controllers.supervision.scopes import Scopes
from controllers.supervision.supervisor import Supervisor
from controllers.supervision.verifying import Prediction, lowest_clock_w
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.plant import Plant
from tests.fakes.small_plant import small_plant, small_state
from tests.fakes.small_run import view_of
from twin.start import first_state, rated_inputs
from twin.state import MEASURED

PLANT = small_plant()
GPUS = len(PLANT.gpu_names)
MOST_W = PLANT.arrays.gpus.power_max_w
STATE = small_state(PLANT, 0.4)
RACK = PLANT.arrays.nodes.rack[PLANT.arrays.gpus.node]
FIRST = np.isin(RACK, RACK[0])
FIRST_RACK = PLANT.rack_names[int(RACK[0])]


class Device:
    """An actuator that keeps what it is told, and may not hold it."""

    def __init__(self, commands_jobs: bool = True) -> None:
        self.order: Order | None = None
        self.expired = 0
        self.deaf = False
        self.commands_jobs = commands_jobs

    def limits(self) -> Limits:
        return Nobody(PLANT).limits()

    def apply(self, order: Order, time_s: float) -> None:
        self.order = order

    def expire(self, time_s: float) -> None:
        self.order, self.expired = None, self.expired + 1

    def held(self) -> Held | None:
        if self.order is None:
            return None
        cap_w = MOST_W if self.deaf else self.order.gpu_cap_w
        return Held(cap_w, self.order.gpu_clock_share, np.full(GPUS, np.nan))


@dataclass(frozen=True)
class Says:
    """A policy that answers what it was given."""

    answer: Any

    def start(self, plant: Plant) -> tuple[()]:
        return ()

    def decide(self, view: View, memory: tuple[()]) -> tuple[Decision, tuple[()]]:
        return self.answer, memory


@dataclass(frozen=True)
class Guards(Says):
    """One that guards hardware."""

    safety: ClassVar[bool] = True


def at(second: float, **changes: Any) -> View:
    return replace(view_of(PLANT, STATE._replace(time_s=second)), **changes)


def supervised(mode: Mode, rules: Rules | None = None, **parts: Any) -> tuple[Supervisor, Device]:
    device, answer = Device(), Decision(MOST_W - 100.0, "because", **parts)
    return Supervisor(PLANT, {"p": Says(answer)}, device, {"p": mode}, rules), device


def test_scopes_are_the_site_its_rows_racks_and_cdus() -> None:
    scopes = Scopes(PLANT)
    for name in (*PLANT.row_names, *PLANT.rack_names, *PLANT.axis("cdu")):
        assert name in scopes.names
    np.testing.assert_array_equal(scopes.part(FIRST_RACK).gpus, FIRST)
    cdu = scopes.part(PLANT.axis("cdu")[0])
    loop = PLANT.arrays.exchangers.hot_circuit[PLANT.cdu_exchangers[0]]
    assert cdu.circuits[loop]
    assert cdu.exchangers[PLANT.cdu_exchangers[0]]
    assert scopes.part("site").circuits.all()
    with pytest.raises(InputError, match="scope"):
        scopes.part("attic")


def test_a_policy_is_armed_in_a_rack_alone() -> None:
    supervisor, device = supervised("advise", Rules(rise_w_per_s=1e4))
    supervisor.set_mode("p", "armed", 1.0, "admin", scope=FIRST_RACK)
    ruling = supervisor.rule(at(2.0))
    assert device.order is not None
    np.testing.assert_array_equal(device.order.gpu_cap_w < MOST_W, FIRST)
    assert (ruling.decision.gpu_cap_w < MOST_W).all()
    supervisor.set_mode("p", "armed", 2.0, "admin")
    supervisor.set_mode("p", "shadow", 2.0, "operator", scope=FIRST_RACK)
    supervisor.rule(at(3.0))
    np.testing.assert_array_equal(device.order.gpu_cap_w < MOST_W, ~FIRST)


def test_an_armed_mode_ends_in_its_time() -> None:
    supervisor, device = supervised("shadow")
    supervisor.set_mode("p", "armed", 1.0, "admin", until_s=5.0)
    supervisor.rule(at(2.0))
    assert device.order is not None
    ruling = supervisor.rule(at(5.0))
    assert ruling.standings[0].mode == "advise"
    assert device.expired == 1
    assert "its time is over" in [entry.reason for entry in supervisor.journal.latest()]
    with pytest.raises(InputError, match="expires"):
        supervisor.set_mode("p", "armed", 9.0, "admin", until_s=9.0)


def test_a_held_part_stays_as_it_is_until_it_is_released() -> None:
    supervisor, device = supervised("armed")
    supervisor.hold(FIRST_RACK, 0.0, "operator", "work at the rack")
    supervisor.rule(at(1.0))
    assert device.order is not None
    np.testing.assert_array_equal(device.order.gpu_cap_w == MOST_W, FIRST)
    assert supervisor.holds()[FIRST_RACK].who == "operator"
    assert supervisor.release(FIRST_RACK, 1.5, "operator")
    assert not supervisor.release(FIRST_RACK, 1.5, "operator")
    supervisor.rule(at(2.0))
    assert (device.order.gpu_cap_w < MOST_W).all()
    supervisor.hold("site", 2.0, "operator", until_s=4.0)
    supervisor.rule(at(4.0))
    assert supervisor.holds() == {}


def test_a_job_is_paused_where_all_its_gpus_are_armed() -> None:
    whole = JobOn("whole", np.flatnonzero(FIRST).astype(np.int64), preemptible=True)
    astride = JobOn("astride", np.arange(GPUS, dtype=np.int64), preemptible=True)
    supervisor, device = supervised("advise", paused=frozenset({"whole", "astride"}))
    supervisor.set_mode("p", "armed", 1.0, "admin", scope=FIRST_RACK)
    supervisor.rule(at(2.0, jobs=(whole, astride)))
    assert device.order is not None
    assert device.order.paused == {"whole"}


def test_what_cannot_pause_jobs_says_so_and_stops_none() -> None:
    job = JobOn("a", np.flatnonzero(FIRST).astype(np.int64), preemptible=True)
    says = Says(Decision(MOST_W, "because", paused=frozenset({"a"})))
    supervisor = Supervisor(PLANT, {"p": says}, Device(commands_jobs=False), {"p": "armed"})
    ruling = supervisor.rule(at(1.0, jobs=(job,)))
    assert not ruling.order.paused
    assert any("nothing that acts here can pause a job" in line for line in ruling.health)


def test_facility_wishes_follow_the_scope() -> None:
    wish = Facility(
        np.full(len(PLANT.exchanger_names), 30.0), np.full(len(PLANT.circuit_names), 1.2)
    )
    supervisor, device = supervised("advise", facility=wish)
    cdu = PLANT.axis("cdu")[0]
    supervisor.set_mode("p", "armed", 1.0, "admin", scope=cdu)
    supervisor.rule(at(2.0))
    assert device.order is not None
    part = Scopes(PLANT).part(cdu)
    np.testing.assert_array_equal(~np.isnan(device.order.facility[0]), part.exchangers)
    np.testing.assert_array_equal(~np.isnan(device.order.facility[1]), part.circuits)


def test_what_devices_do_not_hold_is_said_after_a_while() -> None:
    supervisor, device = supervised("armed", Rules(verify_s=3.0))
    device.deaf = True
    lines = [line for s in range(1, 6) for line in supervisor.rule(at(float(s))).health]
    assert [line for line in lines if line.startswith("not verified")]
    device.deaf = False
    assert not supervisor.rule(at(6.0)).health


def test_gpus_over_their_caps_undo_everything() -> None:
    supervisor, device = supervised("armed", Rules(depart_s=5.0, fall_w_per_s=1e4))
    hot = STATE._replace(gpu_power_w=MOST_W.copy())
    low = Decision(np.maximum(MOST_W - 300.0, PLANT.arrays.gpus.power_min_w), "low")
    supervisor.set_policy("p", Says(low), 0.0, "test")
    view = at(1.0)
    for second in range(1, 12):
        now = replace(view, state=hot._replace(time_s=float(second)), time_s=float(second))
        ruling = supervisor.rule(now)
        if device.expired:
            break
    assert second == 6
    assert ruling.standings[0].mode == "advise"
    assert any(line.startswith("rolled back") for line in ruling.health)
    supervisor.set_mode("p", "armed", 20.0, "admin", "looked at it")
    assert not any(line.startswith("rolled back") for line in supervisor.rule(at(21.0)).health)


@pytest.mark.parametrize(("over", "said"), [(1.05, False), (1.2, True)])
def test_a_hot_gpu_at_its_lowest_clock_may_draw_more_than_its_lowest_cap(
    over: float, said: bool
) -> None:
    """A loop without flow: power given back for that would melt the rack."""
    plant = compile_site("edge")
    gpus = plant.arrays.gpus
    drawn_w = over * lowest_clock_w(plant)
    assert (drawn_w > 1.2 * gpus.power_min_w).all()
    inputs = rated_inputs(plant, 30.0, 20.0)
    inputs = inputs._replace(gpu_power_basis=np.full(len(drawn_w), MEASURED, dtype=np.int64))
    state = first_state(plant, inputs, 0.0)._replace(gpu_power_w=drawn_w)
    order = default_order(plant, gpus.power_min_w)._replace(until_s=1e9)
    prediction, age_s = Prediction(plant, Rules(depart_s=5.0)), np.zeros(len(drawn_w))
    views = [View(plant, state, inputs, float(s), 1.0, 0.0, age_s) for s in range(10)]
    assert any(prediction.look(view, order, age_s == 0.0) for view in views) == said


def test_what_guards_hardware_stays_armed_when_all_else_is_undone() -> None:
    rules = Rules(predict_s=60.0, depart_k=5.0, depart_s=3.0, fall_w_per_s=1e4)
    device = Device()
    guard = Guards(Decision(MOST_W - 50.0, "hot"))
    other = Says(Decision(MOST_W - 100.0, "because"))
    policies: dict[str, Policy] = {"guard": guard, "p": other}
    modes: dict[str, Mode] = dict.fromkeys(policies, "armed")
    supervisor = Supervisor(PLANT, policies, device, modes, rules)
    supervisor.rule(at(1.0))
    for second in range(2, 9):
        warm = STATE._replace(gpu_temp_c=STATE.gpu_temp_c + 5.0 * second)
        ruling = supervisor.rule(at(float(second), state=warm._replace(time_s=float(second))))
    assert [one.mode for one in ruling.standings] == ["armed", "advise"]
    assert device.expired == 0
    for second in range(9, 120):
        supervisor.rule(at(float(second)))
    assert device.order is not None
    np.testing.assert_array_equal(device.order.gpu_cap_w, MOST_W - 50.0)


def test_warmer_than_foretold_undoes_everything() -> None:
    rules = Rules(predict_s=60.0, depart_k=5.0, depart_s=3.0)
    supervisor, device = supervised("armed", rules)
    supervisor.rule(at(1.0))
    for second in range(2, 9):
        warm = STATE._replace(gpu_temp_c=STATE.gpu_temp_c + 5.0 * second)
        supervisor.rule(at(float(second), state=warm._replace(time_s=float(second))))
    assert device.expired == 1
    assert device.order is None


@dataclass(frozen=True)
class Hangs:
    """A policy that does not answer until it is let go."""

    gate: ClassVar[threading.Event] = threading.Event()

    def start(self, plant: Plant) -> tuple[()]:
        return ()

    def decide(self, view: View, memory: tuple[()]) -> tuple[Decision, tuple[()]]:
        self.gate.wait(20.0)
        return Decision(MOST_W - 50.0, "late"), memory


def test_a_policy_that_hangs_is_taken_out_and_the_rest_go_on() -> None:
    device = Device()
    policies: dict[str, Policy] = {
        "stuck": Hangs(),
        "fine": Says(Decision(MOST_W - 100.0, "because")),
    }
    modes: dict[str, Mode] = dict.fromkeys(policies, "armed")
    supervisor = Supervisor(PLANT, policies, device, modes, Rules(decide_s=0.05))
    ruling = supervisor.rule(at(1.0))
    assert "hangs" in ruling.standings[0].alarm
    assert device.order is not None
    np.testing.assert_array_equal(device.order.gpu_cap_w, MOST_W - 100.0)
    assert any("policy stuck taken out" in line for line in supervisor.rule(at(2.0)).health)
    Hangs.gate.set()
    supervisor.set_mode("stuck", "armed", 3.0, "admin")
    assert supervisor.rule(at(4.0)).standings[0].alarm == ""


def test_racks_are_shut_down_where_armed_and_stay_so_when_all_else_is_undone() -> None:
    supervisor, device = supervised("advise", racks_off=frozenset(PLANT.rack_names[:2]))
    supervisor.set_mode("p", "armed", 1.0, "admin", scope=PLANT.rack_names[0])
    supervisor.rule(at(2.0))
    assert device.order is not None
    assert device.order.racks_off == {PLANT.rack_names[0]}
    supervisor.set_mode("p", "advise", 3.0, "operator")
    supervisor.rule(at(4.0))
    assert device.expired == 1
    supervisor.set_policy("p", Says(Decision(MOST_W - 50.0, "because")), 5.0, "test")
    supervisor.set_mode("p", "armed", 5.0, "admin")
    assert supervisor.rule(at(6.0)).order.racks_off == {PLANT.rack_names[0]}
