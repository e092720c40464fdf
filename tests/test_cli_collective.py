"""`twin collective` keeps its contract: both forms, one JSON object, one line for bad input."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboards.cli import main

Verb = Callable[..., tuple[int, Any, str]]
TABLES = "data/nccl-tables/nccl_tables.csv"
NAMES = ("--gpu", "B200", "--gpus-per-node", 8, "--nodes", 2, "--interconnect", "8x400G IB NDR")


@pytest.fixture
def verb(capsys: pytest.CaptureFixture[str]) -> Verb:
    """Return the verb with `--json`, run in this process."""

    def run(*words: object) -> tuple[int, Any, str]:
        capsys.readouterr()
        code = main(["collective", *(str(word) for word in words), "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else None, said.err

    return run


def test_names_give_a_time_and_bandwidths(verb: Verb) -> None:
    code, said, _ = verb("--op", "all_reduce", "--bytes", 8 * 2**30, *NAMES)
    assert code == 0
    assert said["algbw_bytes_per_s"] == pytest.approx(8 * 2**30 / said["time_s"])
    assert said["busbw_bytes_per_s"] == pytest.approx(said["algbw_bytes_per_s"] * 2 * 15 / 16)
    assert said["algorithm"] == "nvls_tree"


def test_a_site_knows_its_domains(verb: Verb) -> None:
    _, rack, _ = verb("--op", "alltoall", "--bytes", 1e9, "--site", "pilot", "--gpus", 72)
    _, two, _ = verb("--op", "alltoall", "--bytes", 1e9, "--site", "pilot", "--gpus", 144)
    assert (rack["nvlink_domains"], two["nvlink_domains"]) == (1, 2)
    assert two["time_s"] > 5.0 * rack["time_s"]
    code, pair, _ = verb(
        "--op", "sendrecv", "--bytes", 1e6, "--site", "hgx-h100", "--ids", "gpu0,gpu7"
    )
    assert code == 0
    assert pair["gpus"] == 2


def test_a_table_is_predicted_row_by_row(verb: Verb, shared: Path) -> None:
    code, said, _ = verb("--table", shared / TABLES)
    assert code == 0
    assert len(said["rows"]) == 245
    assert all(row["time_s"] > 0.0 for row in said["rows"])
    assert said["median_error"] < 0.08
    _, own, _ = verb("--table", shared / TABLES, "--calibrate", "H100/8/2/8x400G")
    assert own["median_error"] < said["median_error"]
    assert sum(row["basis"] == "calibrated" for row in own["rows"]) == 31


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--op", "all_reduce", "--bytes", 0, *NAMES), "bytes: 0, expected a number above 0"),
        (("--op", "all_reduce", "--bytes", 8, "--gpu", "B200", "--gpus-per-node", 1), "gpus: 1"),
        (("--op", "all_reduce", "--bytes", 8, "--site", "pilot", "--gpus", 1), "gpus: 1"),
        (("--op", "all_reduce", "--bytes", 8, "--site", "pilot", "--gpus", 9999), "at most the"),
        (("--op", "all_reduce", "--bytes", 8, "--site", "pilot", "--ids", "x"), "node 'x'"),
        (("--op", "all_reduce", "--bytes", 8, "--site", "pilot"), "either --gpus or --ids"),
        (("--op", "all_reduce", "--bytes", 8), "either --site"),
        (("--bytes", 8, *NAMES), "--op and --bytes"),
        (("--table", "absent.csv"), "absent.csv: cannot be read"),
    ],
)
def test_bad_input_is_one_line(verb: Verb, words: tuple[object, ...], line: str) -> None:
    code, said, error = verb(*words)
    assert (code, said) == (2, None)
    assert line in error
    assert error.count("\n") == 1
