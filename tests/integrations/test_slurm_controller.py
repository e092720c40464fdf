"""The controller holds, steers, places and feeds; whatever it does, Slurm itself shows it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from integrations.slurm.commands import Slurm
from integrations.slurm.controller import Controller, Duties, main
from integrations.slurm.told import gpus_in, job_of
from integrations.slurm.twin import Twin
from tests.conftest import ROOT
from tests.fakes.slurm import Cluster, free_ports
from tests.integrations.conftest import COOL_C, HOT, SLOWED_C

AHEAD = "--begin=now+1hour"
"""Keeps a job waiting, so that there is something to steer."""


def held(twin: httpx.Client) -> dict[str, list[str]]:
    """Return the GPUs of each job that the twin knows of."""
    return {one["job"]: one["gpus"] for one in twin.get("/api/v1/allocations").json()["items"]}


def test_allocations_appear_with_a_job_and_vanish_at_its_end(
    slurm: Cluster, twin: httpx.Client, control: Controller
) -> None:
    first = slurm.submit("--gres=gpu:2", "-w", "node5", script="sleep 60")
    second = slurm.submit("--gres=gpu:1", "-w", "node[5-6]", "-N", "2", script="sleep 60")
    for job in (first, second):
        slurm.waits(job, "RUNNING")
    control.round()
    mine = held(twin)
    assert mine[f"slurm-{first}"] == ["gpu20", "gpu21"]
    assert mine[f"slurm-{second}"] == ["gpu22", "gpu24"]
    control.round()
    assert held(twin) == mine
    slurm.run("scancel", first)
    slurm.waits(first, "CANCELLED")
    control.round()
    assert list(held(twin)) == [f"slurm-{second}"]
    slurm.run("scancel", second)
    slurm.waits(second, "CANCELLED")
    control.round()
    assert held(twin) == {}


def test_nodes_carry_how_they_stand_as_a_feature(
    slurm: Cluster, control: Controller, node_at: Callable[[float], None]
) -> None:
    control.round()
    assert slurm.node(HOT)["ActiveFeatures"] == "nvl72,hot"
    assert slurm.node("node5")["ActiveFeatures"] == "nvl72,cool"
    told = slurm.ended(slurm.submit("--constraint=cool", "--gres=gpu:1"))
    assert told["NodeList"] != HOT
    node_at(84.5)
    control.round()
    assert slurm.node(HOT)["ActiveFeatures"] == "nvl72,hot", "it does not flicker"
    node_at(COOL_C)
    control.round()
    assert slurm.node(HOT)["ActiveFeatures"] == "nvl72,cool"


def test_weights_put_hot_nodes_last(slurm: Cluster, commands: Slurm, twin: httpx.Client) -> None:
    Controller(Twin(str(twin.base_url)), commands, Duties(weights=True)).round()
    weights = {name: int(slurm.node(name)["Weight"]) for name in slurm.names}
    assert weights[HOT] == 10
    assert max(weights[name] for name in slurm.names if name != HOT) < 10
    told = slurm.ended(slurm.submit("--gres=gpu:1"))
    assert told["NodeList"] != HOT
    slurm.run("scontrol", "update", f"NodeName={','.join(slurm.names)}", "Weight=10")


def test_a_node_at_its_slowdown_is_drained_and_given_back(
    slurm: Cluster, commands: Slurm, twin: httpx.Client, node_at: Callable[[float], None]
) -> None:
    controller = Controller(Twin(str(twin.base_url)), commands, Duties(drain=True))
    slurm.run("scontrol", "update", "NodeName=node7", "State=DRAIN", "Reason=by hand")
    node_at(SLOWED_C)
    controller.round()
    told = slurm.node(HOT)
    assert "DRAIN" in told["State"]
    assert told["Reason"].startswith("twin: a GPU is 1 K over its hardware slowdown")
    node_at(COOL_C)
    controller.round()
    assert "DRAIN" not in slurm.node(HOT)["State"]
    assert "DRAIN" in slurm.node("node7")["State"], "what others drained is theirs"
    slurm.run("scontrol", "update", "NodeName=node7", "State=RESUME")


def test_a_waiting_job_is_kept_off_the_hot_node_while_it_is_hot(
    slurm: Cluster, control: Controller, node_at: Callable[[float], None]
) -> None:
    job = slurm.submit("--gres=gpu:1", "-x", "node6", AHEAD)
    control.round()
    told = slurm.job(job)
    assert told["ExcNodeList"] == "node4,node6"
    assert told["AdminComment"] == f"twin: avoid {HOT} (a GPU is 1 K below its limit)"
    node_at(COOL_C)
    control.round()
    assert slurm.job(job)["ExcNodeList"] == "node6", "the user's own stays"


def test_a_job_that_needs_the_hot_node_is_held_until_it_cools(
    slurm: Cluster, control: Controller, node_at: Callable[[float], None]
) -> None:
    job = slurm.submit("--gres=gpu:1", "-N", "4", AHEAD)
    control.round()
    told = slurm.job(job)
    assert (told["Priority"], told["Reason"]) == ("0", "JobHeldAdmin")
    assert told["AdminComment"] == "twin: held: a GPU is 1 K below its limit"
    control.round()
    assert slurm.job(job)["Priority"] == "0"
    node_at(COOL_C)
    control.round()
    assert slurm.job(job)["Priority"] != "0"
    slurm.run("scontrol", "update", f"JobId={job}", "StartTime=now")
    assert slurm.ended(job)["NodeList"] == "node[4-7]"


def test_a_job_may_be_placed_by_the_twin(
    slurm: Cluster, twin: httpx.Client, control: Controller
) -> None:
    words = ("--gres=gpu:4", "-N", "2", "-H", "-x", "node5")
    by_hand = slurm.submit(*words, script="sleep 60")
    job = slurm.submit(*words, "--comment=twin:place", script="sleep 60")
    control.round()
    told = slurm.waits(job, "RUNNING")
    assert told["NodeList"] == "node[6-7]"
    assert told["AdminComment"].startswith("twin: placed: hottest GPU predicted")
    assert float(twin.get("/api/v1/allocations").json()["total"]) == 0
    control.round()
    assert held(twin)[f"slurm-{job}"] == [f"gpu{i}" for i in range(24, 32)]
    assert slurm.job(by_hand)["Reason"] == "JobHeldUser", "others' holds are theirs"
    for one in (job, by_hand):
        slurm.run("scancel", one)
    slurm.waits(job, "CANCELLED")
    control.round()
    assert held(twin) == {}


def test_without_the_twin_held_jobs_are_let_go(
    slurm: Cluster, control: Controller, commands: Slurm, caplog: pytest.LogCaptureFixture
) -> None:
    job = slurm.submit("--gres=gpu:1", "-N", "4", AHEAD)
    control.round()
    assert slurm.job(job)["Priority"] == "0"
    nobody = Twin(f"http://127.0.0.1:{free_ports(1)[0]}")
    alone = Controller(nobody, commands, replace(Duties(), patience_s=0.0))
    alone.round()
    assert slurm.job(job)["Priority"] != "0"
    alone.round()
    lost = [one for one in caplog.records if "jobs run without advice" in one.message]
    assert len(lost) == 1, "said once"
    slurm.run("scontrol", "update", f"JobId={job}", "StartTime=now")
    assert slurm.ended(job)["NodeList"] == "node[4-7]"


def test_the_program_lets_go_when_it_is_ended(
    slurm: Cluster, commands: Slurm, twin: httpx.Client
) -> None:
    job = slurm.submit("--gres=gpu:1", "-N", "4", AHEAD)
    words = ["-m", "integrations.slurm.controller", "--url", str(twin.base_url), "--every", "0.2"]
    program = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=slurm.env)
    try:
        end_s = time.monotonic() + 15.0
        while slurm.job(job)["Priority"] != "0":
            assert time.monotonic() < end_s
            time.sleep(0.1)
    finally:
        program.send_signal(signal.SIGTERM)
        assert program.wait(15.0) == 0
    assert slurm.job(job)["Priority"] != "0"


def test_one_round_can_be_asked_for(slurm: Cluster, twin: httpx.Client) -> None:
    words = ["--once", "--url", str(twin.base_url), "--no-steer", "--no-feed"]
    assert main(words, slurm.env) == 0


def test_a_users_text_cannot_pass_for_slurms_own() -> None:
    text = (
        "JobId=7 JobName=x JobState=PENDING\n   JobState=RUNNING Reason=None\n"
        "   NodeList=node[4-5]\n   NumNodes=2 NumTasks=2\n"
        "     Nodes=node[4-5] CPU_IDs=0 Mem=0 GRES=gpu:h200:2(IDX:0,3)\n"
        "   Comment=a NodeList=node9 NumNodes=9\n   TresPerNode=gres:gpu:h200:2\n"
    )
    job = job_of(text)
    assert (job.name, job.state) == ("x JobState=PENDING", "RUNNING")
    assert (job.nodes, job.node_count, job.gpus) == ("node[4-5]", 2, 4)
    assert job.devices == {"node[4-5]": (0, 3)}
    assert job.comment == "a NodeList=node9 NumNodes=9"


@pytest.mark.parametrize(
    ("tres", "gpus"),
    [("gres:gpu:2", 2), ("gres:gpu", 1), ("gres/gpu:h200=4", 4), ("gres:shard:2", 0), ("", 0),
     ("gres:gpu:h200:8,gres:nic:1", 8), ("gres:gpu_like:3", 0)],
)  # fmt: skip
def test_requests_for_gpus_are_counted(tres: str, gpus: int) -> None:
    assert gpus_in(tres) == gpus


def test_what_the_controller_asks_is_json(twin: httpx.Client) -> None:
    told = Twin(str(twin.base_url)).steering({"job": "a", "gpus": 2, "gpus_per_node": 2})
    assert set(json.loads(json.dumps(told))) == {
        "time_s", "age_s", "advice", "rejected", "stale", "possible", "why", "avoid",
    }  # fmt: skip
