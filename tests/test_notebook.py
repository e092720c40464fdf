"""The notebook of the guide runs from its first cell to its last, and shows what it says."""

import ast
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import ROOT

NOTEBOOK = ROOT / "docs/notebook/learn_and_compare.ipynb"


@pytest.fixture(scope="module")
def cells() -> list[dict[str, Any]]:
    return [one for one in json.loads(NOTEBOOK.read_text())["cells"] if one["cell_type"] == "code"]


@pytest.fixture(scope="module")
def left(cells: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the names that the cells leave behind, and under `shown` the values they end in."""
    names: dict[str, Any] = {"shown": []}
    with contextlib.chdir(NOTEBOOK.parent), pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("notebook")))
        for cell in cells:
            tree = ast.parse("".join(cell["source"]))
            last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, str(NOTEBOOK), "exec"), names)
            if isinstance(last, ast.Expr):
                value = compile(ast.Expression(last.value), str(NOTEBOOK), "eval")
                names["shown"].append(eval(value, names))
    return names


@pytest.mark.slow
def test_what_is_learned_predicts_better_than_the_catalog(left: dict[str, Any]) -> None:
    assert left["taken"].rows == 1440
    assert left["after"].rmse < 0.8
    assert left["after"].rmse < 0.4 * left["before"].rmse
    assert left["report"].balance_error < 1e-8
    assert (Path(left["OUT"]) / "replayed" / "manifest.json").is_file()


def test_the_guard_keeps_the_server_cooler_than_its_own_control(left: dict[str, Any]) -> None:
    hold, guard = (left["results"][name] for name in ("hold", "thermal_guard"))
    assert guard["kpi"]["gpu_temp_max_c"] < hold["kpi"]["gpu_temp_max_c"] - 1.0
    assert 0.9 < guard["jobs"][0]["units"] / hold["jobs"][0]["units"] < 1.0


def test_what_is_shown_in_it_is_what_a_run_shows(
    left: dict[str, Any], cells: list[dict[str, Any]]
) -> None:
    kept = ["".join(out["data"]["text/plain"]) for cell in cells for out in cell["outputs"]]
    for text, value in zip(kept, left["shown"], strict=True):
        numbers = list(figures(value))
        np.testing.assert_allclose(list(figures(ast.literal_eval(text))), numbers, rtol=0.05)


def figures(value: Any) -> Iterator[float]:
    """Yield the numbers in a nest of mappings and lists."""
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from figures(one)


def test_it_is_short_beside_its_imports(cells: list[dict[str, Any]]) -> None:
    lines = [line for cell in cells for line in cell["source"]]
    own = [line for line in lines if line.strip() and not line.startswith(("from ", "import "))]
    assert len(own) <= 40
