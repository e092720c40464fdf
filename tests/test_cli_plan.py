"""`twin plan` prints what armed policies would write, and writes nothing."""

import json

import pytest

from dashboards.cli import main

BREAKER = ("plan", "--source", "scenario:breaker_trip", "--policy", "power_budget", "--for", "3")


def test_the_writes_of_a_plan_are_those_of_the_drivers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*BREAKER, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["count"] == len(content["writes"]) > 0
    calls = {write["call"] for write in content["writes"]}
    assert calls == {"nvmlDeviceSetPowerManagementLimit_v2"}
    assert all(write["value"].endswith(" mW") for write in content["writes"])
    assert main(list(BREAKER)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[content["count"]] == f"{content['count']} writes would be made; none was"


def test_a_plan_of_nothing_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["plan", "--site", "edge", "--source", "idle", "--policy", "hold", "--for", "2"]
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["writes"] == []
    assert main(["plan", "--policy", "magic"]) == 2
    assert "magic" in capsys.readouterr().err


def test_only_a_live_site_is_acted_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--site", "edge", "--source", "idle", "--actuator", "nvml"]) == 2
    assert "expected a live source" in capsys.readouterr().err
