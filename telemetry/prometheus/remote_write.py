"""Remote-write bodies to readings on a board: what each series means is found out once."""

import threading
from collections import Counter
from itertools import repeat

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from telemetry.board import Board
from telemetry.prometheus.metric_names import BLANK_FROM, BLANKS_32, metrics
from telemetry.prometheus.remote_write_wire import Batch, labels_in, scanned, unpacked
from telemetry.prometheus.seating import Seating
from telemetry.signals import SIGNALS

IGNORED = -1
MOST_SERIES = 4_000_000
"""Known at once; a sender that makes up more label sets than this is refused."""


class Receiver:
    """Takes the bodies of one or more Prometheus servers.

    Series whose metric or device is unknown are ignored and counted. Counters of energy that
    began anew are left as they are sent: what reads them knows about resets. Safe to use
    from several threads. Checked with a real server in
    ``tests/telemetry/prometheus/test_prometheus.py`` and for its rate in `twin bench`.
    """

    def __init__(self, board: Board, seating: Seating) -> None:
        self._board, self._seating = board, seating
        self._lock = threading.Lock()
        self._row: dict[bytes, int] = {}
        self._signals = tuple(SIGNALS)
        self._number = {name: i for i, name in enumerate(self._signals)}
        self._facts: list[tuple[int, int, float, float]] = []
        self._columns: tuple[Ints, Ints, Floats, Floats] | None = None
        self.ignored: Counter[str] = Counter()
        """Series not taken, by reason."""
        self.samples = 0
        """Readings put on the board."""

    def take(self, body: bytes, now_s: float) -> int:
        """Put the samples of a compressed body on the board; return how many were taken.

        InputError for a body that is no WriteRequest; nothing of it is taken then.
        """
        batch = scanned(unpacked(body))
        with self._lock:
            rows = self._rows(batch)
            signal, place, scale, offset = self._table()
            chosen = rows[batch.series]
            known = signal[chosen] != IGNORED
            chosen, reading = chosen[known], batch.value[known]
            taken_s = batch.time_s[known]
            blank = (np.abs(reading) >= BLANK_FROM) | (
                (reading >= BLANKS_32[0]) & (reading <= BLANKS_32[1])
            )
            value = np.where(blank, np.nan, reading * scale[chosen] + offset[chosen])
            count = 0
            of = signal[chosen]
            order = np.argsort(of, kind="stable")
            edges = np.flatnonzero(np.diff(of[order])) + 1
            for part in np.split(order, edges):
                if len(part):
                    name = self._signals[of[part[0]]]
                    count += self._board.put(
                        name, place[chosen[part]], value[part], taken_s[part], now_s
                    )
            self.samples += count
        return count

    def _rows(self, batch: Batch) -> Ints:
        """Return the row of each series in what is known, learning those that are new."""
        prints = np.stack((batch.print_a, batch.print_b), 1).view("V16").ravel().tolist()
        found = np.fromiter(map(self._row.get, prints, repeat(-1)), np.int64, len(prints))
        for i in np.flatnonzero(found < 0).tolist():
            row = self._row.get(prints[i])  # a body may hold a series twice
            found[i] = self._learn(batch, i, prints[i]) if row is None else row
        return found

    def _learn(self, batch: Batch, i: int, key: bytes) -> int:
        if len(self._row) >= MOST_SERIES:
            raise InputError(f"remote write: more than {MOST_SERIES} series, expected fewer")
        labels = labels_in(batch.body, int(batch.span[i, 0]), int(batch.span[i, 1]))
        metric = metrics().get(labels.get("__name__", ""))
        facts = (IGNORED, 0, 1.0, 0.0)
        if metric is None:
            self.ignored["metric not known"] += 1
        elif metric.signal not in self._number or not self._board.has(metric.signal):
            self.ignored["signal of an axis that the site has not"] += 1
        else:
            place = self._seating.place(SIGNALS[metric.signal].axis, labels)
            if place < 0:
                self.ignored["device not known"] += 1
            else:
                number = self._number[metric.signal]
                facts = (number, place, metric.scale, metric.offset)
        self._facts.append(facts)
        self._columns = None
        self._row[key] = len(self._facts) - 1
        return len(self._facts) - 1

    def _table(self) -> tuple[Ints, Ints, Floats, Floats]:
        if self._columns is None:
            columns = list(zip(*self._facts, strict=True)) or [(), (), (), ()]
            self._columns = (
                np.array(columns[0], np.int64),
                np.array(columns[1], np.int64),
                np.array(columns[2], np.float64),
                np.array(columns[3], np.float64),
            )
        return self._columns
