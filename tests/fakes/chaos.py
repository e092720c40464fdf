"""Three exporters of a small site that go wrong in every way, on a clock that tests move.

An episode is one wrong thing for a while; between two all is well. What each must leave in
the health log is written beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from site_models.arrays import Floats
from telemetry.board import Board
from telemetry.prometheus.seating import Seating
from telemetry.sources.prometheus import Scraper, Target

LOGGED: dict[str, dict[str, int]] = {
    "dropped": {"lost": 1, "silent": 2},
    "blanks": {"silent": 2},
    "not_numbers": {"silent": 2},
    "sentinel_hot": {"rejected": 1, "silent": 1},
    "sentinel_zero": {"marked": 1},
    "reordered": {},
    "clock_ahead": {"skewed": 1},
    "clock_behind": {"skewed": 1},
    "same_name": {"repeated": 1},
    "said_unit": {"rejected": 1, "silent": 1},
    "other_unit": {"unit": 1},
    "kilowatts": {"unit": 1},
}
"""How many incidents of which kind an episode leaves, one for each signal, host or target it is
about. What is late or there twice does no harm and leaves none."""
LONG_S, REST_S = 150.0, 300.0
HELPS = {
    "DCGM_FI_DEV_GPU_TEMP": "GPU temperature (in C).",
    "DCGM_FI_DEV_POWER_USAGE": "Power draw (in W).",
}
HOUR_S = 3600.0


@dataclass(frozen=True)
class Episode:
    """Something that goes wrong on one host."""

    kind: str
    host: int
    from_s: float

    def holds(self, now_s: float) -> bool:
        """Say whether it lasts."""
        return self.from_s <= now_s < self.from_s + LONG_S


def episodes(seed: int, seconds: float, start_s: float) -> list[Episode]:
    """Return episodes one after another, every kind equally often, in a drawn order."""
    chance = np.random.default_rng(seed)
    count = int((seconds - REST_S) // (LONG_S + REST_S))
    kinds = [k for _ in range(-(-count // len(LOGGED))) for k in chance.permutation(list(LOGGED))]
    first_s = start_s + REST_S
    return [
        Episode(str(kinds[i]), int(chance.integers(3)), first_s + i * (LONG_S + REST_S))
        for i in range(count)
    ]


class Chaos:
    """A feeder: scrapes three exporters, and a fourth that takes one's name, when asked."""

    label = "three exporters"

    def __init__(
        self,
        board: Board,
        gpu_node: list[int],
        read: Callable[[], tuple[Floats, Floats]],
        now_s: Callable[[], float],
        course: list[Episode],
    ) -> None:
        urls = [f"http://host{k}:9400/metrics" for k in range(4)]
        self._scraper = Scraper(urls, board, Seating(board.axes, gpu_node), now_s)
        self._read, self._now_s, self._course = read, now_s, course
        self._gpu_node = np.array(gpu_node)
        self._nodes = np.array_split(np.arange(len(board.axes["node"])), 3)
        self._late: dict[int, str] = {}
        for host, target in enumerate(self._scraper._targets):
            target.fetch = self._answers(host)  # type: ignore[method-assign]

    def start(self) -> None:
        """Nothing to begin."""

    def stop(self) -> None:
        """Nothing to end."""

    def scrape(self) -> None:
        """Scrape all of them once."""
        targets: list[Target] = self._scraper._targets
        for target in targets:
            self._scraper.scrape(target)

    def _answers(self, host: int) -> Callable[[float], tuple[str, float | None]]:
        def fetch(timeout_s: float) -> tuple[str, float | None]:
            now_s = self._now_s()
            wrong = next((e for e in self._course if e.holds(now_s)), None)
            if host == 3:  # speaks as host 0 while names are mixed up
                mixed = wrong is not None and wrong.kind == "same_name"
                return (self._text(0, "", now_s, 30.0) if mixed else ""), None
            kind = wrong.kind if wrong is not None and wrong.host == host else ""
            return self._answer(host, kind, now_s)

        return fetch

    def _answer(self, host: int, kind: str, now_s: float) -> tuple[str, float]:
        if kind == "dropped":
            raise OSError("connection refused")
        told_s = now_s + {"clock_ahead": HOUR_S, "clock_behind": -HOUR_S}.get(kind, 0.0)
        text = self._text(host, kind, told_s)
        if kind == "reordered" and int(now_s) % 20 < 10:
            return self._late.get(host, text), told_s
        self._late[host] = text
        return text, told_s

    def _text(self, host: int, kind: str, told_s: float, more_k: float = 0.0) -> str:
        power_w, temp_c = self._read()
        lines = []
        for name, values in zip(HELPS, (temp_c + more_k, power_w), strict=True):
            lines.append(f"# HELP {name} {_help(name, kind)}")
            for node in self._nodes[host]:
                for rank, g in enumerate(np.flatnonzero(self._gpu_node == node)):
                    said = _said(name, kind, float(values[g]), rank)
                    labels = f'gpu="{rank}",Hostname="node{node}"'
                    lines.append(f"{name}{{{labels}}} {said} {round(told_s * 1e3)}")
        return "\n".join(lines) + "\n"


def _help(name: str, kind: str) -> str:
    if kind == "said_unit" and name.endswith("USAGE"):
        return "Power draw (in mW)."
    return HELPS[name]


def _said(name: str, kind: str, value: float, rank: int) -> str:
    """Return the reading as the exporter writes it."""
    hot = name.endswith("TEMP")
    if kind == "blanks" and rank == 1:
        return "9223372036854775794"
    if kind == "not_numbers":
        return "NaN"
    if kind == "sentinel_hot" and hot and rank == 0:
        return "255"
    if kind == "sentinel_zero" and hot:
        return "0"
    if kind == "other_unit" and hot:
        return f"{1.8 * value + 32.0:.1f}"
    if kind == "kilowatts" and not hot:
        return f"{value * 1e-3:.4f}"
    return f"{value * (1e3 if kind == 'said_unit' and not hot else 1.0):.1f}"
