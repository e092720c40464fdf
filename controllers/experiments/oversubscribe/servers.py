"""Inference servers that work off the requests of a trace, second by second."""

import csv
import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from controllers.jobs.team import first_team
from site_models.arrays import Floats
from site_models.compile import compile_site
from telemetry.files.requests import read_requests
from twin.workload import workload

SHIPPED = Path(__file__).parent / "azure-code-2023.csv.gz"
LEAST_SHIFT_S = 600
DECODE_BATCH_SHARE = 0.125
"""Requests decoded at once over those of the profile: 8 of 64. Estimate."""


class Requested(NamedTuple):
    """Tokens that come in each second."""

    context: Floats
    generated: Floats


class Kind(NamedTuple):
    """What a server of eight GPUs does with tokens."""

    context_per_s: float
    """Prompt tokens a second at full clock."""
    generated_per_s: float
    prefill_w: float
    """Of each GPU at full clock."""
    decode_w: float
    idle_w: float


def requested(path: Path | None = None) -> Requested:
    """Return the shipped trace, or that of a table as `telemetry.files.requests` reads it."""
    if path is not None:
        table = read_requests(path)
        second = (table.time_s - table.time_s[0]).astype(np.int64)
        count = int(second.max()) + 1
        context = sum_by(second, table.context_tokens, count)
        return Requested(context, sum_by(second, table.generated_tokens, count))
    with gzip.open(SHIPPED, "rt", encoding="utf-8", newline="") as file:
        rows = [[int(cell) for cell in row] for row in list(csv.reader(file))[1:]]
    second = np.array([row[0] for row in rows])
    trace = Requested(np.zeros(second[-1] + 1), np.zeros(second[-1] + 1))
    trace.context[second] = [row[2] for row in rows]
    trace.generated[second] = [row[3] for row in rows]
    return trace


def h200_kind() -> Kind:
    """Return the rates and powers of the profiles `prefill` and `decode` on an HGX H200."""
    plant = compile_site("hgx-h200")
    gpus = np.arange(8)
    rates, powers_w = [], []
    for name in ("prefill", "decode"):
        team = first_team(workload(name), plant, gpus)
        at = team.pace(np.ones(8))
        rates.append(team.units_per_s(at))
        powers_w.append(float(team.power_w(plant, at, np.ones(8)).mean()))
    idle_w = float(plant.arrays.gpus.idle_power_w[0])
    return Kind(rates[0], DECODE_BATCH_SHARE * rates[1], powers_w[0], powers_w[1], idle_w)


def copies(trace: Requested, servers: int, each: int, seed: int) -> Requested:
    """Return the arrivals of servers, shape (seconds, servers): copies shifted in a circle.

    Each server gets the sum of `each` copies, every copy shifted by a time of its own of at
    least ten minutes either way round. The same seed gives the same first servers.
    """
    random = np.random.default_rng((seed, each))
    length = len(trace.context)
    rows = random.integers(LEAST_SHIFT_S, length - LEAST_SHIFT_S, (servers, each))
    place = (np.arange(length)[:, None, None] - rows[None, :, :]) % length
    return Requested(trace.context[place].sum(axis=2), trace.generated[place].sum(axis=2))


class Servers:
    """The queues of some servers; prompts first, tokens are generated in what time is left.

    A fluid: a second's tokens are work of that second at the rate of the profile. Prompts are
    bound by arithmetic and follow the clock, generation is not (experiment clock_choice).
    """

    def __init__(self, arrivals: Requested, kind: Kind) -> None:
        self.kind = kind
        self._context_s = arrivals.context / kind.context_per_s
        self._generated_s = arrivals.generated / kind.generated_per_s
        count = arrivals.context.shape[1]
        self.queue_s = np.zeros(count)
        """Work at full clock that waits."""
        self._decode_s = np.zeros(count)
        self._busy_s, self._decoding_s = np.zeros(count), np.zeros(count)
        self.waited_s = 0.0
        """Integral of the queues over time."""
        self.served_s = 0.0

    def ask(self, second: int) -> Floats:
        """Take in a second's requests; return the mean power of each server's GPUs [W]."""
        row = second % len(self._context_s)
        self.queue_s += self._context_s[row]
        self._decode_s += self._generated_s[row]
        self._busy_s = np.minimum(self.queue_s, 1.0)
        self._decoding_s = np.minimum(self._decode_s, 1.0 - self._busy_s)
        kind = self.kind
        return np.asarray(
            kind.idle_w
            + self._busy_s * (kind.prefill_w - kind.idle_w)
            + self._decoding_s * (kind.decode_w - kind.idle_w)
        )

    def serve(self, clock: Floats) -> None:
        """Work off what the clocks of the second allow."""
        done_s = np.minimum(self._busy_s * clock, self.queue_s)
        self.queue_s -= done_s
        self._decode_s -= self._decoding_s
        self.served_s += float(done_s.sum())
        self.waited_s += float(self.queue_s.sum())
