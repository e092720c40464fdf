"""Recordings that come with the twin; each has its LICENSE and SOURCE.md beside it."""

from pathlib import Path

H200_WALL = Path(__file__).parent / "h200-mlperf-inference-wall"
"""Wall power of one 8-GPU H200 server in the runs of MLPerf Inference v4.1, a second apart."""
