"""Parts of the experiment in two processes side by side, with the results of one after another."""

import functools
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from controllers.experiments.coolant_reset.hindsight import Rest, at_rest
from controllers.experiments.coolant_reset.loads import week_of_work
from controllers.experiments.coolant_reset.meter import Played
from controllers.experiments.coolant_reset.play import play
from controllers.experiments.coolant_reset.weeks import Span
from controllers.policy import Facility
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import Plant

AT_ONCE = 2
"""Processes at most: a part takes a gigabyte or less, and others share the machine."""
Part = TypeVar("Part")
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One policy over one span of one site: all that another process needs to play it."""

    site: str
    span: Span
    name: str
    policy: Any
    length_s: float
    lead_s: float


class Hour(NamedTuple):
    """An hour whose best setpoints are searched, and what each rule asked for in it."""

    site: str
    span: Span
    hour: int
    asked: dict[str, Facility]


def played(course: Course) -> Played:
    """Return what a policy used; the same in whichever process."""
    plant, work = _plant(course.site), _work(course.site, course.span.days)
    return play(plant, course.policy, course.span, work, course.length_s, course.lead_s)


def rested(hour: Hour) -> Rest:
    """Return what an hour draws at rest, and could have drawn."""
    plant, work = _plant(hour.site), _work(hour.site, hour.span.days)
    return at_rest(plant, hour.span, work, hour.asked, hour.hour)


def each(
    work: Callable[[Part], Done], parts: Sequence[Part], at_once: int | None = None
) -> Iterator[Done]:
    """Yield the result of each part in their order, some worked on side by side.

    A part depends on nothing but itself, so the results do not depend on how many: checked in
    ``tests/controllers/experiments/test_side_by_side.py``.
    """
    at_once = min(AT_ONCE, os.cpu_count() or 1) if at_once is None else at_once
    if at_once < 2 or len(parts) < 2:
        yield from map(work, parts)
        return
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(at_once, mp_context=fresh) as processes:
        yield from processes.map(work, parts)


@functools.lru_cache(maxsize=4)
def _plant(site: str) -> Plant:
    return compile_site(site)


@functools.lru_cache(maxsize=4)
def _work(site: str, days: int) -> Floats:
    return week_of_work(_plant(site), days)
