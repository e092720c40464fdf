"""Devices are found by name, by host and number, and not at all when unknown."""

import pytest

from telemetry.prometheus.seating import Seating

AXES = {
    "gpu": ("r1-n1-gpu0", "r1-n1-gpu1", "r1-n2-gpu0"),
    "node": ("r1-n1", "r1-n2"),
    "rack": ("r1",),
}


@pytest.mark.parametrize(
    ("labels", "place"),
    [
        ({"Hostname": "R1-N1.example.org", "gpu": "1"}, 1),
        ({"hostname": "r1-n2", "gpu": "0"}, 2),
        ({"instance": "r1-n1:9400", "gpu": "0"}, 0),
        ({"id": "r1-n2-gpu0"}, 2),
        ({"UUID": "r1-n1-gpu1", "Hostname": "elsewhere", "gpu": "0"}, 1),
        ({"Hostname": "r1-n2", "gpu": "1"}, -1),
        ({"Hostname": "stranger", "gpu": "0"}, -1),
        ({"gpu": "0"}, -1),
        ({}, -1),
    ],
)
def test_gpus(labels: dict[str, str], place: int) -> None:
    assert Seating(AXES, [0, 0, 1]).place("gpu", labels) == place


def test_nodes_and_racks() -> None:
    seating = Seating(AXES, [0, 0, 1])
    assert seating.place("node", {"Hostname": "r1-n2"}) == 1
    assert seating.place("rack", {"id": "R1"}) == 0
    assert seating.place("rack", {"Hostname": "r1"}) == -1
