"""How long a campus takes from YAML to plant."""

from collections.abc import Iterator

from benchmarks.row import Row, best_s
from site_models.compile import compile_site


def rows(only: str = "") -> Iterator[Row]:
    """Measure the compiler on the largest shipped site."""
    if only in ("", "campus_compile"):
        yield Row.at_most(
            "campus_compile", best_s(lambda: compile_site("campus-100k"), 2), "s", 5.0
        )
