"""Slurm asks the twin at submission, and runs jobs whether or not the twin answers."""

import getpass
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from dashboards.feed import Feed
from tests.fakes.slurm import Cluster, free_ports
from tests.integrations.conftest import HOT, settings

TIMEOUT_S, WITHIN_S = "0.2", 0.5


@pytest.fixture(autouse=True)
def asks(slurm: Cluster, twin: httpx.Client) -> Iterator[None]:
    """Let every test begin with a plugin that asks the twin."""
    settings(slurm, url=str(twin.base_url), timeout_s="5")
    yield
    slurm.run("scancel", "-u", getpass.getuser())


def test_a_job_is_steered_away_from_the_hot_node(slurm: Cluster) -> None:
    job = slurm.submit("--gres=gpu:2", "-t", "5")
    told = slurm.ended(job)
    assert told["ExcNodeList"] == HOT
    assert told["NodeList"] in ("node5", "node6", "node7")
    assert told["AdminComment"].startswith(f"twin: avoid {HOT} (")
    assert "a GPU is 1 K below its limit" in told["AdminComment"]
    assert "best node" in told["AdminComment"]


def test_the_same_job_without_the_twin_goes_to_the_hot_node(slurm: Cluster) -> None:
    settings(slurm, url=f"http://127.0.0.1:{free_ports(1)[0]}")
    told = slurm.ended(slurm.submit("--gres=gpu:2"))
    assert told["NodeList"] == HOT
    assert told["AdminComment"] == "twin: no advice: connection refused"


def test_what_the_user_left_out_stays_out(slurm: Cluster) -> None:
    told = slurm.ended(slurm.submit("--gpus=1", "-x", "node[5-6]"))
    assert told["ExcNodeList"] in ("node[4-6]", "node[5-6],node4"), told["AdminComment"]
    assert told["NodeList"] == "node7"


def test_nodes_that_the_user_chose_are_kept(slurm: Cluster) -> None:
    told = slurm.ended(slurm.submit("--gres=gpu:1", "-w", HOT))
    assert told["NodeList"] == HOT
    assert told["AdminComment"] == "twin: nodes were chosen at submission"


def test_a_job_over_several_nodes_and_one_without_gpus(slurm: Cluster) -> None:
    told = slurm.ended(slurm.submit("--gres=gpu:4", "-N", "3"))
    assert told["NodeList"] == "node[5-7]"
    told = slurm.ended(slurm.submit())
    assert (told["NodeList"], told.get("AdminComment")) == (HOT, None)


def test_when_every_node_is_needed_none_is_left_out(slurm: Cluster) -> None:
    told = slurm.ended(slurm.submit("--gres=gpu:1", "-N", "4"))
    assert told["NodeList"] == "node[4-7]"
    assert told["ExcNodeList"] == "(null)"


def test_a_rejected_job_is_told_why(slurm: Cluster) -> None:
    words = ("sbatch", "--gpus=64", "-N", "4", "--wrap", "true")
    done = slurm.run(*words)
    assert done.returncode != 0
    assert "twin: no place for 64 GPUs: the site has 48 GPUs in service, 64 wanted" in done.stderr


def test_rejecting_can_be_turned_off(slurm: Cluster, twin: httpx.Client) -> None:
    settings(slurm, url=str(twin.base_url), timeout_s="5", reject="never")
    done = slurm.run("sbatch", "--parsable", "--gpus=64", "-N", "4", "--wrap", "true")
    assert "twin: no place" not in done.stderr


def test_with_the_twin_hung_submission_takes_half_a_second_at_most(
    slurm: Cluster, silent: str
) -> None:
    settings(slurm, url=silent, timeout_s=TIMEOUT_S)
    begun_s = time.monotonic()
    job = slurm.submit("--gres=gpu:2")
    taken_s = time.monotonic() - begun_s
    assert taken_s <= WITHIN_S
    assert slurm.ended(job)["AdminComment"] == "twin: no advice: timeout"


def test_an_answer_that_drips_is_not_waited_for(slurm: Cluster) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()

        def drip() -> None:
            caller, _ = door.accept()
            with caller:
                for _ in range(40):
                    try:
                        caller.sendall(b"H")
                    except OSError:
                        return
                    time.sleep(0.05)

        thread = threading.Thread(target=drip)
        thread.start()
        settings(slurm, url=f"http://127.0.0.1:{door.getsockname()[1]}", timeout_s=TIMEOUT_S)
        begun_s = time.monotonic()
        job = slurm.submit("--gres=gpu:2")
        assert time.monotonic() - begun_s <= WITHIN_S
        thread.join(5.0)
    assert slurm.ended(job)["AdminComment"].startswith("twin: no advice")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense",
        b"HTTP/1.0 200 OK\r\n\r\n{",
        b'HTTP/1.0 200 OK\r\n\r\n{"advice": 7}',
        b"HTTP/1.0 200 OK\r\n\r\n[]",
        b'HTTP/1.0 500 No\r\n\r\n{"detail": "broken"}',
    ],
)
def test_any_other_answer_lets_the_job_pass(slurm: Cluster, answer: bytes) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()

        def say() -> None:
            caller, _ = door.accept()
            with caller:
                caller.recv(4096)
                caller.sendall(answer)

        thread = threading.Thread(target=say)
        thread.start()
        settings(slurm, url=f"http://127.0.0.1:{door.getsockname()[1]}")
        job = slurm.submit("--gres=gpu:1")
        thread.join(5.0)
    assert slurm.job(job)["AdminComment"].startswith("twin: no advice")
    slurm.run("scancel", job)


def test_a_stale_twin_gives_no_advice_and_says_so(slurm: Cluster, feed: Feed) -> None:
    with (slurm.folder / "twin.conf").open("a") as file:
        file.write("max_age_s = 0\n")
    told = slurm.job(slurm.submit("--gres=gpu:2"))
    assert told["ExcNodeList"] == "(null)"
    assert told["AdminComment"].startswith("twin: no advice: telemetry is")
