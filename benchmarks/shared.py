"""Where the measured data stand that are not part of the project."""

import os
from pathlib import Path

BESIDE = Path(__file__).parents[1].parent / "shared"


def shared() -> Path:
    """Return their folder: `$TWIN_SHARED`, else `shared` beside the checkout."""
    return Path(os.environ.get("TWIN_SHARED", BESIDE))
