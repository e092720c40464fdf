"""The listed parts of a recording: added, replaced and dropped, the manifest always true."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from telemetry.recording.format import (
    Manifest,
    Part,
    axis_of,
    numbers_of,
    to_iso,
    write_manifest,
)
from telemetry.signals import AXES


@dataclass(frozen=True, slots=True)
class Entry:
    """A listed part with what retention and merging ask of it."""

    part: Part
    start_us: int
    end_us: int
    size_bytes: int

    @property
    def axis(self) -> str:
        """Return its folder: an axis, or a rollup's name."""
        return axis_of(self.part.path)

    @property
    def is_raw(self) -> bool:
        """Say whether it holds readings, and not a rollup of them."""
        return self.axis in AXES

    @property
    def numbers(self) -> tuple[int, int]:
        """Return the first and the last number that it stands for."""
        return numbers_of(self.part.path)


class Listing:
    """The manifest of a recording that is being written, and its parts.

    The manifest is replaced before files are removed, and files are written before they are
    listed. So after a kill at any instant every listed part is there; what is there and not
    listed is either newer than all that are listed (and then whole), or no longer wanted.
    """

    def __init__(self, folder: Path, manifest: Manifest, entries: Iterable[Entry] = ()) -> None:
        self.folder, self.manifest = folder, manifest
        self.entries = tuple(entries)

    def change(
        self,
        add: Collection[Entry] = (),
        drop: Collection[Entry] = (),
        closed: bool = False,
    ) -> None:
        """List and unlist parts at once, then remove the files of those that went.

        OSError where the manifest cannot be written; the listing is then as before.
        """
        gone = {entry.part.path for entry in drop}
        kept = [entry for entry in self.entries if entry.part.path not in gone]
        entries = tuple(sorted([*kept, *add], key=lambda entry: entry.numbers[0]))
        raw = [entry for entry in entries if entry.is_raw]
        manifest = self.manifest.model_copy(
            update={
                "start": to_iso(min(entry.start_us for entry in raw)) if raw else None,
                "end": to_iso(max(entry.end_us for entry in raw)) if raw else None,
                "parts": [entry.part for entry in entries],
                "closed": closed,
            }
        )
        write_manifest(self.folder, manifest)
        self.manifest, self.entries = manifest, entries
        for path in gone:
            (self.folder / path).unlink(missing_ok=True)
