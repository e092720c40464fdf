"""Plants that the tests of this room share, compiled once, and how they draw examples."""

import pytest
from hypothesis import settings

from site_models.compile import compile_site
from site_models.plant import Plant

settings.register_profile("compiled")
settings.load_profile("compiled")
"""The first call of a law compiles it, which takes longer than any deadline."""


@pytest.fixture(scope="session")
def pilot() -> Plant:
    return compile_site("pilot")


@pytest.fixture(scope="session")
def edge() -> Plant:
    """One liquid-cooled rack of 72 GPUs with its own dry cooler."""
    return compile_site("edge")


@pytest.fixture(scope="session")
def hgx() -> Plant:
    """One air-cooled server of 8 GPUs."""
    return compile_site("hgx-h200")
