"""Scraping: both name generations, lost and recovered targets, refused units, blanks."""

import time
from collections.abc import Callable, Iterator
from email.utils import formatdate

import numpy as np
import pytest

from site_models.errors import InputError
from telemetry.board import Board
from telemetry.prometheus.seating import Seating
from telemetry.prometheus.targets import targets_of
from telemetry.sources.prometheus import Scraper
from tests.fakes.exporter import NEW, OLD, Exporter, exposition

NODES, GPUS = 3, 8
AXES = {
    "gpu": tuple(f"n{n}-gpu{g}" for n in range(NODES) for g in range(GPUS)),
    "node": tuple(f"n{n}" for n in range(NODES)),
}
SEATING = Seating(AXES, [n for n in range(NODES) for _ in range(GPUS)])


Scraping = Callable[..., tuple[Scraper, Board]]


@pytest.fixture
def scraper() -> Iterator[Scraping]:
    made: list[Scraper] = []

    def make(*urls: str) -> tuple[Scraper, Board]:
        board = Board(AXES, 60.0)
        made.append(Scraper(list(urls), board, SEATING, time.time))
        return made[-1], board

    yield make
    for one in made:
        one.stop()


def once(made: Scraper) -> int:
    return sum(made.scrape(target) for target in made._targets)


@pytest.mark.parametrize("names", [OLD, NEW])
def test_both_generations_give_the_same_readings(
    scraper: Scraping, names: dict[str, tuple[str, float]]
) -> None:
    with Exporter(exposition(NODES, GPUS, names)) as exporter:
        made, board = scraper(exporter.url)
        assert once(made) == NODES * GPUS * len(names)
    seen = board.frame(time.time()).values
    rise = 1.0 + 0.001 * (np.arange(NODES * GPUS) % 10)
    for signal, value in {
        "gpu_temp_c": 60.0,
        "gpu_power_avg_w": 650.0,
        "sm_clock_hz": 1.98e9,
        "gpu_energy_j": 9.9e6,
        "gpu_utilization": 0.97,
    }.items():
        np.testing.assert_allclose(seen[signal], value * rise, rtol=1e-5)


def test_a_target_that_is_lost_and_back_is_told_once_each(scraper: Scraping) -> None:
    with Exporter(exposition(1, GPUS)) as exporter:
        made, board = scraper(exporter.url)
        once(made)
        exporter.status = 503
        for _ in range(5):
            assert once(made) == 0
        assert [(i.kind, i.times) for i in board.health.now] == [("lost", 5)]
        exporter.status = 200
        assert once(made) > 0
    assert board.health.now == ()
    assert len(board.health.log) == 1


def test_a_target_that_is_not_there_does_not_stop_the_others(scraper: Scraping) -> None:
    with Exporter(exposition(1, GPUS)) as exporter:
        made, board = scraper("http://127.0.0.1:9/metrics", exporter.url)
        assert once(made) > 0
    assert [i.kind for i in board.health.now] == ["lost"]


def test_a_metric_whose_help_states_another_unit_is_not_read(scraper: Scraping) -> None:
    wrong = exposition(1, GPUS).replace("(in MHz)", "(in Hz)")
    with Exporter(wrong) as exporter:
        made, board = scraper(exporter.url)
        once(made)
        once(made)
        assert "sm_clock_hz" not in board.frame(time.time()).values
        assert {i.kind for i in board.health.now} == {"rejected"}
        exporter.text = exposition(1, GPUS)
        once(made)
        assert "sm_clock_hz" in board.frame(time.time()).values


@pytest.mark.parametrize("blank", ["9223372036854775794", "2147483632", "NaN", "N/A"])
def test_blanks_are_missing(scraper: Scraping, blank: str) -> None:
    label = 'gpu="0",Hostname="n0"'
    text = f"DCGM_FI_DEV_GPU_TEMP{{{label}}} {blank}\nDCGM_FI_DEV_POWER_USAGE{{{label}}} 300\n"
    with Exporter(text) as exporter:
        made, board = scraper(exporter.url)
        assert once(made) == 1
    seen = board.frame(time.time()).values
    assert "gpu_temp_c" not in seen or np.isnan(seen["gpu_temp_c"]).all()


def test_two_hosts_of_one_name_do_not_mix(scraper: Scraping) -> None:
    with Exporter(exposition(1, GPUS)) as one, Exporter(exposition(1, GPUS)) as other:
        made, board = scraper(one.url, other.url)
        counts = [made.scrape(target) for target in made._targets]
    assert counts[0] > 0
    assert counts[1] == 0
    assert [i.kind for i in board.health.now] == ["repeated"]


def test_times_of_a_host_whose_clock_is_an_hour_fast_are_shifted(scraper: Scraping) -> None:
    ahead_s = 3600.0
    label = 'gpu="0",Hostname="n0"'
    stamp = int((time.time() + ahead_s) * 1e3)
    text = f"DCGM_FI_DEV_GPU_TEMP{{{label}}} 60 {stamp}\n"
    fast = Exporter(text, date=lambda: formatdate(time.time() + ahead_s, usegmt=True))
    with fast as exporter:
        made, board = scraper(exporter.url)
        assert once(made) == 1
    age_s = board.frame(time.time()).age_s["gpu_temp_c"][0]
    assert 0.0 <= age_s < 5.0
    assert [i.kind for i in board.health.now] == ["skewed"]


@pytest.mark.parametrize("text", ["<html>busy</html>", "a{ 1\n"])
def test_malformed_text_is_a_lost_target(scraper: Scraping, text: str) -> None:
    with Exporter(text) as exporter:
        made, board = scraper(exporter.url)
        assert once(made) == 0
    assert "expected" in board.health.now[0].why


def test_targets() -> None:
    assert targets_of("http://a:1/metrics,b:2, c") == [
        "http://a:1/metrics",
        "http://b:2/metrics",
        "http://c/metrics",
    ]
    assert targets_of("dns:localhost:9400")[0].startswith("http://")
    for bad in (
        "",
        "file:/nowhere",
        "ftp://a",
        "http://a:port/metrics",
        "dns:no.such.name.invalid",
    ):
        with pytest.raises(InputError):
            targets_of(bad)
