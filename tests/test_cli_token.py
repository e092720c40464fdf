"""Tokens are shown once, stored hashed, and gone when revoked."""

import json
from pathlib import Path

import pytest

from dashboards.auth import Role, caller_of, load_tokens
from dashboards.cli import main


def test_a_token_opens_the_door_until_it_is_revoked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = str(tmp_path / "tokens.json")
    assert main(["token", "add", "slurm", "--role", "scheduler", "--tokens", book, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["token"] not in Path(book).read_text()
    caller = caller_of(load_tokens(Path(book)), made["token"])
    assert caller is not None
    assert (caller.name, caller.role) == ("slurm", Role.SCHEDULER)
    assert main(["token", "list", "--tokens", book, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "tokens": [{"name": "slurm", "role": "scheduler"}]
    }
    assert main(["token", "revoke", "slurm", "--tokens", book]) == 0
    assert caller_of(load_tokens(Path(book)), made["token"]) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("add", "x", "--role", "king"),
            "expected one of source, viewer, scheduler, operator, admin",
        ),
        (("revoke", "nobody"), "cannot be read"),
        (("list",), "cannot be read"),
    ],
)
def test_an_impossible_wish_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    book = tmp_path / "tokens.json"
    assert main(["token", *words, "--tokens", str(book)]) == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert said in complaint
    assert not book.exists()
