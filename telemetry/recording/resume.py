"""Going on with a recording: what a kill left is put in order and told."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from site_models.errors import InputError
from telemetry.recording.folder import TEMPORARY_SUFFIX
from telemetry.recording.format import MANIFEST_NAME, Manifest, Part, read_manifest
from telemetry.recording.incidents import Incident, note, said
from telemetry.recording.leftovers import leftovers
from telemetry.recording.listing import Entry, Listing
from telemetry.recording.parts import described


def reopened(folder: Path, site_hash: str | None) -> tuple[Listing, tuple[str, ...]]:
    """Return a recording to go on with, and what the end of the run before had cost.

    Whole parts that were not yet listed are listed, half-written and superseded files are
    removed, and a kill is written down beside the parts. Hashes of listed parts are not
    computed anew, since that takes minutes for a long recording; readers do it. Raises
    InputError when the folder is no recording, is of another site, or has a damaged part.
    """
    manifest = read_manifest(folder)
    if manifest.site_hash != site_hash:
        raise InputError(
            f"{folder}: was recorded at {manifest.site or 'another site'} or an earlier version"
            " of it, expected a new folder"
        )
    found = tuple(leftovers(folder, manifest))
    entries = [_entry(folder, part) for part in manifest.parts]
    adopted = [_entry(folder, _part(folder, left.path)) for left in found if left.whole]
    listing = Listing(folder, manifest, [one for one in entries if one])
    was_closed = manifest.closed
    listing.change(add=[one for one in adopted if one])
    for left in found:
        if not left.whole:
            (folder / left.path).unlink(missing_ok=True)
    (folder / (MANIFEST_NAME + TEMPORARY_SUFFIX)).unlink(missing_ok=True)
    lost = () if was_closed else (_kill(listing.manifest),)
    for incident in lost:
        note(folder, incident)
    return listing, (*(left.said for left in found), *(said(one) for one in lost))


def _kill(manifest: Manifest) -> Incident:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    why = f"the recorder ended without closing, at most one part is lost; gone on at {now}"
    return Incident("killed", manifest.end, None, why)


def _part(folder: Path, path: str) -> Part:
    content = (folder / path).read_bytes()
    rows = _footer(folder / path).num_rows
    return Part(path=path, rows=rows, sha256=hashlib.sha256(content).hexdigest())


def _entry(folder: Path, part: Part) -> Entry | None:
    """Return a listed part by its footer; None for one without rows."""
    file = folder / part.path
    footer = _footer(file)
    if not footer.num_rows:
        return None
    stored = described(file, footer)
    return Entry(part, stored.start_us, stored.end_us, file.stat().st_size)


def _footer(file: Path) -> pq.FileMetaData:
    try:
        return pq.read_metadata(file)
    except FileNotFoundError as error:
        raise InputError(f"{file}: listed in {MANIFEST_NAME} but missing") from error
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{file}: truncated or no Parquet part") from error
