"""A run's memory in one file, from which it goes on bit for bit."""

import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from controllers.actuators.order import Order
from controllers.loop import Loop, Progress, begun
from controllers.policy import Move
from controllers.supervision.orders import Orders
from controllers.supervision.seats import Remembered
from controllers.supervision.supervisor import Supervisor
from site_models.errors import InputError
from site_models.plant import Plant
from twin.start import first_state, idle_inputs

VERSION = 4


def store(path: Path, loop: Loop) -> None:
    """Write the loop's progress and its supervisor's memory, all or nothing.

    The file is complete under its name or not there: it is written beside and renamed.
    """
    remembered = loop.supervisor.memory()
    about = {
        "version": VERSION,
        "site": loop.plant.site,
        "site_hash": loop.plant.site_hash,
        "digest": loop.progress.digest,
        "policies": remembered.policies,
        "modes": remembered.modes,
        "alarms": remembered.alarms,
        "names": [_names(order) for order in remembered.orders],
    }
    arrays: dict[str, Any] = {"about": np.array(json.dumps(about))}
    arrays |= _named("progress", _plain(loop.progress))
    for name, order in remembered.orders._asdict().items():
        arrays |= _named(name, _numbers(order))
    for name, memory in remembered.memories.items():
        arrays |= _named(f"memory.{name}", memory)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    beside = path.with_name(path.name + ".part")
    with beside.open("wb") as out:
        out.write(buffer.getvalue())
        out.flush()
        os.fsync(out.fileno())
    os.replace(beside, path)


def resume(path: Path, plant: Plant, supervisor: Supervisor) -> Progress:
    """Return the stored progress and put the supervisor's memory back.

    Raises InputError when the file cannot be read, or is of another site or other policies.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        about = json.loads(str(arrays["about"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: expected a stored run, {error}") from None
    now = supervisor.memory()
    for key, mine in (
        ("version", VERSION),
        ("site_hash", plant.site_hash),
        ("policies", now.policies),
    ):
        if about.get(key) != mine:
            raise InputError(f"{path}: {key} is {about.get(key)}, expected {mine}")
    blank = idle_inputs(plant, 0.0, 0.0)
    pattern = _plain(begun(plant, first_state(plant, blank, 0.0), blank))
    try:
        progress = _rebuilt(pattern, _leaves("progress", arrays))
        supervisor.restore(
            Remembered(
                orders=_orders(now.orders, about["names"], arrays),
                memories={
                    name: _rebuilt(memory, _leaves(f"memory.{name}", arrays))
                    for name, memory in now.memories.items()
                },
                policies=now.policies,
                modes=about["modes"],
                alarms=about["alarms"],
            )
        )
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: expected a run of this version, {error}") from None
    return Progress._make((*progress, str(about["digest"])))


def _plain(progress: Progress) -> tuple[Any, ...]:
    """Return the progress without its digest, which is no number."""
    return tuple(progress[:-1])


def _numbers(order: Order) -> tuple[Any, ...]:
    """Return an order without its jobs and racks, which are no numbers."""
    return tuple(part for part in order if not isinstance(part, frozenset))


def _names(order: Order) -> list[list[Any]]:
    """Return an order's jobs, racks and moves as JSON has them."""
    return [sorted(order.paused), sorted(order.racks_off), sorted(order.moves)]


def _orders(pattern: Orders, names: Any, arrays: dict[str, NDArray[Any]]) -> Orders:
    """Return the stored orders; ValueError where they do not fit the pattern."""
    found = []
    for name, order, named in zip(Orders._fields, pattern, names, strict=True):
        cap_w, clock, facility, until_s = _rebuilt(_numbers(order), _leaves(name, arrays))
        paused, racks_off = (frozenset(map(str, part)) for part in named[:2])
        moves = frozenset(Move(job, tuple(gpus), at_s) for job, gpus, at_s in named[2])
        found.append(Order(cap_w, clock, facility, paused, racks_off, moves, until_s))
    return Orders(*found)


def _named(name: str, tree: Any) -> dict[str, NDArray[Any]]:
    return {f"{name}.{i}": leaf for i, leaf in enumerate(_flat(tree))}


def _flat(tree: Any) -> Iterator[NDArray[Any]]:
    """Yield the numbers of nested tuples as arrays, in order."""
    if isinstance(tree, tuple):
        for part in tree:
            yield from _flat(part)
    else:
        yield np.asarray(tree)


def _leaves(name: str, arrays: dict[str, NDArray[Any]]) -> Iterator[NDArray[Any]]:
    i = 0
    while (key := f"{name}.{i}") in arrays:
        yield arrays[key]
        i += 1


def _rebuilt(pattern: Any, leaves: Iterator[NDArray[Any]]) -> Any:
    """Return nested tuples like the pattern with the leaves' numbers."""
    if isinstance(pattern, tuple):
        parts = [_rebuilt(part, leaves) for part in pattern]
        return type(pattern)(*parts) if hasattr(pattern, "_fields") else tuple(parts)
    leaf = next(leaves, None)
    if leaf is None:
        raise ValueError("numbers are missing")
    if isinstance(pattern, np.ndarray):
        if leaf.shape != pattern.shape or leaf.dtype != pattern.dtype:
            raise ValueError(f"{leaf.shape} {leaf.dtype} where {pattern.shape} {pattern.dtype} was")
        return leaf
    return type(pattern)(leaf.item())
