"""What all tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.fakes.command import Twin, command

ROOT = Path(__file__).parent.parent
settings.register_profile("ours", deadline=None)  # the first example may compile a kernel
settings.load_profile("ours")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with slow tests first: shared out over the cores, short ones end together."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of shared measured data and references; skip where there is none."""
    folder = Path(os.environ.get("TWIN_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("no shared data beside the checkout")
    return folder


@pytest.fixture
def twin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Twin:
    """Return the command, run in this process and outside any user's catalog."""
    monkeypatch.delenv("TWIN_CATALOG", raising=False)
    return command(capsys)
