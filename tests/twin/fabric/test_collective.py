"""What must hold for predicted collectives, whatever the constants."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_models.arrays import Floats
from site_models.errors import InputError
from twin.fabric.collective import OPERATIONS, bus_factor, predict, shipped_constants
from twin.fabric.collective_fit import Table, calibrate, calibrated, fit, times
from twin.fabric.collective_table import group_keys, matching, read_table
from twin.fabric.names import Names, span_of_names
from twin.physics.collective import Constants, Span

RACK = "NVLink5 MNNVL (NVL72)"
SYSTEMS = [
    Names("A100-SXM4-80GB", 8, 1, "NVLink3/NVSwitch"),
    Names("H100-SXM5-80GB", 8, 1, "NVLink4/NVSwitch"),
    Names("H100-SXM5-80GB", 8, 2, "8x400G IB NDR"),
    Names("H100-SXM5-80GB", 8, 8, "32x100G EFAv2 (p5.48xlarge)"),
    Names("GB200", 4, 18, RACK),
]
TABLES = "data/nccl-tables/nccl_tables.csv"


def time_s(op: str, size: float, names: Names, only: tuple[str, ...] = ()) -> float:
    return float(predict(op, np.array([size]), span_of_names([names]), only=only).time_s[0])


def some_rows(factors: tuple[float, float, float]) -> Table:
    """Return exact rows of one system whose terms are scaled."""
    size: Floats = np.array([2.0**n for n in range(20, 34)])
    span = span_of_names([SYSTEMS[2]] * len(size))
    kinds = ("all_reduce",) * len(size), ("",) * len(size), ("here",) * len(size)
    table = Table(*kinds, size, np.ones(len(size)), span)
    own = calibrated(table, type(calibrate(table))(*factors))
    return Table(*kinds, size, own, span)


@given(
    st.sampled_from(OPERATIONS),
    st.sampled_from(SYSTEMS),
    st.floats(1.0, 1e11),
    st.floats(1.01, 9.0),
)
def test_more_bytes_never_take_less_time(op: str, names: Names, size: float, more: float) -> None:
    assert time_s(op, size * more, names) >= time_s(op, size, names) > 0.0


@given(st.sampled_from(OPERATIONS), st.sampled_from(SYSTEMS), st.floats(1e3, 1e11))
def test_no_link_is_faster_than_its_rate(op: str, names: Names, size: float) -> None:
    span = span_of_names([names])
    busbw = size / time_s(op, size, names) * float(bus_factor(op, span.gpus)[0])
    # Reduction in the switch sends each byte once where a ring sends it twice.
    assert busbw <= 2.0 * float(span.nvlink_bytes_per_s[0])


@pytest.mark.parametrize("op", ["all_reduce", "alltoall"])
def test_leaving_the_rack_costs(op: str) -> None:
    inside = time_s(op, 2.0**30, Names("GB300", 4, 18, RACK))
    outside = time_s(op, 2.0**30, Names("GB300", 4, 18, "RoCE RDMA only (MNNVL=0 NVLS=0)"))
    assert outside > 1.5 * inside


def test_names_say_domains_and_rates() -> None:
    span = span_of_names(
        [
            Names("H100-SXM5-80GB", 8, 2, "8x200G GPUDirect-TCPXO"),
            Names("p5 H100", 8, 2, "32x100G EFAv2"),
            Names("GB300", 4, 32, RACK + " + 8x400G/4GPU RoCE across 2 racks"),
            Names("GB200", 4, 36, RACK),
            Names("B200", 8, 4, "8x400G IB NDR, SHARP"),
            Names("B200", 8, 4, "CollNet, SHARP not operational"),
        ]
    )
    np.testing.assert_allclose(span.network_bytes_per_s, [25e9, 50e9, 100e9, 50e9, 50e9, 50e9])
    np.testing.assert_allclose(span.domains, [2, 2, 2, 2, 4, 4])
    np.testing.assert_array_equal(span.cloud, [True, True, False, False, False, False])
    np.testing.assert_array_equal(span.in_network, [False] * 4 + [True, False])


def test_algorithms_are_chosen_by_size_and_hardware() -> None:
    size = np.array([1e3, 8e9])
    two = predict("all_reduce", size, span_of_names([SYSTEMS[2]] * 2))
    assert two.protocol[0] in ("LL", "LL128")
    assert two.algorithm[1] == "nvls_tree"
    assert predict("all_reduce", size, span_of_names([SYSTEMS[0]] * 2)).algorithm[1] == "ring"
    many = span_of_names([Names("H100", 8, 8, "8x400G IB SHARP")] * 2)
    assert predict("all_reduce", size, many).algorithm[1] == "in_network"


@pytest.mark.parametrize(
    ("op", "size", "names", "said"),
    [
        ("all_reduce", 0.0, SYSTEMS[0], "bytes: 0, expected a number above 0"),
        ("all_reduce", float("nan"), SYSTEMS[0], "bytes: nan"),
        ("all_reduce", float("inf"), SYSTEMS[0], "bytes: inf"),
        ("all_reduce", 1.0, Names("B200", 1, 1, ""), "gpus: 1, expected 2 or more"),
        ("allreduce", 1.0, SYSTEMS[0], "unknown operation 'allreduce'"),
        ("all_reduce", 1.0, Names("TPU", 8, 1, ""), "unknown GPU 'TPU'"),
        ("all_reduce", 1.0, Names("B200", 8, 0, ""), "expected whole numbers above 0"),
    ],
)
def test_what_cannot_run_is_refused(op: str, size: float, names: Names, said: str) -> None:
    with pytest.raises(InputError, match=said):
        time_s(op, size, names)


def test_calibration_finds_the_factors_that_made_the_rows() -> None:
    found = calibrate(some_rows((1.7, 0.9, 2.5)))
    np.testing.assert_allclose(found, (1.7, 0.9, 2.5), rtol=1e-6)


def test_a_fit_follows_rows_made_with_other_constants() -> None:
    made = shipped_constants()._replace(multicast_share_hopper=0.5)
    table = some_rows((1.0, 1.0, 1.0))
    exact = Table(
        table.op, table.algorithm, table.source, table.size_bytes, times(table, made), table.span
    )
    found: Constants = fit(exact, np.ones(len(exact)))
    error: Floats = np.abs(times(exact, found) / exact.time_s - 1.0)
    assert float(np.median(error)) < 0.02


def test_published_tables_are_read_and_predicted(shared: Path) -> None:
    table, rows = read_table(shared / TABLES)
    assert len(table) == len(rows) == 245
    big = table.size_bytes >= 2.0**20
    assert np.median(np.abs(times(table)[big] / table.time_s[big] - 1.0)) < 0.06
    assert matching(group_keys(rows), "A100/8/1").sum() == 24
    with pytest.raises(InputError, match="--calibrate: no row of 'V100'"):
        matching(group_keys(rows), "V100")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("B200,8,1,NVLink5,all_reduce,zero", "row 2: size_bytes: 'zero', expected a number"),
        ("B200,8,1,NVLink5,all_reduce,0", "row 2: size_bytes: 0, expected a number above 0"),
        ("B200,1,1,NVLink5,all_reduce,8", "row 2: gpus_per_node times nodes is 1"),
        ("B200,8,1,NVLink5,gather,8", "row 2: collective: 'gather', expected one of"),
    ],
)
def test_a_bad_table_row_is_named(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"gpu,gpus_per_node,nodes,interconnect,collective,size_bytes\n{row}\n")
    with pytest.raises(InputError, match=said):
        read_table(path)


def test_a_span_of_rows_keeps_their_order() -> None:
    span: Span = span_of_names(SYSTEMS)
    np.testing.assert_allclose(span.gpus, [8, 8, 16, 64, 72])
