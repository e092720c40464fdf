"""The scanner reads what the protobuf library wrote, and refuses everything else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from site_models.errors import InputError
from telemetry.prometheus.remote_write_wire import LARGEST_BODY_BYTES, labels_in, scanned, unpacked
from tests.fakes.remote_write import body, message

LABELS = st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=5)
SAMPLES = st.lists(st.tuples(st.floats(), st.integers(0, 2**45)), max_size=4)
SERIES = [
    ({"__name__": "DCGM_FI_DEV_GPU_TEMP", "gpu": "0"}, [(61.0, 1_700_000_000_000)]),
    ({"__name__": "DCGM_FI_DEV_GPU_TEMP", "gpu": "1"}, [(0.0, 0), (62.5, 1_700_000_001_000)]),
]


@settings(max_examples=200)
@given(st.lists(st.tuples(LABELS, SAMPLES), max_size=6))
def test_a_request_is_read_as_it_was_written(series: list) -> None:  # type: ignore[type-arg]
    batch = scanned(message(series))
    got = [labels_in(batch.body, int(a), int(b)) for a, b in batch.span]
    assert got == [labels for labels, _ in series]
    wanted = [(i, v, t) for i, (_, samples) in enumerate(series) for v, t in samples]
    assert batch.series.tolist() == [i for i, _, _ in wanted]
    np.testing.assert_array_equal(batch.value, np.array([v for _, v, _ in wanted]))
    np.testing.assert_allclose(batch.time_s, [t * 1e-3 for _, _, t in wanted], rtol=1e-15)


def test_equal_labels_have_equal_prints_and_others_others() -> None:
    first, again = scanned(message(SERIES)), scanned(message(SERIES[::-1]))
    assert first.print_a.tolist() == again.print_a.tolist()[::-1]
    assert len({*first.print_a.tolist(), *first.print_b.tolist()}) == 4


def test_a_request_cut_anywhere_is_refused_or_is_a_shorter_whole() -> None:
    whole = message(SERIES)
    edges = {0, len(message(SERIES[:1])), len(whole)}
    for size in range(len(whole) + 1):
        if size in edges:
            scanned(whole[:size])
        else:
            with pytest.raises(InputError, match="remote write"):
                scanned(whole[:size])


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_no_bytes_do_harm(raw: bytes) -> None:
    try:
        batch = scanned(raw)
    except InputError:
        return
    assert len(batch.value) == len(batch.series)


def test_bodies_that_are_no_snappy_or_too_large() -> None:
    assert unpacked(body(SERIES)) == message(SERIES)
    for bad in (b"", b"\x00\x01\x02hello", b"\xff" * 40):
        with pytest.raises(InputError, match="remote write"):
            scanned(unpacked(bad) if bad else unpacked(b"\x05"))
    with pytest.raises(InputError, match="at most"):
        unpacked(b"\0" * (LARGEST_BODY_BYTES + 1))
    with pytest.raises(InputError, match="when decompressed"):
        unpacked(b"\xff\xff\xff\x7f" + b"\0" * 10)
