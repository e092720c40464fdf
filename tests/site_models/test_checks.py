"""Whole-site checks: they pass on what is shipped and catch what does not fit."""

from typing import Any

import pytest

from site_models.catalog import Catalog, open_catalog
from site_models.checks import rated_heat, site_checks
from site_models.compile import compile_site
from site_models.kinds.gpu import Gpu
from site_models.plant import FWS
from site_models.site import Site, load_site, shipped_sites

CATALOG = open_catalog()
SITES = shipped_sites()


def failed(change: dict[str, Any]) -> list[str]:
    """Return the names of the checks that a changed pilot fails."""
    raw = load_site("pilot").model_dump()
    feeds = {feed["name"]: feed for feed in raw["feeds"]}
    for name, values in change.items():
        feeds[name].update(values)
    return [c.name for c in site_checks(Site.model_validate(raw), CATALOG) if not c.ok]


@pytest.mark.parametrize("site", SITES)
def test_shipped_sites_pass_every_check(site: str) -> None:
    checks = site_checks(load_site(site), CATALOG)
    assert [check.message for check in checks if not check.ok] == []
    assert len({check.name for check in checks}) == len(checks) >= 5
    assert all(check.message for check in checks)


def test_an_nvl72_rack_is_rated_as_its_maker_says() -> None:
    """132 kW, 115 of them to liquid (ENGINEERING 2)."""
    rated = rated_heat(CATALOG, "gb200_nvl72", on_liquid=True)
    assert rated.power_w == pytest.approx(132e3)
    assert rated.liquid_w == pytest.approx(115e3, rel=0.02)
    assert rated.liquid_w + rated.air_w == rated.power_w


def test_the_same_rack_without_liquid_heats_the_air_alone() -> None:
    rated = rated_heat(CATALOG, "hgx_h200_x4", on_liquid=False)
    assert rated.liquid_w == 0.0
    assert rated.air_w == rated.power_w


@pytest.mark.parametrize("site", SITES)
def test_checked_loads_agree_with_the_plant(site: str) -> None:
    """The check sums site and catalog; the plant's own arrays must carry the same ratings."""
    plant = compile_site(site)
    rated_w = sum(
        group.count * rated_heat(CATALOG, group.model, bool(group.cdu)).power_w
        for hall in load_site(site).halls
        for row in hall.rows
        for group in row.racks
    )
    racks = plant.arrays.racks
    compiled_w = racks.rating_w[~racks.lumped].sum() + racks.lumped_power_w.sum()
    assert compiled_w == pytest.approx(rated_w)
    assert (plant.arrays.circuits.kind == FWS).sum() == len(load_site(site).all_facility_water())


def test_a_small_feed_is_refused_unless_it_is_meant_to_be() -> None:
    assert failed({}) == []
    assert failed({"ups": {"rating_w": 0.9e6}}) == ["feed_ratings"]
    assert failed({"ups": {"rating_w": 0.9e6, "oversubscribed": True}}) == []


def test_leakage_that_feeds_itself_is_refused() -> None:
    """At thirty times the leakage each kelvin of a GB200 brings more than one at 93 C."""
    gpu = CATALOG.get(Gpu, "gb200_gpu")
    wild = gpu.model_copy(update={"leakage_w": gpu.leakage_w.model_copy(update={"value": 1800.0})})

    class Wild(Catalog):
        def get(self, kind: Any, key: str) -> Any:
            return wild if key == "gb200_gpu" else CATALOG.get(kind, key)

    checks = {c.name: c for c in site_checks(load_site("edge"), Wild(CATALOG.folders))}
    assert not checks["leakage_runaway"].ok
    assert "gb200_gpu" in checks["leakage_runaway"].message
    assert "expected less than 1 K" in checks["leakage_runaway"].message
