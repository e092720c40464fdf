"""Logs of nccl-tests become a recording on the axis of links."""

from pathlib import Path

import pytest

from site_models.errors import InputError
from telemetry.files.nccl_log import read_log
from telemetry.importing import import_files
from telemetry.recording import Recording

LOG = """\
# nccl-tests version 2.17.8 nccl-headers=22902 nccl-library=22902
# Collective test starting: all_reduce_perf
# nThread 1 nGpus 1 minBytes 8 maxBytes 64 step: 2(factor) warmup iters: 5 iters: 20
#  Rank  0 Group  0 Pid 1 on a device  0 [0000:1b:00] NVIDIA H100 80GB HBM3
#  Rank  1 Group  0 Pid 2 on b device  0 [0000:1b:00] NVIDIA H100 80GB HBM3
#
#       size         count      type   redop    root     time   algbw   busbw  #wrong     time
           8             2     float     sum      -1    20.50    0.00    0.00       0    20.10
    33554432       8388608     float     sum      -1   700.25   47.92   47.92       0   701.00
# Avg bus bandwidth    : 23.9
"""
CLUSTER = "data/nccl-h100-cluster/example-cluster01"


def test_sizes_and_times_are_taken(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text(LOG)
    report = import_files([log], tmp_path / "rec")
    assert report.rows == 2
    assert "collective_s" in report.signals
    recording = Recording(tmp_path / "rec")
    assert recording.ids("link") == ("all_reduce/2x1",)
    assert recording.series("collective_s", "all_reduce/2x1")[1].tolist() == pytest.approx(
        [20.5e-6, 700.25e-6]
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("all_reduce_perf", "gather_perf", "line 8: test 'gather', expected one of"),
        ("# Collective test starting: all_reduce_perf\n", "", "test 'not named'"),
        (" on b device", " on a device", ""),
        ("#  Rank  1 Group  0 Pid 2 on b", "#  Rank  1 Group  0 Pid 2 on a", ""),
        ("#  Rank", "#  Nobody", "a size before any rank"),
        ("           8   ", "#          8   ", ""),
    ],
)
def test_a_log_that_says_too_little_is_named(old: str, new: str, said: str) -> None:
    text = LOG.replace(old, new)
    if said:
        with pytest.raises(InputError, match=said):
            read_log(text, Path("x.log"))
    else:
        assert read_log(text, Path("x.log"))[0]


def test_no_time_is_counted_as_left_out() -> None:
    found, rejected = read_log(LOG.replace("20.50", "  N/A"), Path("x.log"))
    assert len(found) == 1
    assert rejected == {"no time": 1}
    with pytest.raises(InputError, match="no timed size"):
        read_log("# nThread 1\n", Path("x.log"))


def test_a_measured_log_holds_its_five_tests(shared: Path) -> None:
    path = next((shared / CLUSTER).rglob("nccl_N10_G8.log"))
    found, _ = read_log(path.read_text(), path)
    assert {row.name for row in found} == {
        f"{op}/10x8"
        for op in ("all_reduce", "all_gather", "reduce_scatter", "alltoall", "sendrecv")
    }
    assert {row.gpu for row in found} == {"NVIDIA H100 80GB HBM3"}
