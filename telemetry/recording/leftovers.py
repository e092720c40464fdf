"""What a kill leaves in the folder of a recording beside the listed parts."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from telemetry.recording.folder import TEMPORARY_SUFFIX
from telemetry.recording.format import MANIFEST_NAME, PART_PATH, Manifest, numbers_of


class Leftover(NamedTuple):
    """A file that the manifest does not list."""

    path: str
    whole: bool
    """Rows that are nowhere else: written and renamed, and then came the kill."""
    said: str


def leftovers(folder: Path, manifest: Manifest) -> Iterator[Leftover]:
    """Yield the files of parts that are not listed, in the order of their names.

    In a recording that was not ended, an unlisted part with a number above all that are
    listed was whole when the kill came. Any other was already merged into a listed one, is
    a merged one whose sources are still listed, or was dropped as too old.
    """
    listed = {part.path for part in manifest.parts}
    last = max((numbers_of(path)[1] for path in listed), default=-1)
    for file in sorted(folder.glob("*/part-*")):
        path = file.relative_to(folder).as_posix()
        name = path.removesuffix(TEMPORARY_SUFFIX)
        if path in listed or not PART_PATH.fullmatch(name):
            continue
        first, end = numbers_of(name)
        if path != name and first != end:
            yield Leftover(path, False, f"{path} was being merged: nothing is lost by it")
        elif path != name:
            said = f"{path} was being written when the recorder was killed: its rows are lost"
            yield Leftover(path, False, said)
        elif manifest.closed:
            yield Leftover(path, False, f"{path} is not listed in {MANIFEST_NAME}: ignored")
        elif first > last:
            said = f"{path} was whole but not yet listed: read without a checksum"
            yield Leftover(path, True, said)
        else:
            yield Leftover(path, False, f"{path} was merged or dropped: ignored, nothing is lost")
