"""The form of a placement question: what it means, where it is wrong, how it is sent on."""

import json
from typing import Any

import pytest

from controllers.jobs.collective_told import Collective
from controllers.placement.models import Answer, Request
from dashboards.index import Index
from dashboards.parts.place_answer import answer_view, asked_in_words, brief, columns_of
from dashboards.parts.place_commands import as_curl
from dashboards.parts.place_fields import FIELDS, STARTS
from dashboards.parts.place_query import query_of, told_more, values_of
from dashboards.parts.place_refused import refusals
from dashboards.parts.place_request import FormError, read_form
from dashboards.parts.place_workloads import about, choices
from tests.fakes.small_world import SmallWorld

EVERYTHING = STARTS | {
    "gpus": 64, "duration_h": 2, "profile": "pretraining", "job": "o'brien & co",
    "gpu_model": "m", "gpu_power_w": 900, "required_level": "pod", "preferred_level": "rack",
    "gpus_per_node": 4, "segment": 4, "exclude": "node1, node2", "collective_op": "all_reduce",
    "collective_mb": 500, "collective_every_s": 0.25, "n_minus_1": "yes", "max_age_s": 30,
    "limit": 7,
}  # fmt: skip


def test_every_field_of_the_form_reaches_the_request() -> None:
    assert read_form(EVERYTHING) == Request(
        job="o'brien & co", gpus=64, gpus_per_node=4, gpu_model="m", gpu_power_w=900.0,
        profile="pretraining", duration_s=7200.0, required_level="pod", preferred_level="rack",
        collective=Collective(op="all_reduce", bytes=5e8, per_step_s=0.25), segment=4,
        n_minus_1=True, exclude=("node1", "node2"), limit=7, max_age_s=30.0,
    )  # fmt: skip
    assert read_form(STARTS) == Request(job="train-1", gpus=16, duration_s=14400.0)
    keys = {field.key.partition(".")[0] for field in FIELDS}
    assert set(Request.model_fields) - keys == {"reserve_s"}, "a link must not hold anything"


def test_the_copied_command_asks_the_same() -> None:
    for values in (STARTS, EVERYTHING):
        request = read_form(values)
        command = as_curl(request, "http://127.0.0.1:8050")
        body = command.partition("-d '")[2].removesuffix("'").replace("'\\''", "'")
        assert Request(**json.loads(body)) == request
    assert "$TWIN_TOKEN" not in command
    assert '"gpus": 16,' in as_curl(read_form(STARTS), "http://127.0.0.1:8050")
    assert '"Authorization: Bearer $TWIN_TOKEN"' in as_curl(request, "https://twin", token=True)


def test_the_address_holds_the_question() -> None:
    assert query_of(STARTS) == ""
    assert values_of("") == STARTS
    assert values_of(query_of(EVERYTHING)) == EVERYTHING
    few = STARTS | {"job": "", "gpus": 0.5, "limit": 3}
    assert values_of(query_of(few)) == few
    assert values_of("?gpus=many&nonsense=1")["gpus"] is None
    assert told_more(EVERYTHING) == 14
    assert told_more(STARTS) == 0


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"gpus": None}, "gpus", "expected a value"),
        ({"gpus": 1.5}, "gpus", "neither whole nor a share"),
        ({"gpus": "x"}, "gpus", "expected a number"),
        ({"duration_h": 0}, "duration_h", "above 0"),
        ({"job": ""}, "job", "expected a value"),
        ({"limit": 101}, "limit", "100 or less"),
        ({"segment": 2}, "segment", "needs gpus_per_node"),
        ({"gpus_per_node": 3}, "gpus", "multiple of gpus_per_node"),
        ({"gpus_per_node": 2.5}, "gpus_per_node", "whole number"),
        ({"required_level": "moon"}, "required_level", "expected one of"),
        ({"collective_mb": 5}, "collective_op", "expected a value"),
        ({"collective_op": "broadcast"}, "collective_mb", "expected a value"),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field(
    changes: dict[str, Any], field: str, said: str
) -> None:
    with pytest.raises(FormError, match=said) as caught:
        read_form(STARTS | changes)
    assert caught.value.field == field
    assert "\n" not in str(caught.value)


def test_complaints_of_the_search_find_their_field_too() -> None:
    whole = FormError(
        "gpus: 72, expected a multiple of tensor x pipeline x expert = 16 for profile 'p'"
    )
    assert (whole.field, str(whole)) == ("gpus", "a multiple of 16 for this workload")
    assert FormError("exclude: the site has no node 'x'").field == "exclude"
    assert FormError("catalog/workload/zip.yaml: no such model").field == "profile"
    plain = FormError("the first snapshot is not there yet")
    assert (plain.field, str(plain)) == ("", "the first snapshot is not there yet")


def test_reasons_name_the_field_that_could_change_them() -> None:
    def labels(request: Request, *whys: str) -> list[tuple[str, str]]:
        answer = Answer(time_s=0.0, age_s=0.0, advice=(), rejected=dict.fromkeys(whys, 3))
        return [(one.why, one.field) for one in refusals(request, answer)]

    plain = Request(job="j", gpus=8)
    assert labels(plain, "busy", "feed ups-1 rating") == [
        ("no room under the rating of ups-1 for its power", "Power per GPU [W]"),
        ("held or used by other jobs", ""),
    ]
    near = Request(job="j", gpus=8, required_level="rack", profile="decode")
    assert labels(near, "too few free within one nvlink domain", "temperature") == [
        ("too few free within one nvlink domain", "All within one"),
        ("too hot with the job", "Workload"),
    ]
    assert labels(plain, "power at N-1, feed b lost", "something new") == [
        ("no power left with b lost", "With a pump or a feed lost"),
        ("something new", ""),
    ]


def test_exchange_and_slowdown_are_shown_where_they_are_asked() -> None:
    titles = [column.title for column in columns_of(Request(job="j", gpus=8, profile="decode"))]
    assert titles[-3:] == ["Exchange", "Slowdown", "Slows others"]
    assert len(columns_of(Request(job="j", gpus=8))) == len(titles) - 3
    assert [brief(time_s) for time_s in (2.0, 0.0123, 4e-6, None)] == [
        "2.00 s", "12.30 ms", "4.0 µs", "–",
    ]  # fmt: skip
    request = read_form(EVERYTHING)
    assert asked_in_words(request)[1:3] == ["pretraining", "900 W a GPU"]
    nothing = Answer(time_s=0.0, age_s=0.0, advice=(), rejected={"excluded": 1})
    text = str(answer_view(Index(SmallWorld().plant), request, nothing))
    assert "Not offered: 1 GPU in nodes that are left out" in text
    assert "Strong('Nodes to leave out')" in text


def test_workloads_are_chosen_by_what_they_do() -> None:
    groups = {group["group"]: [one["value"] for one in group["items"]] for group in choices()}
    assert "pretraining" in groups["Training"]
    assert "decode" in groups["Inference"]
    assert about("pretraining") == "makes tokens; GPUs in groups of 16: 4 tensor × 4 pipeline"
    assert about("idle") == "any number of GPUs"
    assert about(None) == about("no such workload")
