"""What a long recording needs beside writing: past hours merged, old parts dropped."""

import logging

import pyarrow as pa

from telemetry.recording.listing import Entry, Listing
from telemetry.recording.merge import Merge, due
from telemetry.recording.retention import Keep, surplus

_log = logging.getLogger(__name__)


class Upkeep:
    """Merges and drops parts of a listing. What fails here is logged and costs no reading."""

    def __init__(self, listing: Listing, keep: Keep) -> None:
        self._listing, self._keep = listing, keep
        self._merge: Merge | None = None
        self._now_us = 0
        self._left: set[Entry] = set()
        """Parts whose merge failed: they stay as they are."""

    @property
    def merging(self) -> bool:
        """Say whether `advance` has something to do."""
        return self._merge is not None

    def look(self, now_us: int) -> None:
        """Drop what is beyond the limits and begin a merge if one is due."""
        self._now_us = now_us
        old = surplus(self._listing.entries, self._keep, now_us)
        if old:
            if self._merge is not None and set(old) & set(self._merge.sources):
                self.abandon()
            try:
                self._listing.change(drop=old)
            except OSError as error:  # tried again with the next part
                _log.warning("%s: old parts stay: %s", self._listing.folder, error)
        if self._merge is None:
            self._begin()

    def advance(self) -> bool:
        """Go on with the merge for a moment; False where there is none."""
        if self._merge is None:
            return False
        try:
            done = self._merge.advance()
        except (OSError, pa.ArrowException) as error:
            _log.warning("%s: parts stay unmerged: %s", self._listing.folder, error)
            self._left.update(self._merge.sources)
            self.abandon()
            done = True
        if done:
            self._merge = None
            self._begin()
        return True

    def abandon(self) -> None:
        """End the merge, leaving what it would have replaced."""
        if self._merge is not None:
            self._merge.abandon()
            self._merge = None

    def _begin(self) -> None:
        whole = [entry for entry in self._listing.entries if entry not in self._left]
        sources = due(whole, self._now_us)
        if sources:
            self._merge = Merge(self._listing, sources)
