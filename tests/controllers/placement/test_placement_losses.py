"""Places that must survive a loss do, long jobs see the heat of their time, segments stay whole."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from controllers.jobs.allocations import Allocations
from controllers.outdoors import outdoors_of
from controllers.placement.ahead import STILL, rise_of
from controllers.placement.models import Answer, Request, read_request
from controllers.placement.rank import rank
from controllers.plant_edits import with_pumps
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.placing import Maintenance, Placing
from site_models.plant import Plant
from site_models.site import Site, load_site
from tests.fakes.small_plant import small_arrays, small_inputs, small_plant, small_state
from twin.start import first_state, idle_inputs
from twin.state import Inputs
from twin.steady import steady

PLANT = small_plant()
JULY_NOON_S = 1_720_810_800.0


def ask(
    plant: Plant,
    inputs: Inputs | None = None,
    now_s: float | None = None,
    placing: Placing | None = None,
    **wish: Any,
) -> Answer:
    state = small_state(plant)
    inputs = small_inputs(plant) if inputs is None else inputs
    now_s = state.time_s if now_s is None else now_s
    plant = plant if placing is None else replace(plant, placing=placing)
    return rank(plant, state, inputs, Allocations(plant), Request(job="j", **wish), now_s)


@cache
def weak() -> Plant:
    """Return the small plant with pumps that just suffice."""
    arrays = small_arrays()
    slow = arrays.circuits._replace(pump_speed_max=np.array([1.0, 0.45, 1.0, 1.0]))
    return small_plant(arrays._replace(circuits=slow))


def test_a_lost_pump_is_told_as_the_plant_with_one_pump_less_comes_to_rest() -> None:
    plant = weak()
    inputs, state = small_inputs(plant), steady(plant, small_inputs(plant))
    request = Request(job="j", gpus=16, gpu_model="gb200", gpu_power_w=1100.0, n_minus_1=True)
    best = rank(plant, state, inputs, Allocations(plant), request, 0.0).advice[0]
    (line,) = [line for line in best.reasons if line.startswith("with a CDU pump lost")]
    told_c = float(line.split("lost ")[1].split(" ")[0])
    mine = Allocations(plant).indices(best.gpus)
    drawn_w = inputs.gpu_power_w.copy()
    drawn_w[mine] = 1100.0
    after = steady(with_pumps(plant, 1, 0.5), inputs._replace(gpu_power_w=drawn_w))
    assert told_c > best.predicted.gpu_temp_max_c + 0.5
    assert told_c == pytest.approx(after.gpu_temp_c[mine].max(), abs=1.0)


def test_a_place_that_a_lost_pump_makes_too_hot_is_refused_only_where_that_counts() -> None:
    arrays = small_arrays()
    slow = arrays.circuits._replace(pump_speed_max=np.array([1.0, 0.33, 1.0, 1.0]))
    plant = small_plant(arrays._replace(circuits=slow))
    hot = {"gpus": 16, "gpu_model": "gb200", "gpu_power_w": 1100.0}
    assert ask(plant, **hot).advice
    at_loss = ask(plant, n_minus_1=True, **hot)
    assert at_loss.advice == ()
    assert at_loss.rejected["temperature at N-1, a CDU pump lost"] > 0
    strict = Placing(n_minus_1=("cdu_pump",))
    assert ask(plant, placing=strict, **hot).advice == ()
    assert ask(plant, placing=strict, n_minus_1=False, **hot).advice


def test_power_holds_with_either_feed_lost_or_it_is_said_which() -> None:
    arrays = small_arrays()
    rating = np.array([15e4, 11e4, 21e3, 21e3, 3e4])
    plant = small_plant(arrays._replace(feeds=arrays.feeds._replace(rating_w=rating)))
    wish = {"gpus": 16, "gpu_model": "gb200"}
    both = ask(plant, **wish)
    assert both.advice
    one = ask(plant, n_minus_1=True, **wish)
    assert one.advice == ()
    assert any("at N-1, feed pdu-" in reason for reason in one.rejected), one.rejected
    small = ask(plant, n_minus_1=True, gpus=4, gpu_model="gb200", gpu_power_w=400.0)
    assert any("any one feed lost" in line for line in small.advice[0].reasons)


def test_a_rack_with_one_feed_is_said_to_go_dark() -> None:
    plant = compile_site("pilot")
    inputs = idle_inputs(plant, 25.0, 18.0)
    request = Request(job="j", gpus=4, n_minus_1=True)
    state = first_state(plant, inputs, 0.0)
    best = rank(plant, state, inputs, Allocations(plant), request, 0.0).advice[0]
    assert any(line.startswith("goes dark with") for line in best.reasons)


def test_work_that_falls_into_a_job_keeps_it_away() -> None:
    work = Maintenance.model_validate(
        {"targets": ["r0", "node8"], "start": "2027-01-15T08:00:00Z", "end": "2027-01-15T09:00:00Z"}
    )
    kept = Placing(maintenance=(work,))
    assert work.start is not None
    before_s = work.start.timestamp() - 1800.0
    wish: dict[str, Any] = {"gpus": 1, "limit": 100, "gpu_power_w": 300.0, "placing": kept}
    short = ask(PLANT, duration_s=900.0, now_s=before_s, **wish)
    assert "maintenance" not in short.rejected
    long = ask(PLANT, duration_s=7200.0, now_s=before_s, **wish)
    assert long.rejected["maintenance"] == 24
    offered = {node for advice in long.advice for node in advice.nodes}
    assert offered == {"node4", "node5", "node6", "node7", "node9"}


def test_segments_stay_in_one_rack_each() -> None:
    plant = PLANT
    wish: dict[str, Any] = {"gpu_model": "gb200", "gpu_power_w": 500.0, "gpus_per_node": 4}
    for advice in ask(plant, gpus=24, segment=3, **wish).advice:
        racks = [plant.arrays.nodes.rack[plant.node_names.index(name)] for name in advice.nodes]
        assert sorted(np.unique(racks, return_counts=True)[1].tolist()) == [3, 3]
    assert ask(plant, gpus=32, segment=3 + 1, **wish).advice
    with pytest.raises(InputError, match="segment x gpus_per_node = 12"):
        read_request({"job": "a", "gpus": 16, "segment": 3, "gpus_per_node": 4})
    with pytest.raises(InputError, match="needs gpus_per_node"):
        read_request({"job": "a", "gpus": 16, "segment": 2})


def test_the_hottest_hour_of_a_job_is_that_of_the_weather_file() -> None:
    outdoors = outdoors_of(load_site("pilot").location)
    dawn_s = JULY_NOON_S - 13.0 * 3600.0 // 3600.0 * 3600.0
    hours = [outdoors(dawn_s + 3600.0 * k)[0] for k in range(13)]
    rise = rise_of(outdoors, dawn_s, 12.0 * 3600.0)
    assert rise.dry_bulb_k == pytest.approx(max(hours) - hours[0], abs=0.06)
    assert rise.dry_bulb_k > 3.0
    assert rise_of(outdoors, dawn_s, 60.0).dry_bulb_k <= rise.dry_bulb_k
    assert rise_of(None, dawn_s, 1e6) == STILL


def test_a_long_job_is_kept_away_from_what_the_heat_of_its_day_leaves_uncooled() -> None:
    warm = small_inputs(PLANT)._replace(
        dry_bulb_c=30.0, wet_bulb_c=27.0, exchanger_setpoint_c=np.array([40.0, 23.0, 44.0, 15.0])
    )
    before = steady(PLANT, warm)

    def day(time_s: float) -> tuple[float, float]:
        return (44.0, 41.0) if time_s % 86_400.0 > 40_000.0 else (30.0, 27.0)

    def told(duration_s: float, gpus: int) -> Answer:
        request = Request(job="j", gpus=gpus, gpu_model="gb200", gpu_power_w=900.0,
                          duration_s=duration_s)  # fmt: skip
        return rank(PLANT, before, warm, Allocations(PLANT), request, 0.0, day)

    assert told(3600.0, 16).advice
    long = told(12.0 * 3600.0, 16)
    assert long.advice == ()
    assert long.rejected["cooling of fws"] > 0
    (small, *_) = told(12.0 * 3600.0, 2).advice
    assert "in the hottest hour of its time, 44 °C outdoors" in small.reasons


def test_the_site_file_states_weights_that_add_up_and_names_that_exist() -> None:
    raw = load_site("edge").model_dump(mode="json")
    with pytest.raises(ValueError, match="add up to 1"):
        Site.model_validate(raw | {"placement": {"weights": {"fabric": 0.9}}})
    with pytest.raises(ValueError, match="not permitted"):
        Site.model_validate(raw | {"placement": {"n_minus_2": []}})
    nobody = Site.model_validate(raw | {"placement": {"maintenance": [{"targets": ["nobody"]}]}})
    with pytest.raises(InputError, match=r"placement.maintenance.0.targets: nothing is named"):
        compile_site(nobody)
    packed = {"temperature": 0.0, "headroom": 0.0, "fabric": 0.0, "packing": 1.0}
    chosen = Site.model_validate(raw | {"placement": {"weights": packed}})
    assert chosen.placement.weights.packing == 1.0
    assert compile_site(chosen).site_hash == compile_site("edge").site_hash
