"""The site of a host: the limits of its own boards, and a chassis that carries them."""

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from site_models.catalog import open_catalog
from site_models.checks import site_checks
from site_models.compile import compile_site
from site_models.host_gpu import HostGpu
from site_models.inventory.drafted import write_drafted
from site_models.inventory.host_site import host_site
from site_models.plant import Plant
from site_models.site import load_site
from twin.start import rated_inputs
from twin.steady import steady

H200 = HostGpu("NVIDIA H200", 200.0, 650.0, 86.0, 2.0, 8.0, 150e9, 1.98e9)


def compiled(gpus: list[HostGpu], folder: Path) -> Plant:
    """Return the plant of a host after the checks of its site."""
    path = write_drafted(host_site(gpus), folder)
    catalogs = (folder / "catalog",)
    failed = [c for c in site_checks(load_site(str(path)), open_catalog(catalogs)) if not c.ok]
    assert failed == []
    return compile_site(str(path), catalogs)


def test_eight_boards_of_a_known_server_are_that_server_with_their_own_limits(
    tmp_path: Path,
) -> None:
    plant = compiled([H200] * 8, tmp_path / "host")
    known = compile_site("hgx-h200")
    ours, theirs = plant.arrays, known.arrays
    assert plant.gpu_names == known.gpu_names
    assert ours.gpus.power_max_w.tolist() == [650.0] * 8
    assert ours.gpus.temp_limit_c.tolist() == [86.0] * 8
    assert ours.gpus.shutdown_c.tolist() == [94.0] * 8
    assert ours.gpus.upstream.tolist() == theirs.gpus.upstream.tolist()
    assert ours.nodes.base_power_w.tolist() == theirs.nodes.base_power_w.tolist()
    resistance = ours.groups.body_resistance_k_per_w
    assert set(resistance.tolist()) == set(theirs.groups.body_resistance_k_per_w.tolist())


def test_a_board_that_nobody_knows_is_as_warm_at_its_rating_as_the_generic_one(
    tmp_path: Path,
) -> None:
    strange = HostGpu("Board of the Future", 50.0, 175.0)
    drafted = host_site([strange])
    assert any("Board of the Future" in line for line in drafted.assumptions)
    plant = compiled([strange], tmp_path / "host")
    state = steady(plant, rated_inputs(plant, 30.0, 20.0))
    assert 50.0 < state.gpu_temp_c[0] < plant.arrays.gpus.temp_limit_c[0]


def test_what_a_device_does_not_state_is_the_catalogs(tmp_path: Path) -> None:
    plant = compiled([HostGpu("NVIDIA H200")] * 2, tmp_path / "host")
    assert plant.arrays.gpus.power_max_w.tolist() == [700.0, 700.0]
    assert not math.isnan(plant.arrays.gpus.temp_limit_c[0])


def test_mixed_boards_keep_the_drivers_order(tmp_path: Path) -> None:
    other = HostGpu("NVIDIA RTX A6000", 100.0, 300.0)
    plant = compiled([H200, other, H200], tmp_path / "host")
    assert plant.gpu_names == ("gpu0", "gpu1", "gpu2")
    assert plant.arrays.gpus.power_max_w.tolist() == [650.0, 300.0, 650.0]


@settings(max_examples=15)
@given(
    count=st.integers(1, 16),
    power_w=st.floats(30.0, 1400.0),
    share=st.floats(0.1, 1.0),
    name=st.sampled_from(["NVIDIA H200", "NVIDIA B200", "NVIDIA GB200", "Tesla T4", "X"]),
)
def test_any_host_compiles(
    tmp_path_factory: pytest.TempPathFactory, count: int, power_w: float, share: float, name: str
) -> None:
    gpu = HostGpu(name, power_w * share, power_w)
    plant = compiled([gpu] * count, tmp_path_factory.mktemp("any") / "host")
    assert len(plant.gpu_names) == count
    assert plant.arrays.gpus.power_max_w.tolist() == [power_w] * count
