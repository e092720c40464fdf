"""Towers, water-cooled chillers and economisers of the catalog and of site files."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from site_models.catalog import open_catalog
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.kinds.cooling_tower import CoolingTower
from site_models.kinds.fluid import Fluid
from site_models.kinds.plate_exchanger import PlateExchanger
from site_models.site import SHIPPED
from site_models.yaml_file import read_yaml
from twin.physics.cooling_tower import yorkcalc_heat_w
from twin.physics.merkel import merkel_heat_w

CATALOG = open_catalog()
POD = read_yaml(SHIPPED / "superpod-h100.yaml")


@pytest.mark.parametrize("name", CATALOG.names("cooling_tower"))
def test_a_tower_carries_its_rating_by_its_own_law(name: str) -> None:
    tower = CATALOG.get(CoolingTower, name)
    water, air = CATALOG.get(Fluid, "water"), CATALOG.get(Fluid, "air")
    at_c = 0.5 * (float(tower.entering_rated_c) + float(tower.leaving_rated_c))
    kg_per_s = float(tower.water_flow_rated_m3_per_s) * water.density_kg_per_m3.at(at_c)
    w_per_k = kg_per_s * water.cp_j_per_kg_k.at(at_c)
    warm_c, wet_c = float(tower.entering_rated_c), float(tower.wet_bulb_rated_c)
    if tower.liquid_to_gas_rated is not None:
        ratio = float(tower.liquid_to_gas_rated)
        heat_w = yorkcalc_heat_w(warm_c, wet_c, w_per_k, 1.0, 1.0, ratio)
    else:
        assert tower.ua_rated_w_per_k is not None
        blown = float(tower.airflow_rated_m3_per_s) * air.density_kg_per_m3.at(30.0)
        heat_w = merkel_heat_w(warm_c, wet_c, w_per_k, blown, float(tower.ua_rated_w_per_k))
    assert heat_w == pytest.approx(float(tower.capacity_w), rel=1e-3)
    assert warm_c - heat_w / w_per_k == pytest.approx(float(tower.leaving_rated_c), abs=0.01)


def test_an_economiser_carries_its_rating_at_its_approach() -> None:
    for name in CATALOG.names("plate_exchanger"):
        plates = CATALOG.get(PlateExchanger, name)
        w_per_k = float(plates.hot_flow_rated_m3_per_s) * 999.0 * 4190.0
        ntu = float(plates.ua_rated_w_per_k) / w_per_k
        range_k = float(plates.capacity_w) / w_per_k
        assert range_k * (1.0 + 1.0 / ntu) == pytest.approx(range_k + 1.5, rel=0.01)


def plant_with(folder: Path, system: int, **keys: Any) -> str:
    """Return what compiling the pod says with some keys of a water system changed."""
    raw = yaml.safe_load(yaml.safe_dump(POD))
    raw["facility_water"][system] |= keys
    path = folder / "pod.yaml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False))
    with pytest.raises(InputError) as error:
        compile_site(str(path))
    assert "\n" not in str(error.value)
    return str(error.value)


TOWERS = {"model": "tower_1mw", "count": 3, "feed": "mechanical"}


@pytest.mark.parametrize(
    ("system", "keys", "said"),
    [
        (1, {"condenser": "", "economisers": []}, "chw.chillers.0.model: 'mcquay_wsc_471' is wat"),
        (1, {"condenser": "", "chillers": []}, "chw.economisers.0: expected `condenser` on chw"),
        (1, {"condenser": "cww"}, "chw.condenser: no facility water 'cww', expected one of: cw"),
        (1, {"condenser": "chw"}, "chw.condenser: itself, expected another system"),
        (0, {"condenser": "chw"}, "cw.condenser: nothing gives chw its heat"),
        (0, {"towers": [TOWERS | {"feed": "pdo"}]}, "cw.towers.0.feed: no feed 'pdo'"),
        (0, {"towers": [TOWERS | {"model": "big"}]}, "catalog/cooling_tower/big.yaml: no such"),
        (0, {"towers": [TOWERS | {"count": 1}]}, "facility_water.cw: "),
        (0, {"towers": [TOWERS | {"count": 0}]}, "facility_water.0.towers.0.count"),
        (0, {"towers": [TOWERS | {"cells": 2}]}, "facility_water.0.towers.0.cells"),
        (1, {"chillers": [TOWERS | {"model": "big"}]}, "catalog/chiller/big.yaml: no such model"),
    ],
)
def test_a_bad_tower_plant_gets_one_line(
    system: int, keys: dict[str, Any], said: str, tmp_path: Path
) -> None:
    assert said in plant_with(tmp_path, system, **keys)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("liquid_to_gas_rated", None, "liquid_to_gas_rated: expected a figure for the"),
        ("leaving_rated_c", 24.0, "leaving_rated_c: expected a level between"),
        ("concentration_cycles", 1.0, "concentration_cycles: expected a number above 1"),
    ],
)
def test_a_bad_tower_model_gets_one_line(
    key: str, value: float | None, said: str, tmp_path: Path
) -> None:
    raw = read_yaml(SHIPPED.parent / "catalog" / "cooling_tower" / "tower_1mw.yaml")
    if value is None:
        del raw[key]
    else:
        raw[key] = raw[key] | {"value": value}
    (tmp_path / "cooling_tower").mkdir()
    (tmp_path / "cooling_tower" / "tower_1mw.yaml").write_text(yaml.safe_dump(raw))
    with pytest.raises(InputError) as error:
        compile_site("superpod-h100", (tmp_path,))
    assert said in str(error.value)
    assert "\n" not in str(error.value)
