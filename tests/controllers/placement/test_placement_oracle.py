"""Advice on random small sites, against what is counted and walked by hand."""

import random
from collections import Counter
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.jobs.allocations import Allocations
from controllers.placement.models import Answer, Request
from controllers.placement.nodes import verdicts
from controllers.placement.rank import rank
from tests.fakes.random_site import (
    Situation,
    feeds_and_racks_w,
    random_request,
    random_situation,
)
from tests.fakes.standing import standing

SEEDS = st.integers(0, 1_000_000)
SOME = settings(max_examples=80)


class Asked(NamedTuple):
    """A request on a site, and its answer."""

    here: Situation
    request: Request
    answer: Answer

    def places(self) -> list[list[int]]:
        """Return the GPUs of every place."""
        number = {name: i for i, name in enumerate(self.here.plant.gpu_names)}
        return [[number[name] for name in one.gpus] for one in self.answer.advice]


def answered(here: Situation, request: Request, table: Allocations | None = None) -> Answer:
    table = here.table() if table is None else table
    return rank(here.plant, here.state, here.inputs, table, request, here.state.time_s)


def asked(seed: int) -> Asked:
    rng = random.Random(seed)
    here, request = random_situation(rng), random_request(rng)
    return Asked(here, request, answered(here, request))


def usable(here: Situation, request: Request) -> set[int]:
    """Return the GPUs that the job may have, one by one."""
    plant, a, share, found = here.plant, here.plant.arrays, here.free_share(), set()
    for g in range(48):
        node = int(a.gpus.node[g])
        rack = int(a.nodes.rack[node])
        feeds = a.rack_feeds.feed[a.rack_feeds.rack == rack]
        names = (plant.node_names[node], plant.rack_names[rack], plant.row_names[a.racks.row[rack]])
        if (
            a.gpus.in_service[g]
            and a.feeds.in_service[feeds].any()
            and share[g] >= request.share - 1e-9
            and request.gpu_model in (None, plant.gpu_model[g])
            and names[0] not in request.exclude
            and here.worked_on not in names
        ):
            found.add(g)
    return found


def groups(here: Situation, level: str, gpus: list[int]) -> set[object]:
    """Return the groups of a level that GPUs stand in."""
    plant, a = here.plant, here.plant.arrays
    node = a.gpus.node[gpus]
    rack = a.nodes.rack[node]
    pod = a.racks.pod[rack].tolist()
    rails = zip(pod, plant.gpu_rail[gpus].tolist(), strict=True)
    return set({
        "node": node.tolist(), "nvlink_domain": plant.gpu_nvlink_domain[gpus].tolist(),
        "rack": rack.tolist(), "row": a.racks.row[rack].tolist(), "pod": pod, "site": [0],
        "rail": list(rails),
    }[level])  # fmt: skip


@SOME
@given(SEEDS)
def test_places_are_of_usable_gpus_in_the_shape_that_was_asked_for(seed: int) -> None:
    one = asked(seed)
    here, request = one.here, one.request
    may, places = usable(here, request), one.places()
    assert len(places) <= request.limit
    assert len({frozenset(gpus) for gpus in places}) == len(places)
    scores = [advice.score for advice in one.answer.advice]
    assert scores == sorted(scores, reverse=True)
    for gpus, advice in zip(places, one.answer.advice, strict=True):
        assert len(gpus) == len(set(gpus)) == request.count
        assert set(gpus) <= may
        taken = Counter(here.plant.arrays.gpus.node[gpus].tolist())
        assert set(advice.nodes) == {here.plant.node_names[node] for node in taken}
        if request.gpus_per_node is not None:
            assert set(taken.values()) == {request.gpus_per_node}
            racks = Counter(here.plant.arrays.nodes.rack[list(taken)].tolist())
            assert all(count % (request.segment or 1) == 0 for count in racks.values())
        if request.required_level is not None:
            assert len(groups(here, request.required_level, gpus)) == 1


@SOME
@given(SEEDS)
def test_no_place_breaks_a_limit_of_power_as_it_is_or_with_a_feed_lost(seed: int) -> None:
    one = asked(seed)
    a = one.here.plant.arrays
    for gpus in one.places():
        rise_w = one.here.rise_w(one.request, gpus)
        racks = set(a.nodes.rack[a.gpus.node[np.flatnonzero(rise_w)]].tolist())
        joined = set(a.rack_feeds.feed[np.isin(a.rack_feeds.rack, list(racks))].tolist())
        above = {0, 1, *joined} if racks else set()
        for lost in (-1, 2, 3) if one.request.n_minus_1 else (-1,):
            feeds_w, racks_w = feeds_and_racks_w(one.here, rise_w, lost)
            assert all(racks_w[rack] <= a.racks.rating_w[rack] + 1e-3 for rack in racks)
            for feed in above & set(feeds_w):
                assert feeds_w[feed] <= a.feeds.rating_w[feed] + 1e-3


@SOME
@given(SEEDS)
def test_an_empty_list_says_why(seed: int) -> None:
    answer = asked(seed).answer
    assert answer.advice or answer.rejected
    assert all(count > 0 for count in answer.rejected.values())


@settings(max_examples=40)
@given(SEEDS)
def test_who_was_told_first_and_who_asks_again_make_no_difference(seed: int) -> None:
    one = asked(seed)
    turned = one.here._replace(holders=one.here.holders[::-1])
    for again in (answered(one.here, one.request), answered(turned, one.request)):
        assert again.advice == one.answer.advice
        assert again.rejected == one.answer.rejected


@SOME
@given(SEEDS)
def test_the_nodes_that_verdicts_let_through_are_those_of_advice(seed: int) -> None:
    rng = random.Random(seed)
    here, request = random_situation(rng), random_request(rng)
    whole = {"required_level": "node", "gpus_per_node": None, "segment": None, "limit": 100}
    wish, table = request.model_copy(update={**whole, "n_minus_1": None}), here.table()
    stand, traffic = standing(here.plant, here.state, here.inputs, table)
    found = verdicts(stand, traffic, wish, here.plant.node_names, here.state.time_s)
    passed = {one.node: round(one.score, 6) for one in found if one.score is not None}
    offered = {one.nodes[0]: one.score for one in answered(here, wish, table).advice}
    assert passed == offered
