"""The project keeps its own rules: linters, layers, licence, and a lock that names no registry."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

ROOMS = (
    "site_models", "telemetry", "twin", "controllers", "dashboards", "benchmarks", "integrations",
)  # fmt: skip
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
BANNED_UNITS = ("_mw", "_kw", "_mhz", "_ghz", "_bar", "_lpm", "_gpm", "_pct", "_percent")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")


def ran(*words: str) -> str:
    """Return what a tool printed; fail with that if it was not content."""
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_ruff_finds_nothing() -> None:
    ran("-m", "ruff", "check", "--quiet", ".")


def test_the_code_is_formatted() -> None:
    ran("-m", "ruff", "format", "--check", "--quiet", ".")


@pytest.mark.slow
def test_mypy_finds_nothing() -> None:
    ran("-m", "mypy")


def test_imports_run_one_way() -> None:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    assert "0 broken" in ran("-c", command)


def test_the_lock_pins_everything_and_names_no_registry() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    assert "--index-url" not in text
    entries = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert len(entries) > 50
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,-]+\])?==\S+ \\\n    --hash=sha256:", entry), entry
    locked = {re.split(r"[\[=]", entry)[0] for entry in entries}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    wanted += project["project"]["optional-dependencies"]["test"]
    names = {re.split(r"[\[><=~!; ]", one)[0].lower().replace("_", "-") for one in wanted}
    assert names <= locked


def test_the_licence_is_the_plain_one_and_shipped_data_have_theirs() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert text.rstrip().endswith("limitations under the License.")
    notice = (ROOT / "NOTICE").read_text()
    folders = {path.parent for path in ROOT.glob("telemetry/samples/*/manifest.json")}
    for folder in {*folders, ROOT / "site_models" / "weather"}:
        assert list(folder.glob("LICENSE*"))
        assert (folder / "SOURCE.md").is_file()
        assert folder.relative_to(ROOT).as_posix() in notice


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_says_what_it_is_and_names_base_units(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "expected a docstring"
    assert not UNFINISHED.search(text)
    if "benchmarks" not in path.parts:  # its tables print what people read
        assert [name for name in names_in(tree) if name.lower().endswith(BANNED_UNITS)] == []
    assert [f.name for f in longest(tree)] == []


def names_in(tree: ast.Module) -> Iterator[str]:
    """Yield every name that is bound or asked for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def longest(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield functions that cannot be seen at once: over 70 lines without the docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False) or ""
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines - docstring.count("\n") - 1 > 70:
                yield node
