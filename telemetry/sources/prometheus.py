"""Scrapes exporters in Prometheus' text format: dcgm-exporter of both name generations."""

import http.client
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import numpy as np

from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.board import Board
from telemetry.clock_skew import Clocks
from telemetry.prometheus.exposition_text import Sample, helps_of, labels_of, samples_of
from telemetry.prometheus.metric_names import BLANK_FROM, BLANKS_32, Metric, metrics, refused_unit
from telemetry.prometheus.seating import Seating
from telemetry.prometheus.targets import targets_of
from telemetry.signals import SIGNALS

SCHEME = "prometheus"
LIVE = True
PERIOD_S = 5.0
MOST_AT_ONCE = 32
LARGEST_ANSWER_BYTES = 64 * 1024 * 1024

Seat = tuple[str, int, Metric]
"""Signal, place along its axis, and what the metric means."""


def feeder(argument: str, plant: Plant, board: Board, now_s: Callable[[], float]) -> "Scraper":
    """Return a scraper of the targets that a SPEC names; InputError for none."""
    seating = Seating(board.axes, plant.arrays.gpus.node.tolist())
    return Scraper(targets_of(argument), board, seating, now_s)


class Target:
    """One exporter: keeps its connection, and what its lines mean."""

    def __init__(self, url: str, seating: Seating, claims: dict[tuple[str, int], str]) -> None:
        self.url = url
        self._seating, self._claims = seating, claims
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self._path = parts.path + (f"?{parts.query}" if parts.query else "")
        secure = parts.scheme == "https"
        self._kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._port = parts.port
        self._connection: http.client.HTTPConnection | None = None
        self._seats: dict[tuple[str, str], Seat | None] = {}
        self._helps = ""
        self.refused: dict[str, str] = {}
        """Metrics whose stated unit is not the table's, with that unit."""
        self.told: set[str] = set()
        """Those of them that the health log knows of."""
        self._denied: dict[tuple[str, str], str] = {}
        self.repeated = ""
        """Why some of its devices are another target's."""

    def fetch(self, timeout_s: float) -> tuple[str, float | None]:
        """Return the exporter's text and the host's own time, if it told; OSError, InputError."""
        for fresh in (self._connection is None, True):
            if fresh or self._connection is None:
                self.drop()
                self._connection = self._kind(self.host, self._port, timeout=timeout_s)
            try:
                self._connection.request("GET", self._path, headers={"Accept": "text/plain"})
                answer = self._connection.getresponse()
                body = answer.read(LARGEST_ANSWER_BYTES)
                break
            except (http.client.HTTPException, OSError):
                self.drop()
                if fresh:
                    raise
        if answer.status != 200:
            raise InputError(f"{self.url}: answered {answer.status}, expected 200")
        date = answer.getheader("Date")
        told_s = parsedate_to_datetime(date).timestamp() if date else None
        return body.decode("utf-8", errors="replace"), told_s

    def drop(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def seats(self, text: str, samples: list[Sample]) -> list[Seat | None]:
        """Return what each sample is a reading of; None where it is of no interest."""
        helps = "\n".join(line for line in text.splitlines() if line.startswith("# HELP"))
        if helps != self._helps:
            self._helps, self._seats = helps, {}
            said = helps_of(helps)
            self.refused = {
                name: unit
                for name, metric in metrics().items()
                if name in said and (unit := refused_unit(metric, said[name]))
            }
        found = [self._seat(sample.name, sample.block) for sample in samples]
        keys = ((sample.name, sample.block) for sample in samples) if self._denied else ()
        self.repeated = next((self._denied[key] for key in keys if key in self._denied), "")
        return found

    def _seat(self, name: str, block: str) -> Seat | None:
        key = (name, block)
        if key not in self._seats:
            self._seats[key] = self._found(name, block)
        return self._seats[key]

    def _found(self, name: str, block: str) -> Seat | None:
        metric = metrics().get(name)
        if metric is None or name in self.refused:
            return None
        labels = labels_of(block, self.url)
        labels.setdefault("instance", self.host)
        axis = SIGNALS[metric.signal].axis
        place = self._seating.place(axis, labels)
        if place < 0:
            return None
        other = self._claims.setdefault((axis, place), self.url)
        if other != self.url:
            who = labels.get("Hostname", self.host)
            self._denied[name, block] = f"{who} is read from {other} already"
            return None
        return metric.signal, place, metric


class Scraper:
    """Scrapes many targets, each once a period, and puts what it finds on a board.

    A target that fails is said to be lost once and to be back once; its readings age. A
    device belongs to the first target that spoke of it, so two hosts of one name do not mix.
    """

    def __init__(
        self,
        urls: list[str],
        board: Board,
        seating: Seating,
        now_s: Callable[[], float],
        period_s: float = PERIOD_S,
    ) -> None:
        claims: dict[tuple[str, int], str] = {}
        self._targets = [Target(url, seating, claims) for url in urls]
        self._board, self._now_s, self._period_s = board, now_s, period_s
        self._clocks = Clocks(board.health)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prometheus", daemon=True)

    @property
    def label(self) -> str:
        """What a banner says of it."""
        first = self._targets[0].host
        rest = len(self._targets) - 1
        return f"Prometheus exporter {first}" + (f" and {rest} more" if rest else "")

    def start(self) -> None:
        """Begin to scrape."""
        self._thread.start()

    def stop(self) -> None:
        """Scrape no more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=self._period_s)
        for target in self._targets:
            target.drop()

    def _run(self) -> None:
        with ThreadPoolExecutor(min(MOST_AT_ONCE, len(self._targets))) as pool:
            while not self._over.is_set():
                began = time.monotonic()
                list(pool.map(self.scrape, self._targets))
                left_s = self._period_s - (time.monotonic() - began)
                self._over.wait(max(left_s, 0.0))

    def scrape(self, target: Target) -> int:
        """Scrape one target now; return how many readings it gave. Raises nothing."""
        asked_s = self._now_s()
        health = self._board.health
        try:
            text, told_s = target.fetch(0.8 * self._period_s)
            samples = samples_of(text, target.url)
            seats = target.seats(text, samples)
        except (OSError, http.client.HTTPException, InputError) as error:
            health.raised("lost", target.url, str(error) or type(error).__name__, self._now_s())
            return 0
        now_s = self._now_s()
        health.cleared("lost", target.url, now_s)
        for name, unit in target.refused.items():
            said = f"its help says {unit}, expected {metrics()[name].unit}: not read"
            health.raised("rejected", f"{target.url} {name}", said, now_s)
        for name in target.told - set(target.refused):
            health.cleared("rejected", f"{target.url} {name}", now_s)
        target.told = set(target.refused)
        health.set(bool(target.repeated), "repeated", target.url, target.repeated, now_s)
        shift_s = self._clocks.shift_s(target.host, told_s, now_s) if told_s else 0.0
        return self._put(samples, seats, 0.5 * (asked_s + now_s), shift_s, now_s)

    def _put(
        self,
        samples: list[Sample],
        seats: list[Seat | None],
        read_s: float,
        shift_s: float,
        now_s: float,
    ) -> int:
        found: dict[str, tuple[list[int], list[float], list[float]]] = {}
        for sample, seat in zip(samples, seats, strict=True):
            if seat is None:
                continue
            signal, place, metric = seat
            reading = _number(sample.reading)
            places, values, times = found.setdefault(signal, ([], [], []))
            places.append(place)
            values.append(reading * metric.scale + metric.offset)
            stamped_s = float(sample.time_ms) * 1e-3 + shift_s if sample.time_ms else read_s
            times.append(stamped_s)
        return sum(
            self._board.put(signal, np.array(p, np.int64), np.array(v), np.array(t), now_s)
            for signal, (p, v, t) in found.items()
        )


def _number(text: str) -> float:
    """Return a reading; NaN for one of DCGM's blanks and for what is no number."""
    try:
        reading = float(text)
    except ValueError:
        return np.nan
    blank = abs(reading) >= BLANK_FROM or BLANKS_32[0] <= reading <= BLANKS_32[1]
    return np.nan if blank else reading
