"""The account as pages and programs see it: over stated intervals, unknown is not zero."""

import json
from typing import Any

import httpx

from controllers.accounts.account_figures import figures_of
from controllers.accounts.books import Books
from controllers.accounts.charges import NO_CARBON, Charges
from dashboards.account_lines import account_lines
from dashboards.numbers import NONE
from dashboards.parts.account_table import account_table
from site_models.compile import compile_site
from twin.start import first_state, rated_inputs
from twin.step import step

ZONE = "Europe/Oslo"


def books() -> Books:
    """Return the books of twenty seconds of the site `edge`."""
    plant, books = compile_site("edge"), Books(Charges(), ZONE, ("hour", "day", "run"))
    inputs = rated_inputs(plant, 20.0, 15.0)
    state = first_state(plant, inputs, 1_720_810_800.0)
    for _ in range(20):
        state = step(plant, state, inputs, 1.0)
        books.look(plant, state, 1.0)
    return books


def words_of(component: Any) -> str:
    return json.dumps(component, default=lambda c: c.to_plotly_json(), ensure_ascii=False)


def test_key_figures_state_their_intervals(client: httpx.Client) -> None:
    account = client.get("/api/v1/kpi").json()["account"]
    assert list(account) == ["hour", "day", "run"]
    run = account["run"]
    assert run["end_s"] - run["start_s"] >= run["accounted_s"] - 1e-6 > 0.0
    assert run["figures"]["emissions"] == {
        "value": None,
        "unit": "kg",
        "boundary": "CO2e of site energy, each hour's grid",
        "why": NO_CARBON,
    }


def test_the_page_has_a_line_for_hour_day_and_run() -> None:
    text = words_of(account_table(books().entries(), ZONE))
    for word in ("This hour, 21:00:00 to 21:00:20", "Today", "Since start", "WUE [L/kWh]"):
        assert word in text
    assert NO_CARBON in text
    assert NONE in text


def test_before_the_first_step_the_page_shows_dashes() -> None:
    empty = Books(Charges(), ZONE, ("hour", "day", "run")).entries()
    text = words_of(account_table(empty, ZONE))
    assert "no step was taken" in text


def test_lines_for_people_say_figure_unit_and_boundary() -> None:
    lines = account_lines(figures_of(books().entries()[2]))
    span = "2024-07-12T19:00:00 to 2024-07-12T19:00:20 UTC"
    assert lines[0] == f"account of {span}, 20 s of it stepped"
    assert any("pue" in line and "site over rack" in line for line in lines)
    assert any("cost" in line and "unknown" in line for line in lines)
    assert account_lines(None) == []
