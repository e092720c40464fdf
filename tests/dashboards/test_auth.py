"""Who may come in, as what, and who may not."""

import base64
import json
from pathlib import Path

import httpx
import pytest

from dashboards.auth import (
    Caller,
    Role,
    TokenBook,
    add_token,
    caller_of,
    load_tokens,
    revoke_token,
    secret_of,
)
from dashboards.server import server_of
from site_models.errors import InputError
from tests.dashboards.conftest import bearer
from tests.fakes.small_world import SmallWorld

ASK = {"job": "j", "gpus": 1}


def test_a_token_is_shown_once_and_kept_as_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    secret = add_token(path, "slurm", "scheduler")
    assert secret not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert caller_of(load_tokens(path), secret) == Caller("slurm", Role.SCHEDULER)
    assert caller_of(load_tokens(path), secret + "x") is None


def test_a_revoked_token_is_out_at_once(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    secret = add_token(path, "a", "viewer")
    book = TokenBook(path)
    assert caller_of(book(), secret) is not None
    revoke_token(path, "a")
    assert caller_of(book(), secret) is None
    path.unlink()
    assert book() == ()


@pytest.mark.parametrize(
    ("text", "word"),
    [("{", "JSON list"), ('[{"name": "a"}]', "sha256"),
     ('[{"name": "a", "role": "king", "sha256": "0"}]', "'king'")],
)  # fmt: skip
def test_a_bad_token_file_is_named(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(text)
    with pytest.raises(InputError, match=word) as caught:
        load_tokens(path)
    assert str(path) in str(caught.value)


def test_names_are_given_once_and_unknown_ones_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    add_token(path, "a", "viewer")
    with pytest.raises(InputError, match="exists"):
        add_token(path, "a", "admin")
    with pytest.raises(InputError, match="no token 'b'"):
        revoke_token(path, "b")
    with pytest.raises(InputError, match="expected one of source, viewer"):
        add_token(path, "c", "root")


def test_both_kinds_of_header_carry_a_token() -> None:
    basic = base64.b64encode(b"anyone:s3cret").decode()
    assert secret_of({"authorization": "Bearer s3cret"}) == "s3cret"
    assert secret_of({"authorization": f"Basic {basic}"}) == "s3cret"
    assert secret_of({"authorization": "Basic ###"}) == ""
    assert secret_of({}) is None


def test_from_outside_a_token_is_needed_everywhere_but_at_the_probes(
    guarded: httpx.Client, tokens: dict[str, str]
) -> None:
    for path in ("/", "/api/v1/site", "/metrics", "/_dash-layout", "/assets/app.css"):
        answer = guarded.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"].startswith("Basic")
        assert guarded.get(path, headers=bearer(tokens["viewer"])).status_code == 200, path
        assert guarded.get(path, headers=bearer("wrong")).status_code == 401
    assert guarded.get("/healthz").status_code == 200


def test_each_role_may_do_what_those_before_it_may(
    guarded: httpx.Client, tokens: dict[str, str]
) -> None:
    for role, status in (("viewer", 403), ("scheduler", 200), ("operator", 200), ("admin", 200)):
        answer = guarded.post("/api/v1/placement", json=ASK, headers=bearer(tokens[role]))
        assert answer.status_code == status, role


def test_a_browser_that_signed_in_keeps_its_session(
    guarded: httpx.Client, tokens: dict[str, str]
) -> None:
    signed = guarded.get("/", auth=("me", tokens["scheduler"]))
    cookie = signed.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    held = {"cookie": cookie.partition(";")[0]}
    guarded.cookies.clear()
    assert guarded.post("/api/v1/placement", json=ASK, headers=held).status_code == 200
    forged = {"cookie": "twin_session=00"}
    assert guarded.get("/", headers=forged).status_code == 401


def test_a_foreign_page_cannot_use_the_loopback(client: httpx.Client) -> None:
    rebound = {"host": "evil.example"}
    assert client.get("/api/v1/site", headers=rebound).status_code == 401
    crossed = {"origin": "http://evil.example"}
    assert client.post("/api/v1/placement", json=ASK, headers=crossed).status_code == 403
    own = {"origin": str(client.base_url).rstrip("/")}
    assert client.post("/api/v1/placement", json=ASK, headers=own).status_code == 200


def test_without_trust_the_loopback_only_looks(client: httpx.Client) -> None:
    answer = client.put("/api/v1/policies/hold", json={"mode": "off"})
    assert answer.status_code == 403
    assert answer.json()["detail"] == "this needs the role operator"


def test_another_address_without_tokens_is_refused(tmp_path: Path) -> None:
    audit = tmp_path / "audit.jsonl"
    for host in ("0.0.0.0", "192.0.2.1", "::"):
        with pytest.raises(InputError, match="expected a token file"):
            server_of(SmallWorld(), host, 0, audit=audit)
    assert server_of(SmallWorld(), "127.0.0.1", 0, audit=audit).config.workers == 1


def test_a_taken_port_is_one_clear_line(client: httpx.Client, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be bound"):
        server_of(SmallWorld(), "127.0.0.1", client.base_url.port or 0, audit=tmp_path / "a")


def test_the_audit_log_is_json_lines_for_its_owner_only(
    client: httpx.Client, tmp_path: Path
) -> None:
    from dashboards.audit import Audit

    log = Audit(tmp_path / "deep" / "audit.jsonl")
    log.write("one", None, {"a": 1})
    log.write("two", {"a": 1}, None, "because")
    lines = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert [line["what"] for line in lines] == ["one", "two"]
    assert log.path.stat().st_mode & 0o077 == 0
