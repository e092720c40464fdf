"""The nearest place that a job could have on an empty site, and what its exchange takes there."""

from functools import lru_cache

import numpy as np

from controllers.jobs.team import Team, first_team
from controllers.placement.index import PlaceIndex
from controllers.placement.spans import lay_of
from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from site_models.plant import Plant
from twin.fabric.collective_site import site_times
from twin.physics.collective import Span
from twin.workload import workload


@lru_cache(maxsize=256)
def nearest_gpus(index: PlaceIndex, model: int, count: int) -> Ints:
    """Return the nearest place there could be on an empty site: GPUs of a model in order.

    In as few NVLink domains as they fit in, with equal parts in each where that comes out.
    Fewer than `count` where the site has not more.
    """
    mine = np.flatnonzero(index.in_service & (index.model == model)).astype(np.int64)
    domain = index.plant.gpu_nvlink_domain[mine]
    size = np.bincount(domain, minlength=1)
    largest = np.argsort(-size, kind="stable")
    needed = int(np.searchsorted(np.cumsum(size[largest]), count)) + 1
    if needed > len(largest):
        return mine[:count]
    part, left = divmod(count, needed)
    if left or size[largest[needed - 1]] < part:
        return mine[np.isin(domain, largest[:needed])][:count]
    parts = [mine[domain == d][:part] for d in largest[:needed].tolist()]
    return np.sort(np.concatenate(parts))


@lru_cache(maxsize=256)
def nearest_team(index: PlaceIndex, model: int, count: int, profile: str) -> Team | None:
    """Return a profile's team on the nearest place; None where it does not fit the site."""
    gpus = nearest_gpus(index, model, count)
    try:
        return first_team(workload(profile), index.plant, gpus) if len(gpus) == count else None
    except InputError:
        return None


@lru_cache(maxsize=256)
def nearest_s(index: PlaceIndex, model: int, count: int, op: str, size_bytes: float) -> float:
    """Return the time of an operation on the nearest place [s]; NaN where none is told."""
    gpus = nearest_gpus(index, model, count)
    if len(gpus) < 2:
        return float("nan")
    span = lay_of(index.plant, [gpus], op).span
    return float(times_s(index.plant, op, size_bytes, span)[0])


def times_s(plant: Plant, op: str, size_bytes: float, span: Span) -> Floats:
    """Return the time of an operation on each entry of a span [s]; NaN where none is told.

    By what was measured on the site, where the plant has been calibrated.
    """
    rows = zip(*(np.asarray(column).tolist() for column in span), strict=True)
    return np.array([_time_s(plant, op, size_bytes, row) for row in rows])


@lru_cache(maxsize=4096)
def _time_s(plant: Plant, op: str, size_bytes: float, row: tuple[float, ...]) -> float:
    """Return the time on one entry: places that lie alike are worked out once."""
    span = Span(*(np.array([figure]) for figure in row))
    joined = span.domains[0] < 2.0 or span.network_bytes_per_s[0] > 0.0
    if not (np.isfinite(span.nvlink_bytes_per_s[0]) and span.gpus[0] >= 2.0 and joined):
        return float("nan")
    return float(site_times(plant, op, np.array([float(size_bytes)]), span)[0])
