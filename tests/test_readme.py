"""What the README tells people to type works, in the order in which it tells it."""

import importlib
import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import controllers.policies
import dashboards.pages
import telemetry.sources
from dashboards.audit import Audit
from dashboards.auth import TokenBook
from dashboards.cli import main
from dashboards.feed import Feed
from dashboards.parts.page import find_pages
from dashboards.web import build
from site_models.site import shipped_sites
from tests.conftest import ROOT
from tests.fakes.serving import serving
from tests.fakes.small_world import SmallWorld

README = (ROOT / "README.md").read_text()
PORT = ":8050"
BY_HAND = ("make",)
"""Commands that `.ci/run` or a person gives."""

KEYS = {
    "placement": {"advice", "rejected"},
    "allocations": set(),
    "kpi": {"site_it_power_w", "site_facility_power_w", "site_pue", "findings"},
    "racks": {"items", "total"},
    "gpus": {"gpu_temp_c", "gpu_power_w", "basis", "measured"},
    "history": {"signal", "series"},
}
"""What each route's answer holds besides its time and age."""


class Block(NamedTuple):
    """A fenced piece of the README."""

    kind: str
    file: str
    text: str


def blocks() -> list[Block]:
    found = re.findall(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [Block(*parts) for parts in found]


def commands(*kinds: str) -> list[str]:
    """Return the shell commands in order, lines that end in a backslash joined."""
    text = "\n".join(block.text for block in blocks() if block.kind == "sh")
    lines = text.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.split() and line.split()[0] in kinds]


def example(file: str) -> str:
    """Return the text of the block that the README names so."""
    (found,) = [block.text for block in blocks() if block.file == file]
    return found


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that looks like the checkout, with the README's files in it."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "site_models" / "catalog", folder / "site_models" / "catalog")
    for block in blocks():
        if block.file and "/" not in block.file:
            (folder / block.file).write_text(block.text)
    lines = ["timestamp, index, power.draw [W], temperature.gpu"]
    for second in range(60):
        stamp = f"2026/08/20 10:00:{second:02d}.000"
        lines += [f"{stamp}, {gpu}, {400 + 5 * gpu}.00 W, {50 + gpu}" for gpu in range(8)]
    (folder / "gpus.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of the demo, started as `make run` starts it but on a free port."""
    folder = tmp_path_factory.mktemp("served")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    words = ["serve", "--trust-loopback", "--port", port]
    command = [sys.executable, "-c", "from dashboards.cli import run; run()", *words]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        end_s = time.monotonic() + 180.0
        while not answers(f"http://127.0.0.1:{port}/readyz"):
            assert server.poll() is None, "the server ended"
            assert time.monotonic() < end_s, "the server takes too long"
            time.sleep(0.1)
        yield f":{port}"
    finally:
        server.terminate()
        said, _ = server.communicate(timeout=20)
    assert f"http://127.0.0.1:{port}/" in said


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def test_every_kind_of_command_is_run_here() -> None:
    known = commands("make", "twin", "curl", "mkdir", "cp", "sed")
    every = "\n".join(block.text for block in blocks() if block.kind == "sh")
    assert len(known) == len([line for line in every.replace("\\\n", " ").splitlines() if line])
    assert [line.split()[0] for line in commands(*BY_HAND)] == ["make", "make"]
    assert commands("curl")


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_the_curl_examples_answer_as_told(served: str, workplace: Path) -> None:
    for line in commands("curl"):
        assert PORT in line
        words = shlex.split(line.replace(PORT, served))
        done = subprocess.run(
            [*words, "--max-time", "60", "--write-out", "\n%{http_code}"],
            cwd=workplace, capture_output=True, text=True, check=True,
        )  # fmt: skip
        body, _, status = done.stdout.rpartition("\n")
        assert status == ("204" if "DELETE" in line else "200"), body
        route = re.search(r"/api/v1/([a-z]+)", line)
        if route and body:
            assert json.loads(body).keys() >= {"time_s", "age_s", *KEYS[route[1]]}, line


def test_the_example_of_a_placement_ranks_places(served: str) -> None:
    (line,) = [line for line in commands("curl") if "/placement" in line]
    words = shlex.split(line.replace(PORT, served))
    sent = words[words.index("-d") + 1].encode()
    url = next(word for word in words if word.startswith("http"))
    request = urllib.request.Request(url, sent, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        answer = json.load(reply)
    scores = [place["score"] for place in answer["advice"]]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    for place in answer["advice"]:
        assert len(place["gpus"]) == 16
        assert place["reasons"]
        assert place["predicted"]["gpu_temp_max_c"] > 20.0


def test_the_address_that_is_told_serves_the_page_and_the_routes(served: str) -> None:
    for path in ("/", "/api/docs"):
        with urllib.request.urlopen(f"http://127.0.0.1{served}{path}", timeout=60) as reply:
            assert reply.headers["content-type"].startswith("text/html")


@pytest.mark.slow
def test_the_twin_examples_run_in_their_order(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workplace)
    digests = {}
    for line in commands("twin", "mkdir", "cp", "sed"):
        words = shlex.split(line)
        if words[0] != "twin":
            subprocess.run(words, check=True)
            continue
        capsys.readouterr()
        code = main(words[1:])
        told = capsys.readouterr()
        assert code == 0, f"{line}: {told.err or told.out}"
        if digest := re.search(r"digest ([0-9a-f]{64})", told.out):
            digests[words[-1]] = digest[1]
    assert digests["whole"] == digests["rest"]
    assert digests["half"] != digests["whole"]
    assert (workplace / "hall.png").stat().st_size > 10_000
    mine = (workplace / "my-catalog" / "gpu" / "h200_sxm.yaml").read_text()
    assert "power_max_w: {value: 600" in mine


def test_the_python_example_compares_two_policies(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workplace)
    (block,) = [block for block in blocks() if block.kind == "python" and not block.file]
    names: dict[str, object] = {}
    exec(compile(block.text, "README.md", "exec"), names)
    hold, budget = capsys.readouterr().out.splitlines()
    assert hold.startswith("hold caps 0 GPUs")
    assert re.match(r"power_budget caps [1-9]\d* GPUs", budget)
    assert len(names["time_s"]) == len(names["temp_c"]) == 61  # type: ignore[arg-type]


def written(package: object, file: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put an example where the project looks for its kind; return its module."""
    name = Path(file).name
    (folder / name).write_text(example(file))
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])  # type: ignore[attr-defined]
    module = f"{package.__name__}.{Path(name).stem}"  # type: ignore[attr-defined]
    monkeypatch.delitem(sys.modules, module, raising=False)
    importlib.invalidate_caches()
    return module


def test_the_example_source_is_found_by_its_scheme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written(telemetry.sources, "telemetry/sources/flat.py", tmp_path, monkeypatch)
    words = ["run", "--site", "edge", "--source", "flat:600", "--for", "9", "--out"]
    assert main([*words, str(tmp_path / "run"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["it_energy_j"] > 72 * 600.0 * 9.0
    words[4] = "flat:much"
    assert main([*words, str(tmp_path / "other")]) == 2
    assert "expected watts" in capsys.readouterr().err


def test_the_example_policy_decides_in_shadow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(controllers.policies, "controllers/policies/flat_cap.py", tmp_path, monkeypatch)
    words = ["run", "--site", "edge", "--for", "3", "--policy", "flat_cap=advise", "--out"]
    assert main([*words, str(tmp_path / "run")]) == 0


def test_the_example_page_stands_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(dashboards.pages, "dashboards/pages/pue.py", tmp_path, monkeypatch)
    assert find_pages()[-1].path == "/pue"
    app = build(Feed(SmallWorld()), Audit(tmp_path / "audit.jsonl"), TokenBook(None))
    with serving(app) as port:
        assert answers(f"http://127.0.0.1:{port}/pue")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_dash-dependencies") as reply:
            assert "pue-now" in reply.read().decode()


def test_the_examples_keep_the_rules_of_the_code(tmp_path: Path) -> None:
    for block in blocks():
        if block.kind == "python":
            path = tmp_path / Path(block.file or "example.py").name
            path.write_text(block.text)
            ignored = "T201" if not block.file else "E999"
            words = ["check", "--config", str(ROOT / "pyproject.toml"), "--ignore", ignored]
            done = subprocess.run(
                [sys.executable, "-m", "ruff", *words, str(path)],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout


def test_every_shipped_site_is_in_the_table() -> None:
    table = README.partition("## Shipped sites")[2].partition("##")[0]
    assert set(re.findall(r"`([a-z0-9-]+)`", table)) == set(shipped_sites())


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()
