"""The API keeps what its own schema promises, whatever is sent."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from dashboards.audit import Audit
from dashboards.auth import TokenBook, add_token
from dashboards.feed import Feed
from dashboards.web import build
from tests.dashboards.conftest import bearer, until_ready
from tests.fakes.serving import serving
from tests.fakes.small_world import SmallWorld

SECONDS = 30
ENDLESS = "/v1/stream"
NAMES_OF_THE_SITE = "positive_data_acceptance"
"""A schema cannot say which racks, fields and models this site has: unknown ones are a 422."""


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Return a caller who may do everything, so that nothing is hidden behind a 403."""
    folder = tmp_path_factory.mktemp("schema")
    token = add_token(folder / "tokens.json", "fuzz", "admin")
    app = build(Feed(SmallWorld()), Audit(folder / "a.jsonl"), TokenBook(folder / "tokens.json"))
    with serving(app) as port:
        base = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=base, headers=bearer(token)) as client:
            until_ready(client)
            yield client


@pytest.mark.slow
def test_schemathesis_finds_nothing(admin: httpx.Client, tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{admin.base_url}/api/openapi.json",
        "--max-time", str(SECONDS), "--seed", "1", "--exclude-path", ENDLESS, "--no-color",
        "--exclude-checks", NAMES_OF_THE_SITE, "--header",
        f"Authorization:{admin.headers['authorization']}",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=6 * SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    paths = admin.get("/api/openapi.json").json()["paths"]
    count = sum(len(methods) for methods in paths.values())
    assert f"Tested: {count - 1}" in done.stdout


def test_a_wrong_method_is_told_every_right_one(admin: httpx.Client) -> None:
    answer = admin.put("/api/v1/allocations")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_an_address_of_nothing_is_a_problem_document(admin: httpx.Client) -> None:
    answer = admin.get("/api/v1/policies/a%0Ab")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_error_is_described_as_a_problem_document(admin: httpx.Client) -> None:
    for path, methods in admin.get("/api/openapi.json").json()["paths"].items():
        for method, told in methods.items():
            errors = {k: v for k, v in told["responses"].items() if k.startswith("4")}
            assert {"401", "403", "404", "422"} <= set(errors), (path, method)
            for one in errors.values():
                assert list(one["content"]) == ["application/problem+json"]
