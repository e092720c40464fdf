"""Cold plates are identified from the readings of a rig that was played with others."""

from pathlib import Path

import numpy as np
import pytest

from controllers.outdoors import outdoors_of
from controllers.wish import Wish
from controllers.worlds import open_world
from site_models.compile import compile_site
from site_models.plant import Plant
from site_models.site import load_site
from twin.estimation.free_run import free_run
from twin.estimation.identify import Fit, identify
from twin.estimation.overlay import Estimate, Overlay, applied, write_overlay
from twin.estimation.track import Track, gathered

SCENARIO = """site: edge
start: 2024-07-12T19:00:00Z
duration_s: 400
jobs:
  - {name: a, racks: ["*"], share: 0.9, start_s: 20, end_s: 180}
  - {name: b, racks: ["*"], share: 0.5, start_s: 230, end_s: 340}
"""
CLOGGED = 5


def played(folder: Path, plant: Plant) -> tuple[Plant, Track]:
    """Return a plant with plates 15 % worse, one 60 %, and what its sensors told."""
    built = plant.arrays.groups.body_resistance_k_per_w[plant.arrays.gpus.group]
    factor = np.full(len(built), 1.15)
    factor[CLOGGED] = 1.6
    values = {
        name: Estimate(value=float(value), std=0.0)
        for name, value in zip(plant.gpu_names, built * factor, strict=True)
    }
    overlay = Overlay(
        recording_sha256="0" * 64, site="edge", parameters={"body_resistance_k_per_w": values}
    )
    write_overlay(folder / "true.yaml", overlay)
    (folder / "s.yaml").write_text(SCENARIO)
    world = open_world(Wish("edge", f"scenario:{folder / 's.yaml'}", params=folder / "true.yaml"))
    assert world.what_if is not None
    return applied(plant, overlay), gathered(iter(world.what_if.rig.read, None), plant)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plant, Plant, Track, Fit]:
    plant = compile_site("edge")
    true, track = played(tmp_path_factory.mktemp("liquid"), plant)
    fit = identify(plant, track, "0" * 64, outdoors_of(load_site("edge").location))
    return plant, true, track, fit


@pytest.mark.slow
def test_worse_plates_are_found_and_the_clogged_one_among_them(
    learned: tuple[Plant, Plant, Track, Fit],
) -> None:
    plant, true, _, fit = learned
    told = fit.overlay.parameters
    total = {
        who: told["die_resistance_k_per_w"][who].value + told["body_resistance_k_per_w"][who].value
        for who in plant.gpu_names
    }
    groups, group = true.arrays.groups, true.arrays.gpus.group
    truth = (groups.die_resistance_k_per_w + groups.body_resistance_k_per_w)[group]
    np.testing.assert_allclose(list(total.values()), truth, rtol=0.06)
    assert max(total, key=lambda who: total[who]) == plant.gpu_names[CLOGGED]
    body = told["body_resistance_k_per_w"]
    off = np.array([body[who].value for who in plant.gpu_names])
    off -= groups.body_resistance_k_per_w[group]
    within = np.abs(off) < 3.0 * np.array([body[who].std for who in plant.gpu_names])
    assert within.mean() > 0.9


def test_what_is_learned_predicts_better_than_the_catalog(
    learned: tuple[Plant, Plant, Track, Fit],
) -> None:
    plant, _, track, fit = learned
    outdoors = outdoors_of(load_site("edge").location)
    errors = [
        float(
            np.sqrt(np.nanmean((free_run(one, track, outdoors).gpu_temp_c - track.gpu_temp_c) ** 2))
        )
        for one in (applied(plant, fit.overlay), plant)
    ]
    assert errors[0] < 0.5
    assert errors[0] < 0.4 * errors[1]
    assert fit.rmse["gpu_temp_c"] < 0.5


def test_a_flow_that_never_moved_says_nothing_of_the_exponent(
    learned: tuple[Plant, Plant, Track, Fit],
) -> None:
    plant, _, _, fit = learned
    built = plant.arrays.groups.flow_exponent[plant.arrays.gpus.group]
    for k, who in enumerate(plant.gpu_names):
        told = fit.overlay.parameters["flow_exponent"][who]
        assert abs(told.value - built[k]) < 0.3
        assert 0.0 < told.std <= 0.1501
