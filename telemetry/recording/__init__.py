"""Recordings: folders of Parquet that outlive every version of the twin.

The format is the contract of the design page: readable by pandas, polars and DuckDB with
no code of ours, whole after a kill at any instant, the same bytes for the same rows.
"""

from telemetry.recording.folder import host_facts
from telemetry.recording.format import Manifest, Part
from telemetry.recording.reader import Recording, Seats, seat_in_order
from telemetry.recording.writer import RecordingWriter

__all__ = [
    "Manifest",
    "Part",
    "Recording",
    "RecordingWriter",
    "Seats",
    "host_facts",
    "seat_in_order",
]
