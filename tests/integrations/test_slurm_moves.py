"""A real Slurm starts a job again on the nodes that an order names, and holds it nowhere."""

import getpass
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from controllers.actuators.ledger import Ledger
from controllers.actuators.order import default_order
from controllers.actuators.slurm import SlurmActuator
from controllers.policy import Move
from tests.fakes.slurm import Cluster, free_ports
from tests.fakes.small_plant import small_plant
from tests.integrations.conftest import settings

PLANT = small_plant()
THERE = (24, 25, 26, 27)
"""The GPUs of node6."""


@pytest.fixture
def actuator(slurm: Cluster, tmp_path: Path) -> Iterator[SlurmActuator]:
    """Return the armed actuator of a cluster; afterwards no job is left."""
    settings(slurm, url=f"http://127.0.0.1:{free_ports(1)[0]}")
    command = tmp_path / "scontrol"
    env = slurm.env
    command.write_text(
        f'#!/bin/sh\nSLURM_CONF={env["SLURM_CONF"]} PATH={env["PATH"]} exec scontrol "$@"\n'
    )
    command.chmod(0o755)
    acts = SlurmActuator(PLANT, Ledger(), tmp_path / "owed", str(command), armed=True)
    yield acts
    acts.close()
    slurm.run("scancel", "-u", getpass.getuser())


def begun_again(slurm: Cluster, job: str) -> dict[str, str]:
    """Return a requeued job once it runs again.

    Slurm lets it wait for two minutes, until credentials of its first start are void. Here that
    is cut short, to two seconds: a node refuses one of the same second as the void one.
    """
    end_s, hastened = time.monotonic() + 30.0, False
    while (told := slurm.job(job))["JobState"] != "RUNNING" or told["Restarts"] != "1":
        assert time.monotonic() < end_s, told
        if told["JobState"] == "PENDING" and told["Reason"] == "BeginTime" and not hastened:
            slurm.run("scontrol", "update", f"JobId={job}", "StartTime=now+2")
            hastened = True
        time.sleep(0.2)
    return told


def test_a_moved_job_runs_again_on_its_new_nodes(slurm: Cluster, actuator: SlurmActuator) -> None:
    job = slurm.submit("--gres=gpu:4", "-w", "node5", "--requeue", script="sleep 60")
    assert slurm.waits(job, "RUNNING")["NodeList"] == "node5"
    plain = default_order(PLANT, PLANT.arrays.gpus.power_max_w)
    moves = frozenset({Move(f"slurm-{job}", THERE, 0.0)})
    actuator.apply(plain._replace(moves=moves, until_s=1e12), 0.0)
    told = begun_again(slurm, job)
    assert told["NodeList"] == "node6"
    assert actuator.standing.jobs == {}


def test_a_job_whose_new_nodes_slurm_refuses_is_not_left_held(
    slurm: Cluster, actuator: SlurmActuator
) -> None:
    job = slurm.submit("--gres=gpu:4", "--requeue", script="sleep 60")
    slurm.waits(job, "RUNNING")
    plain = default_order(PLANT, PLANT.arrays.gpus.power_max_w)
    nowhere = frozenset({Move(job, (40, 41, 42, 43), 0.0)})  # node9 is none of the cluster's
    with pytest.raises(OSError, match="scontrol update"):
        actuator.apply(plain._replace(moves=nowhere, until_s=1e12), 0.0)
    actuator.apply(plain._replace(until_s=1e12), 1.0)
    assert begun_again(slurm, job)["ReqNodeList"] == "(null)"
    assert actuator.standing.jobs == {}


def test_a_move_that_slurm_refuses_leaves_the_job_running_and_nothing_owed(
    slurm: Cluster, actuator: SlurmActuator
) -> None:
    job = slurm.submit("--gres=gpu:4", "-w", "node5", "--no-requeue", script="sleep 60")
    slurm.waits(job, "RUNNING")
    plain = default_order(PLANT, PLANT.arrays.gpus.power_max_w)
    with pytest.raises(OSError, match="scontrol requeuehold"):
        actuator.apply(plain._replace(moves=frozenset({Move(job, THERE, 0.0)}), until_s=1e12), 0.0)
    actuator.apply(plain._replace(until_s=1e12), 1.0)
    assert actuator.standing.jobs == {}
    told = slurm.job(job)
    assert (told["JobState"], told["NodeList"]) == ("RUNNING", "node5")


@pytest.mark.parametrize("how", ["scancel", "scontrol resume", "scontrol requeue"])
def test_a_paused_job_that_others_ended_or_let_go_on_is_owed_nothing(
    slurm: Cluster, actuator: SlurmActuator, how: str
) -> None:
    job = slurm.submit("--gres=gpu:4", script="sleep 60")
    slurm.waits(job, "RUNNING")
    plain = default_order(PLANT, PLANT.arrays.gpus.power_max_w)
    actuator.apply(plain._replace(paused=frozenset({job}), until_s=1e12), 0.0)
    slurm.waits(job, "SUSPENDED")
    slurm.run(*how.split(), job)
    slurm.waits(job, "CANCELLED", "RUNNING", "PENDING")
    actuator.apply(plain._replace(until_s=1e12), 1.0)
    assert actuator.standing.jobs == {}


def test_a_job_that_has_ended_meanwhile_is_not_started_again(
    slurm: Cluster, actuator: SlurmActuator
) -> None:
    job = slurm.submit("--gres=gpu:4", "--requeue")
    slurm.ended(job)
    plain = default_order(PLANT, PLANT.arrays.gpus.power_max_w)
    with pytest.raises(OSError, match="already finished"):
        actuator.apply(plain._replace(moves=frozenset({Move(job, THERE, 0.0)}), until_s=1e12), 0.0)
    actuator.apply(plain._replace(until_s=1e12), 1.0)
    assert actuator.standing.jobs == {}
    told = slurm.job(job)
    assert (told["JobState"], told["Restarts"]) == ("COMPLETED", "0")
