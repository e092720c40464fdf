"""A served small world, asked over HTTP."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from dashboards.audit import Audit
from dashboards.auth import TokenBook, add_token
from dashboards.feed import Feed
from dashboards.web import build
from tests.fakes.serving import CalledFrom, serving
from tests.fakes.small_world import SmallWorld

ROLES = ("viewer", "scheduler", "operator", "admin")


def until_ready(client: httpx.Client, within_s: float = 10.0) -> None:
    """Wait for the first snapshot."""
    end_s = time.monotonic() + within_s
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < end_s, client.get("/readyz").text
        time.sleep(0.02)


@pytest.fixture(scope="module")
def feed() -> Feed:
    """Return a feed over a world that ticks ten times a second."""
    return Feed(SmallWorld(interval_s=0.1))


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """Return an empty audit log."""
    return Audit(tmp_path_factory.mktemp("audit") / "audit.jsonl")


@pytest.fixture(scope="module")
def client(feed: Feed, audit: Audit) -> Iterator[httpx.Client]:
    """Return a caller on the loopback that may place work."""
    app = build(feed, audit, TokenBook(None), trust_loopback=True)
    with serving(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        until_ready(client)
        yield client


@pytest.fixture(scope="module")
def token_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the tokens of `tokens` are kept."""
    return tmp_path_factory.mktemp("tokens") / "tokens.json"


@pytest.fixture(scope="module")
def tokens(token_file: Path) -> dict[str, str]:
    """Return a token for each role."""
    return {role: add_token(token_file, f"the-{role}", role) for role in ROLES}


@pytest.fixture(scope="module")
def guarded(audit: Audit, token_file: Path, tokens: dict[str, str]) -> Iterator[httpx.Client]:
    """Return a caller from elsewhere, who needs one of `tokens`."""
    own = build(Feed(SmallWorld(interval_s=0.1)), audit, TokenBook(token_file))
    app = CalledFrom(own, "192.0.2.7")
    with serving(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        until_ready(client)
        yield client


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}
