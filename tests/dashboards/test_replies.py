"""What the API writes of a model is what the model itself would write."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.placement.models import Advice, Answer, Predicted
from dashboards.api.replies import reply

names = st.lists(st.text(max_size=12), max_size=6).map(tuple)
numbers = st.floats() | st.floats().map(np.float64)
told = st.none() | numbers
predicted = st.builds(
    Predicted.model_construct,
    gpu_temp_max_c=numbers,
    throttle_share=numbers,
    rack_headroom_w=numbers,
    row_headroom_w=numbers,
    site_headroom_w=numbers,
    tcs_return_c=told,
    collective_s=told,
    slowdown_share=told,
    neighbours_slowdown_share=told,
    facility_power_w=numbers,
)
advice = st.builds(
    Advice.model_construct,
    nodes=names,
    gpus=names,
    reservation=st.none() | st.text(max_size=20),
    score=st.floats(0.0, 1.0),
    predicted=predicted,
    reasons=names,
)
answers = st.builds(
    Answer.model_construct,
    time_s=numbers,
    age_s=numbers,
    advice=st.lists(advice, max_size=3).map(tuple),
    rejected=st.dictionaries(st.text(max_size=12), st.integers(0, 10**9), max_size=3),
)


@given(answers, st.floats(0.0, 1e6))
def test_an_answer_is_written_as_its_model_writes_it(answer: Answer, age_s: float) -> None:
    for one in (answer, answer.model_copy(update={"age_s": age_s})):
        body = bytes(reply(one).body)
        assert json.loads(body) == json.loads(one.model_dump_json())
        assert list(json.loads(body)) == list(Answer.model_fields)


@given(st.lists(answers, max_size=3))
def test_a_batch_is_written_as_a_list(batch: list[Answer]) -> None:
    expected = [json.loads(answer.model_dump_json()) for answer in batch]
    assert json.loads(bytes(reply(batch).body)) == expected


def test_what_has_no_json_form_is_an_error() -> None:
    with pytest.raises(TypeError):
        reply(object())
