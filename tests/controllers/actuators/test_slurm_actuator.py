"""Slurm through a command that notes its words: paused, undone in time, dry unless armed."""

import json
import time
from pathlib import Path

import pytest

from controllers.actuators.ledger import Ledger
from controllers.actuators.order import Order, default_order
from controllers.actuators.slurm import SlurmActuator
from controllers.policy import Move
from tests.fakes.small_plant import small_plant

PLANT = small_plant()
PLAIN = default_order(PLANT, PLANT.arrays.gpus.power_max_w)


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """Return a command that notes its words, and fails when a file `fail` is beside it."""
    path = tmp_path / "scontrol"
    text = '#!/bin/sh\necho "$*" >> "$0.log"\n[ ! -e "$0.fail" ] || { echo denied >&2; exit 1; }\n'
    path.write_text(text)
    path.chmod(0o755)
    return path


def ran(command: Path) -> list[str]:
    log = Path(f"{command}.log")
    return log.read_text().splitlines() if log.exists() else []


def pausing(*jobs: str, until_s: float = 1e12) -> Order:
    return PLAIN._replace(paused=frozenset(jobs), until_s=until_s)


def test_it_is_dry_unless_armed(command: Path) -> None:
    ledger = Ledger()
    slurm = SlurmActuator(PLANT, ledger, command=str(command))
    slurm.apply(pausing("12"), 0.0)
    slurm.drain("n1", "leak")
    assert ran(command) == []
    assert [str(write).split(" ", 2)[2] for write, _ in ledger.latest] == [
        "suspend 12", "update NodeName=n1 State=DRAIN Reason=twin: leak"
    ]  # fmt: skip
    slurm.close()


def test_jobs_are_paused_and_go_on(command: Path, tmp_path: Path) -> None:
    owed = tmp_path / "owed"
    slurm = SlurmActuator(PLANT, Ledger(), owed, str(command), armed=True)
    slurm.apply(pausing("12", "13_4"), 0.0)
    slurm.apply(pausing("13_4"), 1.0)
    assert ran(command) == ["suspend 12", "suspend 13_4", "resume 12"]
    assert json.loads(owed.read_text())["jobs"] == {"13_4": "suspend"}
    slurm.close()
    assert ran(command)[-1] == "resume 13_4"


def test_what_is_not_renewed_is_undone_without_a_caller(command: Path) -> None:
    slurm = SlurmActuator(PLANT, Ledger(), None, str(command), armed=True, pause="requeue")
    slurm.weigh("n2", 5, before=1)
    slurm.apply(pausing("7", until_s=time.time() + 0.2), 0.0)
    end_s = time.monotonic() + 10.0
    while len(ran(command)) < 4:
        assert time.monotonic() < end_s, ran(command)
        time.sleep(0.05)
    assert ran(command) == [
        "update NodeName=n2 Weight=5", "requeuehold Incomplete 7", "release 7",
        "update NodeName=n2 Weight=1",
    ]  # fmt: skip
    slurm.close()


def test_what_a_killed_run_left_is_undone_at_the_next_start(command: Path, tmp_path: Path) -> None:
    owed = tmp_path / "owed"
    owed.write_text(json.dumps({"jobs": {"9": "suspend"}, "drained": ["n3"], "weights": {}}))
    slurm = SlurmActuator(PLANT, Ledger(), owed, str(command), armed=True)
    end_s = time.monotonic() + 10.0
    while len(ran(command)) < 2:
        assert time.monotonic() < end_s
        time.sleep(0.05)
    assert ran(command) == ["resume 9", "update NodeName=n3 State=RESUME"]
    slurm.close()


def test_what_fails_is_an_os_error_and_what_is_no_job_is_never_run(command: Path) -> None:
    slurm = SlurmActuator(PLANT, Ledger(), None, str(command), armed=True)
    for name in ("all", "12 --force", "-1", "12;reboot"):
        with pytest.raises(OSError, match="none of Slurm's"):
            slurm.apply(pausing(name), 0.0)
    assert ran(command) == []
    Path(f"{command}.fail").touch()
    with pytest.raises(OSError, match="denied"):
        slurm.apply(pausing("12"), 0.0)
    Path(f"{command}.fail").unlink()
    slurm.close()
    assert ran(command)[-1] == "resume 12"
    gone = SlurmActuator(PLANT, Ledger(), None, str(command) + "-none", armed=True)
    with pytest.raises(OSError, match="No such file"):
        gone.requeue("12")


def moving(job: str, at_s: float) -> Order:
    return PLAIN._replace(moves=frozenset({Move(job, (16, 17, 20, 21), at_s)}), until_s=1e12)


def test_a_job_is_moved_once_by_its_nodes(command: Path) -> None:
    slurm = SlurmActuator(PLANT, Ledger(), None, str(command), armed=True)
    slurm.apply(moving("slurm-12", 0.0), 0.0)
    slurm.apply(moving("slurm-12", 0.0), 1.0)
    slurm.apply(moving("slurm-12", 1.0), 2.0)
    names = [PLANT.node_names[PLANT.arrays.gpus.node[gpu]] for gpu in (16, 20)]
    assert ran(command) == [
        "requeuehold Incomplete 12", f"update JobId=12 ReqNodeList={','.join(names)}", "release 12"
    ]  # fmt: skip
    slurm.apply(moving("slurm-12", 700.0), 700.0)
    assert len(ran(command)) == 6
    slurm.close()
    assert len(ran(command)) == 6


def test_a_move_that_fails_half_way_leaves_no_job_held(command: Path) -> None:
    slurm = SlurmActuator(PLANT, Ledger(), None, str(command), armed=True)
    Path(f"{command}.fail").touch()
    with pytest.raises(OSError, match="denied"):
        slurm.apply(moving("12", 0.0), 0.0)
    Path(f"{command}.fail").unlink()
    slurm.apply(moving("12", 1.0), 1.0)
    assert ran(command)[-1] == "release 12"
    slurm.close()


def test_a_job_that_cannot_be_paused_keeps_no_other_from_it(command: Path) -> None:
    slurm = SlurmActuator(PLANT, Ledger(), command=str(command), armed=True)
    with pytest.raises(OSError, match="job 'k8s-a' is none of Slurm's"):
        slurm.apply(pausing("k8s-a", "9"), 0.0)
    assert ran(command) == ["suspend 9"]
    slurm.close()
