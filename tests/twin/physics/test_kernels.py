"""A kernel is compiled for those who call it: bare for others, with a door for Python."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, cast

import numpy as np

from twin.physics.law import borrowing, compiled, law


@borrowing
def twofold(x: float) -> float:
    return 2.0 * x


@compiled
def fourfold(x: float) -> float:
    return twofold(twofold(x))


def test_what_only_kernels_call_gets_no_door() -> None:
    inner, outer = cast(Any, twofold), cast(Any, fourfold)
    assert fourfold(1.5) == 6.0
    assert inner._door.signatures == []
    assert twofold(1.5) == 3.0
    assert len(inner._door.signatures) == 1
    assert outer._bare.signatures == []


def test_another_process_finds_a_kernel_by_its_name() -> None:
    assert pickle.loads(pickle.dumps(fourfold)) is fourfold


def test_a_kernel_tells_what_it_is_as_its_function_does() -> None:
    assert (fourfold.__name__, fourfold.__module__) == ("fourfold", __name__)


def test_threads_may_call_a_law_for_the_first_time_at_once() -> None:
    """numba warns of what it then compiles once; warnings are errors here."""

    @law
    def doubled(x: float) -> float:
        return 2.0 * x

    together = Barrier(4)

    def called(value: float) -> float:
        together.wait()
        return float(doubled(np.array([value]))[0])

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(called, [1.0, 2.0, 3.0, 4.0])) == [2.0, 4.0, 6.0, 8.0]
