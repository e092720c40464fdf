"""Recordings and tariffs that come with the twin; each has its LICENSE and SOURCE.md beside it."""

from pathlib import Path

H200_WALL = Path(__file__).parent / "h200-mlperf-inference-wall"
"""Wall power of one 8-GPU H200 server in the runs of MLPerf Inference v4.1, a second apart."""

PILOT_DEMO = Path(__file__).parent / "pilot-demo"
"""Half an hour of node power for the pilot, made of those runs; what `make run` replays."""


def sample(name: str) -> Path | None:
    """Return the folder of a shipped recording by name; None if there is none."""
    folder = Path(__file__).parent / name
    return folder if (folder / "manifest.json").is_file() else None


def sample_tariff(path: Path, kind: str) -> Path:
    """Return the file of a shipped tariff where `path` is its name, else `path` itself.

    `kind` is `price` or `carbon`.
    """
    shipped = Path(__file__).parent / path / f"{kind}.csv.gz"
    return shipped if len(path.parts) == 1 and shipped.is_file() else path
