"""Which links counters show to be ill, and which GPU of a job is slow: each beside its peers."""

import math
from collections.abc import Mapping

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from site_models.plant import Plant
from twin.fabric.suspects import LEAST_NOISE, LEAST_SLOW, MAD_TO_STD, Suspect, deviations


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
    least = deviations(int(seen.sum()))
    hit = np.flatnonzero((sure > least) & (lost > LEAST_SLOW))
    order = hit[np.argsort(-lost[hit], kind="stable")]
    at = np.flatnonzero(seen)
    said = f"{name} below the job's median of {usual:.4g}"
    return tuple(
        Suspect(plant.gpu_names[gpus[at[k]]], "gpu", -math.expm1(-lost[k]), float(sure[k]), said)
        for k in order
    )


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
        bound = 2.0 * deviations(len(mine))
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
    hit = (every / noise > deviations(len(every))) & (every > LEAST_SLOW)
    return [
        (int(place[k]), -math.expm1(-every[k]), float(every[k] / noise))
        for k in np.flatnonzero(hit)
    ]
