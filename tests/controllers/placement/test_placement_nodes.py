"""A verdict on a node says what ranking says of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.placement.models import Request
from controllers.placement.nodes import Verdict, verdicts
from controllers.placement.rank import rank
from tests.fakes.small_plant import small_arrays, small_inputs, small_plant, small_state
from tests.fakes.standing import standing
from twin.state import State

PLANT = small_plant()
STATE, INPUTS = small_state(PLANT, 0.3), small_inputs(PLANT, 0.3)


def judged(request: Request, table: Allocations, state: State = STATE) -> dict[str, Verdict]:
    stand, traffic = standing(PLANT, state, INPUTS, table)
    found = verdicts(stand, traffic, request, PLANT.node_names, STATE.time_s)
    return {one.node: one for one in found}


@settings(max_examples=40)
@given(
    gpus=st.integers(1, 9),
    busy=st.sets(st.integers(0, 47), max_size=40),
    hot=st.dictionaries(st.integers(0, 47), st.sampled_from([80.0, 84.5, 89.0]), max_size=4),
    data=st.data(),
)
def test_the_nodes_that_are_ranked_pass_with_the_same_score(
    gpus: int, busy: set[int], hot: dict[int, float], data: st.DataObject
) -> None:
    temp_c = STATE.gpu_temp_c.copy()
    temp_c[list(hot)] = list(hot.values())
    state = STATE._replace(gpu_temp_c=temp_c)
    table = Allocations(PLANT)
    if busy:
        table.put(Allocation("other", np.array(sorted(busy), dtype=np.int64), 0.0), 0.0)
    power_w = data.draw(st.sampled_from([None, 400.0, 700.0]))
    request = Request(job="j", gpus=gpus, required_level="node", gpu_power_w=power_w, limit=100)
    found = judged(request, table, state)
    answer = rank(PLANT, state, INPUTS, table, request, STATE.time_s)
    for advice in answer.advice:
        score = found[advice.nodes[0]].score
        assert score == pytest.approx(advice.score, abs=1e-6)
    passed = {name for name, one in found.items() if one.score is not None}
    assert passed == {advice.nodes[0] for advice in answer.advice}
    assert all(bool(one.reason) == (one.score is None) for one in found.values())


def test_what_is_in_the_way_is_said_and_whether_it_lasts() -> None:
    table = Allocations(PLANT)
    table.put(Allocation("other", np.arange(40, 48), 0.0), 0.0)
    found = judged(Request(job="j", gpus=8, exclude=("node8",)), table)
    assert (found["node0"].reason, found["node0"].lasting) == ("has 4 GPUs, 8 wanted", True)
    assert (found["node8"].reason, found["node8"].lasting) == ("excluded", True)
    assert (found["node9"].reason, found["node9"].lasting) == ("0 GPUs are free, 8 wanted", False)
    other = judged(Request(job="j", gpus=1, gpu_model="gb200"), table)
    assert other["node8"].reason == "its GPUs are not gb200"


def test_a_node_out_of_service_and_one_elsewhere() -> None:
    arrays = small_arrays()
    arrays.nodes.in_service[9] = False
    plant = small_plant(arrays)
    stand, traffic = standing(plant, small_state(plant), small_inputs(plant))
    names = ("node9", "elsewhere", "node8", "node8")
    found = verdicts(stand, traffic, Request(job="j", gpus=2), names, 0.0)
    assert [one.node for one in found] == list(names)
    assert found[0].reason == "8 of 8 GPUs are out of service"
    assert (found[1].score, found[1].reason) == (None, "")
    assert found[2] == found[3]
    assert found[2].score is not None
