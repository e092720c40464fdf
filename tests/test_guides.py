"""What the documents point to is there: links, files and options of commands."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from dashboards.cli import build
from tests.conftest import ROOT

PAGES = sorted(
    [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "integrations").rglob("*.md")]
)
ROOMS = "benchmarks|controllers|dashboards|docs|integrations|site_models|telemetry|tests|twin"
"""Folders of the checkout: what begins with one of them and a slash is a path from its root."""
MADE = {"telemetry/sources/flat.py", "controllers/policies/flat_cap.py", "dashboards/pages/pue.py"}
"""What the README has its reader write."""
COMMANDS = typer.main.get_command(build())


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    inside = [link for link in links if not re.match(r"\w+:", link)]
    assert [link for link in inside if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(rf"`((?:{ROOMS})/[\w./-]+?)/?`", page.read_text())
    plain = {path for path in named if not re.search(r"[A-Z]{3}|__pycache__", path)} - MADE
    assert sorted(path for path in plain if not (ROOT / path).exists()) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_know_the_options_that_they_are_given(page: Path) -> None:
    fences = re.findall(r"^ *```sh\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`(twin [^`]+)`", page.read_text())
    lines = "\n".join([*fences, *spans]).replace("\\\n", " ").splitlines()
    said = [line.strip() for line in lines if line.strip().startswith("twin ")]
    assert [trouble for line in said if (trouble := _unknown(line))] == []


def _unknown(line: str) -> str:
    """Return what a command line has that the command does not; empty where it is fine."""
    words = shlex.split(line.split("|")[0], comments=True)[1:]
    command = COMMANDS
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        verb = words.pop(0)
        if verb not in command.commands:
            return "" if verb == "VERB" else f"{line}: there is no {verb}"
        command = command.commands[verb]
    known = {option for one in command.params for option in one.opts} | {"--help"}
    asked = [word.split("=")[0] for word in words if word.startswith("--")]
    strange = [option for option in asked if option not in known]
    return f"{line}: there is no {strange}" if strange else ""
