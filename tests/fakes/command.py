"""The command `twin`, run in the process of the tests, and what it answers."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest


class Told(NamedTuple):
    """What a verb answered."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> Any:
        """The one JSON object of stdout."""
        assert self.out.count("\n") == 1
        return json.loads(self.out)


Twin = Callable[..., Told]


def command(capsys: pytest.CaptureFixture[str]) -> Twin:
    """Return the command: words in, what was told out."""

    from dashboards.cli import main  # all verbs: only where they are used

    def run(*words: object) -> Told:
        capsys.readouterr()
        return Told(main([str(word) for word in words]), *capsys.readouterr())

    return run


def refused(told: Told, *named: object) -> None:
    """Assert exit 2 with one line on stderr that names what was wrong."""
    assert told.code == 2
    assert told.out == ""
    assert told.err.startswith("twin: ")
    assert told.err.count("\n") == 1
    for name in named:
        assert str(name) in told.err
