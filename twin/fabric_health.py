"""Which link, leaf or node of the fabric is slow: from pairwise measurements or from counters.

A measurement between two GPUs crosses a handful of parts and goes at the pace of the slowest.
So a slow part makes every measurement across it slow, and a sound one is crossed by some that
are not. The part that explains most is named first, its measurements are set aside, and the
rest is looked at again.
"""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from site_models.errors import InputError
from site_models.plant import Plant

MAD_TO_STD = 1.4826
"""Standard deviation over the median absolute deviation of a normal distribution."""
LEAST_NOISE = 0.003
"""No set of measurements is taken for more even than this."""
LEAST_SLOW = 0.05
"""Parts slower by less are not named: everyday differences of cables and boards."""
FALSE_ALARM = 1e-3
"""Chance that measurements of a sound fabric name anything."""


class Pairs(NamedTuple):
    """Measured rates between GPUs, such as from send and receive."""

    first: Ints
    second: Ints
    bytes_per_s: Floats


class Suspect(NamedTuple):
    """A part that is probably slow."""

    name: str
    kind: str
    """`gpu`, `node`, `leaf` or `pod` from pairs, `link` from counters."""
    slow: float
    """Share of the usual rate that is missing; NaN where counters only tell that it is ill."""
    certainty: float
    """Standard deviations above what noise brings."""
    why: str
    also: tuple[str, ...] = ()
    """Parts that the same measurements would explain as well."""


class _Parts(NamedTuple):
    """Which parts each measurement crosses, as one flat list of (part, measurement)."""

    part: Ints
    row: Ints
    names: tuple[tuple[str, str], ...]


def read_pairs(path: Path, plant: Plant) -> Pairs:
    """Return measured pairs from a CSV file with the columns first, second, bytes_per_s.

    Raises InputError naming the file, the row and what was expected.
    """
    index = {name: k for k, name in enumerate(plant.gpu_names)}
    try:
        with path.open(encoding="utf-8", newline="") as text:
            rows = list(csv.DictReader(text))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__})") from None
    found: list[tuple[int, int, float]] = []
    for number, row in enumerate(rows, start=2):
        for end in ("first", "second"):
            if row.get(end) not in index:
                raise InputError(
                    f"{path}: row {number}: {end}: {row.get(end)!r}, expected a GPU of {plant.site}"
                )
        try:
            rate = float(row["bytes_per_s"])
        except (KeyError, TypeError, ValueError):
            said = row.get("bytes_per_s")
            raise InputError(
                f"{path}: row {number}: bytes_per_s: {said!r}, expected a number"
            ) from None
        found.append((index[row["first"]], index[row["second"]], rate))
    columns = np.array(found, dtype=np.float64).reshape(-1, 3)
    first, second = columns[:, 0].astype(np.int64), columns[:, 1].astype(np.int64)
    return Pairs(first, second, columns[:, 2])


def slow_parts(plant: Plant, pairs: Pairs) -> tuple[Suspect, ...]:
    """Return the GPUs, nodes, leafs and pods that make measured pairs slow; worst first.

    Rates are compared with what names alone expect and then with each other, path by path
    of one kind (inside an NVLink domain, one leaf, one pod, across pods): what all share, such
    as the part of the rate that software reaches, drops out. Needs a handful of measurements a
    part; which of a leaf's parallel links it is, `ill_links` tells from counters. Raises
    InputError for pairs that cannot be. Checked with injected faults and without any in
    ``benchmarks/validation/fabric_health.py``.
    """
    _refuse(plant, pairs)
    kinds, expected = _paths(plant, pairs)
    lost = np.log(expected / pairs.bytes_per_s)
    noise = np.zeros(len(lost))
    for kind in np.unique(kinds):
        mine = kinds == kind
        lost[mine] -= np.median(lost[mine])
        spread = MAD_TO_STD * float(np.median(np.abs(lost[mine])))
        noise[mine] = max(spread, LEAST_NOISE)
    return _explained(lost, noise, _crossed(plant, pairs, kinds))


def ill_links(plant: Plant, values: Mapping[str, Floats]) -> tuple[Suspect, ...]:
    """Return links that counters show to be ill; each signal has one value a link, NaN unknown.

    `link_up`: 0 is down. `link_errors`, taken over some time: far more than links of its tier,
    by a Poisson bound. `link_tx_bytes_per_s`: parallel links of one switch carry alike, so that
    one far below its siblings is slow or left out. Raises InputError for a wrong length.
    """
    names = plant.axis("link")
    for signal, column in values.items():
        if len(column) != len(names):
            raise InputError(f"{signal}: {len(column)} values, expected {len(names)} links")
    found = [Suspect(names[k], "link", 1.0, math.inf, "down") for k in _down(values)]
    down = set(_down(values).tolist())
    tier = _tier(plant)
    if "link_errors" in values:
        for k, sure in _crowded(values["link_errors"], tier):
            said = f"{values['link_errors'][k]:.0f} errors"
            found += [Suspect(names[k], "link", math.nan, sure, said)] if k not in down else []
    if "link_tx_bytes_per_s" in values:
        for k, slow, sure in _behind(values["link_tx_bytes_per_s"], plant, tier):
            said = "carries less than its siblings"
            found += [Suspect(names[k], "link", slow, sure, said)] if k not in down else []
    return tuple(found)


def odd_gpus(plant: Plant, gpus: Ints, values: Floats, name: str) -> tuple[Suspect, ...]:
    """Return GPUs of one job whose value, such as the SM clock, is far below that of the others.

    In a synchronous job all others wait for it. `values` belong to `gpus`; NaN is left out.
    """
    if len(gpus) != len(values):
        raise InputError(f"{name}: {len(values)} values, expected {len(gpus)} GPUs")
    seen = np.isfinite(values) & (values > 0.0)
    if seen.sum() < 4:
        return ()
    usual = float(np.median(values[seen]))
    lost = np.log(usual / values[seen])
    noise = max(MAD_TO_STD * float(np.median(np.abs(lost))), LEAST_NOISE)
    sure = lost / noise
    least = _deviations(int(seen.sum()))
    hit = np.flatnonzero((sure > least) & (lost > LEAST_SLOW))
    order = hit[np.argsort(-lost[hit], kind="stable")]
    at = np.flatnonzero(seen)
    said = f"{name} below the job's median of {usual:.4g}"
    return tuple(
        Suspect(plant.gpu_names[gpus[at[k]]], "gpu", -math.expm1(-lost[k]), float(sure[k]), said)
        for k in order
    )


def _refuse(plant: Plant, pairs: Pairs) -> None:
    count = len(plant.gpu_names)
    ends = np.stack([pairs.first, pairs.second])
    wrong = ((ends < 0) | (ends >= count)).any(axis=0) | (pairs.first == pairs.second)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise InputError(f"pairs.{at}: expected two different GPUs of {plant.site}")
    wrong = ~((pairs.bytes_per_s > 0.0) & np.isfinite(pairs.bytes_per_s))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise InputError(f"pairs.{at}: {pairs.bytes_per_s[at]:g} B/s, expected a rate above 0")


def _paths(plant: Plant, pairs: Pairs) -> tuple[Ints, Floats]:
    """Return the kind of each pair's path and the rate that names expect of it [B/s].

    Kinds: 0 inside an NVLink domain, 1 one leaf, 2 one pod, 3 across pods. A pair alone never
    fills a trunk wider than its interfaces.
    """
    fabric, ends = plant.fabric, np.stack([pairs.first, pairs.second])
    domain = plant.gpu_nvlink_domain[ends]
    same = domain[0] == domain[1]
    if not same.all() and not len(fabric.gpu_leaf):
        raise InputError(f"pairs: {plant.site} has no network, expected GPUs of one NVLink domain")
    if not len(fabric.gpu_leaf):
        return np.zeros(len(same), dtype=np.int64), np.ones(len(same))
    leaf = fabric.gpu_leaf[ends]
    pod = np.where(leaf >= 0, fabric.switches.pod[leaf], -1)
    kinds = np.where(same, 0, 1 + (leaf[0] != leaf[1]) + (pod[0] != pod[1]))
    through = fabric.gpu_network_bytes_per_s[ends].min(axis=0)
    up = fabric.leaf_uplink_bytes_per_s[leaf].min(axis=0)
    across = fabric.pod_uplink_bytes_per_s[pod].min(axis=0)
    through = np.where(kinds >= 2, np.minimum(through, up), through)
    through = np.where(kinds == 3, np.minimum(through, across), through)
    through = np.where((leaf < 0).any(axis=0), 0.0, through)
    expected = np.where(same, fabric.gpu_nvlink_bytes_per_s[ends].min(axis=0), through)
    if (expected <= 0.0).any():
        at = int(np.argmax(expected <= 0.0))
        one, other = (plant.gpu_names[g] for g in ends[:, at])
        raise InputError(f"pairs.{at}: no network joins {one} and {other}, expected a common one")
    return kinds.astype(np.int64), expected


def _crossed(plant: Plant, pairs: Pairs, kinds: Ints) -> _Parts:
    """Return the parts that each pair crosses: both GPUs, nodes, leafs and pods it leaves."""
    gpus, nodes = len(plant.gpu_names), len(plant.node_names)
    leafs = len(plant.fabric.switch_names)
    rows, parts = [], []
    every = np.arange(len(kinds))
    for end in (pairs.first, pairs.second):
        node = plant.arrays.gpus.node[end]
        leaf = plant.fabric.gpu_leaf[end]
        pod = plant.fabric.switches.pod[leaf]
        for number, crosses in (
            (end, kinds >= 0),
            (gpus + node, kinds >= 0),
            (gpus + nodes + leaf, kinds >= 2),
            (gpus + nodes + leafs + pod, kinds == 3),
        ):
            rows.append(every[crosses])
            parts.append(number[crosses])
    part, row = np.concatenate(parts), np.concatenate(rows)
    part, row = np.unique(np.stack([part, row]), axis=1)
    used, at = np.unique(part, return_inverse=True)
    labels = (
        [("gpu", name) for name in plant.gpu_names]
        + [("node", name) for name in plant.node_names]
        + [("leaf", name) for name in plant.fabric.switch_names]
        + [("pod", name) for name in plant.fabric.pod_names]
    )
    return _Parts(at.astype(np.int64), row, tuple(labels[k] for k in used))


def _explained(lost: Floats, noise: Floats, parts: _Parts) -> tuple[Suspect, ...]:
    """Name the part that explains most, set its measurements aside, go on with the rest."""
    found: list[Suspect] = []
    left = np.ones(len(lost), dtype=np.bool_)
    least = _deviations(len(parts.names))
    while len(found) < len(parts.names):
        sure, slow = _scores(lost, noise, parts, left)
        best = int(np.argmax(sure))
        if not sure[best] > least:
            break
        same = np.flatnonzero(sure >= sure[best] * (1.0 - 1e-9))
        also = tuple(parts.names[k][1] for k in same if k != best)
        mine = parts.row[(parts.part == best) & left[parts.row]]
        kind, name = parts.names[best]
        why = f"{len(mine)} measurements across it are slow"
        missing = -math.expm1(-slow[best])
        found.append(Suspect(name, kind, missing, float(sure[best]), why, also))
        left[mine] = False
    return tuple(found)


def _scores(lost: Floats, noise: Floats, parts: _Parts, left: Flags) -> tuple[Floats, Floats]:
    """Return for each part how surely it is slow and by how much (log of the rates' ratio).

    All that crosses a slow part is slow, but for a few that noise spared: its lower quartile
    is. So the mean over the noise, which is normal with std / sqrt(n) where nothing is wrong,
    counts only as far as the quartile goes along. -inf below LEAST_SLOW and two measurements.
    """
    count = len(parts.names)
    on = left[parts.row]
    part, value = parts.part[on], (lost / noise)[parts.row[on]]
    order = np.lexsort((value, part))
    part, value = part[order], value[order]
    n = np.bincount(part, minlength=count)
    first = np.concatenate([[0], np.cumsum(n)[:-1]])
    seen = np.flatnonzero(n >= 2)
    slow, sure = np.zeros(count), np.full(count, -np.inf)
    middle = first[seen] + n[seen] // 2
    usual = np.bincount(part, weights=noise[parts.row[on]][order], minlength=count)[seen] / n[seen]
    slow[seen] = value[middle] * usual
    quartile = value[first[seen] + (n[seen] - 1) // 4]
    mean = np.bincount(part, weights=value, minlength=count)[seen] / n[seen]
    told = np.minimum(mean, 2.0 * quartile + 3.0) * np.sqrt(n[seen])
    sure[seen] = np.where((slow[seen] > LEAST_SLOW) & (quartile > 0.0), told, -np.inf)
    return sure, slow


def _deviations(tests: int) -> float:
    """Return the deviations that noise exceeds with the chance FALSE_ALARM in so many tests."""
    tail = FALSE_ALARM / max(tests, 1)
    return math.sqrt(2.0 * math.log(1.0 / tail))


def _tier(plant: Plant) -> Ints:
    """Return the tier of each link's upper switch, and -1 for links that are not there."""
    links = plant.fabric.links
    tier = plant.fabric.switches.tier[links.upper] if len(links.upper) else links.upper
    return np.where(links.upper >= 0, tier, -1)


def _down(values: Mapping[str, Floats]) -> Ints:
    up = values.get("link_up")
    return np.zeros(0, dtype=np.int64) if up is None else np.flatnonzero(up == 0.0)


def _crowded(errors: Floats, tier: Ints) -> list[tuple[int, float]]:
    """Return links with far more errors than the median of their tier, with deviations."""
    found = []
    for level in np.unique(tier):
        mine = np.flatnonzero((tier == level) & np.isfinite(errors))
        if len(mine) < 4:
            continue
        usual = max(float(np.median(errors[mine])), 1.0)
        sure = 2.0 * (np.sqrt(errors[mine]) - math.sqrt(usual))
        bound = 2.0 * _deviations(len(mine))
        found += [(int(k), float(s)) for k, s in zip(mine, sure, strict=True) if s > bound]
    return found


def _behind(sent: Floats, plant: Plant, tier: Ints) -> list[tuple[int, float, float]]:
    """Return links that carry less than their siblings: place, missing share, deviations."""
    own = len(plant.fabric.gpu_leaf)
    rate, lower = plant.fabric.links.rate_bytes_per_s, plant.fabric.links.lower
    above = np.arange(len(sent)) >= own
    seen = above & np.isfinite(sent) & (rate > 0.0) & (tier >= 0)
    lost, group = [], []
    for switch in np.unique(lower[seen]):
        mine = np.flatnonzero(seen & (lower == switch))
        usual = float(np.median(sent[mine]))
        if len(mine) >= 4 and usual > 0.0:
            group.append(mine)
            lost.append(np.log(usual / np.maximum(sent[mine], 1e-6 * usual)))
    if not lost:
        return []
    every, place = np.concatenate(lost), np.concatenate(group)
    noise = max(MAD_TO_STD * float(np.median(np.abs(every))), LEAST_NOISE)
    hit = (every / noise > _deviations(len(every))) & (every > LEAST_SLOW)
    return [
        (int(place[k]), -math.expm1(-every[k]), float(every[k] / noise))
        for k in np.flatnonzero(hit)
    ]
