"""What stands in the shipped halls fits, and stands where the plant says."""

import math

import pytest

from site_models.catalog import open_catalog
from site_models.compile import compile_site
from site_models.hall.floor import floor_of
from site_models.hall.layout import check_layout
from site_models.site import Site, load_site, shipped_sites

CATALOG = open_catalog()


@pytest.mark.parametrize("site", shipped_sites())
def test_nothing_overlaps_or_is_in_the_way(site: str) -> None:
    for name, hall, items in floor_of(load_site(site), CATALOG, compile_site(site)):
        issues = check_layout(hall, items)
        assert [f"{name}: {issue.message}" for issue in issues] == []


@pytest.mark.parametrize("site", ["pilot", "edge", "superpod-h100", "frontier-like"])
def test_every_rack_and_unit_stands_in_one_hall(site: str) -> None:
    plant, read = compile_site(site), load_site(site)
    halls = floor_of(read, CATALOG, plant)
    items = [item for _, _, standing in halls for item in standing]
    assert sorted(i.name for i in items if i.kind == "rack") == sorted(plant.rack_names)
    assert sorted(i.name for i in items if i.kind == "cdu") == sorted(plant.axis("cdu"))
    placed = {item.name: item for item in items}
    for rack, (x_m, y_m, *_, facing_rad) in zip(plant.rack_names, plant.rack_place_m, strict=True):
        item = placed[rack]
        assert math.dist((item.x_m, item.y_m), (x_m, y_m)) < 1e-12
        assert item.facing_rad == facing_rad


def test_a_misplaced_rack_is_found() -> None:
    """The same check says no when row b is moved into row a."""
    raw = load_site("pilot").model_dump()
    raw["halls"][0]["rows"][1]["at_m"] = (12.0, 5.0)
    moved = Site.model_validate(raw)
    ((_, hall, items),) = floor_of(moved, CATALOG, compile_site(moved))
    issues = check_layout(hall, items)
    assert {issue.check for issue in issues} == {"overlap"}
