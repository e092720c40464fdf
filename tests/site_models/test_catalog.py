"""What the shipped catalog promises, and what bad files get told."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from site_models.catalog import Catalog, figures_of, find_kinds, open_catalog
from site_models.errors import InputError
from site_models.kinds.cdu import Cdu
from site_models.kinds.crah import Crah
from site_models.kinds.dry_cooler import DryCooler
from site_models.kinds.fluid import Fluid, Polynomial
from site_models.kinds.gpu import Gpu
from site_models.kinds.node import Node, SupplyLoss
from site_models.kinds.rack import Rack
from site_models.kinds.stage import Stage

CATALOG = open_catalog()
MODELS = [(kind, name) for kind in find_kinds() for name in CATALOG.names(kind)]
AIR_CP, TRAY_RISE_K, FAN_BAND_K = 1006.0, 15.0, 20.0
L_PER_MIN = 1e-3 / 60.0


def through(supply: SupplyLoss, out_w: float) -> float:
    """Return what a converter draws to give `out_w`."""
    rating_w = float(supply.rating_w)
    loss_w = float(supply.loss_fixed) * rating_w + float(supply.loss_linear) * out_w
    return out_w + loss_w + float(supply.loss_square) * out_w**2 / rating_w


def others_w(node: Node, gpu_power_w: float) -> float:
    """Return the draw of a node's parts that are neither GPU nor fan."""
    if not node.gpu:
        return float(node.base_power_w)
    above_w = max(gpu_power_w - float(CATALOG.get(Gpu, node.gpu).idle_power_w), 0.0)
    return float(node.base_power_w) + float(node.load_power_per_gpu_w) * node.gpu_count * above_w


def root(error: Callable[[float], float], low: float, high: float) -> float:
    """Return where a falling function crosses zero, or the bound it does not reach."""
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if error(middle) > 0.0 else (low, middle)
    return 0.5 * (low + high)


def steady_air(name: str, power_w: float, inlet_c: float) -> tuple[float, float, float]:
    """Return temperatures of first and second GPUs in the airflow and the fan speed."""
    node = CATALOG.get(Node, name)
    chain = CATALOG.get(Gpu, node.gpu).air
    assert chain is not None
    memory_w = float(CATALOG.get(Gpu, node.gpu).memory_share) * power_w
    die_k = float(chain.die_resistance_k_per_w) / (power_w and (1.0 - memory_w / power_w))
    die_k *= power_w - memory_w
    lane = float(node.airflow_rated_m3_per_s) * 1.184 / sum(node.upstream) * AIR_CP

    def temps(speed: float) -> tuple[float, float]:
        body_k = float(chain.body_resistance_k_per_w) * speed ** float(chain.flow_exponent)
        rise_k = power_w / (lane * speed)
        front_c = inlet_c + die_k + power_w * body_k + 0.5 * rise_k
        return front_c, front_c + rise_k

    def asked(speed: float) -> float:
        share = (temps(speed)[1] - float(node.fan_target_c)) / FAN_BAND_K + 0.5
        least = float(node.fan_speed_min)
        return min(max(least + (1.0 - least) * share, least), 1.0)

    speed = root(lambda s: asked(s) - s, float(node.fan_speed_min), 1.0)
    return (*temps(speed), speed)


def wall_w(name: str, gpu_power_w: float, inlet_c: float = 23.0) -> float:
    """Return the AC power of an air-cooled server in steady state."""
    node = CATALOG.get(Node, name)
    assert node.supply is not None
    fans_w = float(node.fan_power_max_w) * steady_air(name, gpu_power_w, inlet_c)[2] ** 3
    boards_w = node.gpu_count * gpu_power_w
    return through(node.supply, boards_w + others_w(node, gpu_power_w) + fans_w)


def _lacking(air_w: float, fans_max_w: float, full_w: float, speed: float) -> float:
    """Return how much faster a tray's fans should turn to carry its air share and their own."""
    return (air_w + fans_max_w * speed**3) / full_w - speed


def rack_split(name: str) -> tuple[float, float, float]:
    """Return power in, heat to liquid and heat to air of a rack with every GPU at its limit."""
    rack = CATALOG.get(Rack, name)
    assert rack.shelf is not None
    out_w = liquid_w = 0.0
    for entry in rack.nodes:
        node = CATALOG.get(Node, entry.model)
        board_w = float(CATALOG.get(Gpu, node.gpu).power_max_w) if node.gpu else 0.0
        other_w = others_w(node, board_w)
        air_w = (1.0 - float(node.liquid_share)) * other_w
        full_w = float(node.airflow_rated_m3_per_s) * 1.184 * AIR_CP * TRAY_RISE_K
        most_w, least = float(node.fan_power_max_w), float(node.fan_speed_min)
        speed = root(partial(_lacking, air_w, most_w, full_w), least, 1.0)
        fans_w = most_w * speed**3
        out_w += entry.count * (node.gpu_count * board_w + other_w + fans_w)
        liquid_w += entry.count * (node.gpu_count * board_w + float(node.liquid_share) * other_w)
    in_w = through(rack.shelf, out_w)
    return in_w, liquid_w, in_w - liquid_w


@pytest.mark.parametrize(("kind", "name"), MODELS)
def test_every_model_is_valid_and_every_figure_says_where_it_comes_from(
    kind: str, name: str
) -> None:
    model = CATALOG.get(find_kinds()[kind], name)
    figures = figures_of(model)
    polynomials = [
        v for k in type(model).model_fields if isinstance(v := getattr(model, k), Polynomial)
    ]
    assert figures or polynomials
    assert {p.source for p in polynomials} <= set(CATALOG.sources())
    for key, figure in figures.items():
        assert figure.source in CATALOG.sources(), key
        if figure.source == "E":
            assert figure.note, f"{key}: an estimate gives its reason"
            assert figure.basis in {"estimated", "computed"}, key


def test_every_source_is_used() -> None:
    used = {"COOLPROP", "NVML"}  # of fluids, and of hosts that describe themselves
    for kind, name in MODELS:
        used |= {f.source for f in figures_of(CATALOG.get(find_kinds()[kind], name)).values()}
    assert used == set(CATALOG.sources())


def test_nodes_and_gpus_that_models_name_exist() -> None:
    for name in CATALOG.names("rack"):
        for entry in CATALOG.get(Rack, name).nodes:
            node = CATALOG.get(Node, entry.model)
            if node.gpu:
                assert getattr(CATALOG.get(Gpu, node.gpu), node.cooling) is not None


def test_h200_server_idles_as_measured_at_the_wall() -> None:
    assert wall_w("hgx_h200", 110.0) == pytest.approx(2360.0, rel=0.02)


def test_h200_server_is_inside_the_measured_range_when_busy() -> None:
    assert 4300.0 < wall_w("hgx_h200", 350.0) < wall_w("hgx_h200", 560.0) < 6450.0


def test_h100_server_in_training_draws_what_was_published() -> None:
    assert wall_w("hgx_h100", 700.0) == pytest.approx(8400.0, rel=0.02)


@pytest.mark.parametrize("name", ["hgx_a100", "hgx_h100", "hgx_h200", "hgx_b200", "hgx_b300"])
def test_servers_stay_under_their_rating_at_full_power_and_a_warm_inlet(name: str) -> None:
    node = CATALOG.get(Node, name)
    full_w = float(CATALOG.get(Gpu, node.gpu).power_max_w)
    assert 0.7 * float(node.power_max_w) < wall_w(name, full_w, 27.0) < float(node.power_max_w)


def test_h100_temperatures_follow_the_public_log() -> None:
    front_c, behind_c, speed = steady_air("hgx_h100", 690.0, 23.0)
    assert front_c == pytest.approx(58.6, abs=3.0)
    assert behind_c == pytest.approx(69.2, abs=3.0)
    assert 0.6 <= speed <= 0.75
    assert steady_air("hgx_h100", 110.0, 23.0)[0] == pytest.approx(32.0, abs=1.5)


@pytest.mark.parametrize(
    ("power_w", "front_c", "behind_c"),
    [(198.0, 33.5, 35.0), (398.0, 40.4, 42.7), (598.0, 47.6, 51.5)],
)
def test_b200_temperatures_follow_the_public_burn_log(
    power_w: float, front_c: float, behind_c: float
) -> None:
    front, behind, _ = steady_air("hgx_b200", power_w, 23.0)
    assert front == pytest.approx(front_c, abs=3.0)
    assert behind == pytest.approx(behind_c, abs=3.0)


@pytest.mark.parametrize(
    ("name", "power_w", "liquid_w", "air_w"),
    [("gb200_nvl72", 132.0e3, 115.0e3, 17.0e3), ("gb300_nvl72", 135.3e3, 116.0e3, 19.3e3)],
)
def test_nvl72_heat_splits_as_published(
    name: str, power_w: float, liquid_w: float, air_w: float
) -> None:
    assert rack_split(name) == pytest.approx((power_w, liquid_w, air_w), rel=3e-3)


def test_cold_plates_of_gb200_meet_the_maker_s_requirement() -> None:
    chain = CATALOG.get(Gpu, "gb200_gpu").liquid
    assert chain is not None
    assert float(chain.die_resistance_k_per_w) + float(chain.body_resistance_k_per_w) < 0.03


@pytest.mark.parametrize(
    ("inlet_c", "flow_l_per_min", "return_c"),
    [
        (25.0, 65.1, 51.5),
        (30.0, 76.5, 52.6),
        (35.0, 92.6, 53.7),
        (40.0, 117.5, 54.7),
        (45.0, 160.0, 55.8),
    ],
)
def test_gb300_returns_coolant_as_the_template_s_flow_table(
    inlet_c: float, flow_l_per_min: float, return_c: float
) -> None:
    fluid, rack = CATALOG.get(Fluid, "pg25"), CATALOG.get(Rack, "gb300_nvl72")
    flow = flow_l_per_min * L_PER_MIN
    mass = flow * fluid.density_kg_per_m3.at(inlet_c)
    rise_k = 116.0e3 / (mass * fluid.cp_j_per_kg_k.at(0.5 * (inlet_c + return_c)))
    assert inlet_c + rise_k == pytest.approx(return_c, abs=0.3)
    assert rack.coolant is not None
    assert float(rack.coolant.flow_min_m3_per_s) < flow < float(rack.coolant.flow_max_m3_per_s)


def exchanged_w(ua: float, hot: float, cold: float, difference_k: float) -> float:
    """Return the heat of a counter-flow exchanger with the given capacity rates [W/K]."""
    least, most = min(hot, cold), max(hot, cold)
    ratio, ntu = least / most, ua / least
    e = math.exp(-ntu * (1.0 - ratio))
    return (1.0 - e) / (1.0 - ratio * e) * least * difference_k


@pytest.mark.parametrize(
    ("name", "fluid", "supply_c", "approach_k"),
    [
        ("xdu1350", "pg25", 40.0, 4.0),
        ("inrack_121", "pg25", 40.0, 4.0),
        ("chx2000", "pg25", 40.0, 5.0),
        ("frontier_cdu", "water", 36.0, 4.0),
    ],
)
def test_cdus_carry_their_rating_at_the_stated_approach(
    name: str, fluid: str, supply_c: float, approach_k: float
) -> None:
    cdu = CATALOG.get(Cdu, name)
    inlet_c = supply_c - approach_k
    hot = _capacity_rate(fluid, float(cdu.tcs_flow_rated_m3_per_s), supply_c)
    cold = _capacity_rate("water", float(cdu.fws_flow_rated_m3_per_s), inlet_c)
    capacity_w = float(cdu.capacity_w)
    difference_k = approach_k + capacity_w / hot
    heat_w = exchanged_w(float(cdu.ua_rated_w_per_k), hot, cold, difference_k)
    assert heat_w == pytest.approx(capacity_w, rel=1e-3)
    volume_m3 = float(cdu.supply_volume_m3) + float(cdu.return_volume_m3)
    assert volume_m3 * 1e3 == pytest.approx(500.0 * capacity_w / 1e6, rel=0.01)


@pytest.mark.parametrize(
    ("name", "supply_c"), [("pw170", 27.0), ("fa069hc", 25.0), ("fa096hc", 25.0)]
)
def test_crahs_carry_their_rating_with_water_at_18_degrees(name: str, supply_c: float) -> None:
    crah = CATALOG.get(Crah, name)
    air = float(crah.airflow_rated_m3_per_s) * 1.184 * AIR_CP
    water = _capacity_rate("water", float(crah.water_flow_rated_m3_per_s), 25.0)
    return_c = supply_c + float(crah.capacity_w) / air
    heat_w = exchanged_w(float(crah.ua_rated_w_per_k), air, water, return_c - 18.0)
    assert heat_w == pytest.approx(float(crah.capacity_w), rel=0.01)


@pytest.mark.parametrize("name", CATALOG.names("dry_cooler"))
def test_dry_coolers_carry_their_rating_at_9_k_over_the_air_they_draw(name: str) -> None:
    cooler = CATALOG.get(DryCooler, name)
    water = _capacity_rate("water", float(cooler.water_flow_rated_m3_per_s), 40.0)
    density = CATALOG.get(Fluid, "air").density_kg_per_m3.at(26.0)
    air = float(cooler.airflow_rated_m3_per_s) * density * AIR_CP
    heat_w = exchanged_w(float(cooler.ua_rated_w_per_k), water, air, 45.0 - 26.0)
    assert heat_w == pytest.approx(float(cooler.capacity_w), rel=0.01)


def _capacity_rate(fluid: str, flow_m3_per_s: float, temp_c: float) -> float:
    model = CATALOG.get(Fluid, fluid)
    return flow_m3_per_s * model.density_kg_per_m3.at(temp_c) * model.cp_j_per_kg_k.at(temp_c)


@pytest.mark.parametrize(
    ("name", "load", "efficiency"),
    [
        ("unit_transformer_2500kva", 0.5, 0.9953),
        ("main_transformer", 0.5, 0.9965),
        ("ups_double_conversion", 0.5, 0.975),
        ("ups_double_conversion", 0.1, 0.933),
        ("ups_eco", 1.0, 0.990),
    ],
)
def test_stages_reach_their_published_efficiency(name: str, load: float, efficiency: float) -> None:
    stage = CATALOG.get(Stage, name)
    loss = float(stage.loss_fixed) + float(stage.loss_linear) * load
    loss += float(stage.loss_square) * load**2
    assert load / (load + loss) == pytest.approx(efficiency, abs=6e-4)


@pytest.mark.parametrize(
    ("name", "temp_c", "density", "cp"),
    [
        ("pg25", 25.0, 1017.2, 3933.0),
        ("pg25", 60.0, 998.4, 4016.0),
        ("water", 20.0, 998.2, 4184.0),
        ("water", 60.0, 983.2, 4185.0),
        ("air", 25.0, 1.184, 1006.0),
        ("air", -20.0, 1.394, 1006.0),
    ],
)
def test_fluids_follow_their_tables(name: str, temp_c: float, density: float, cp: float) -> None:
    fluid = CATALOG.get(Fluid, name)
    assert fluid.density_kg_per_m3.at(temp_c) == pytest.approx(density, rel=5e-4)
    assert fluid.cp_j_per_kg_k.at(temp_c) == pytest.approx(cp, rel=5e-4)


def complaint(folder: Path, spoil: Callable[[dict[str, Any]], None]) -> str:
    """Return what is said about the H100 entry after it was spoilt, without the path."""
    shipped = Path(str(CATALOG.folders[-1])) / "gpu" / "h100_sxm5_80.yaml"
    raw = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    spoil(raw)
    path = folder / "gpu" / "h100_sxm5_80.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        open_catalog([folder]).get(Gpu, "h100_sxm5_80")
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    return said.removeprefix(f"{path}: ")


def test_a_misspelt_key_is_named(tmp_path: Path) -> None:
    def spoil(raw: dict[str, Any]) -> None:
        raw["air"]["flow_exponnent"] = raw["air"].pop("flow_exponent")

    assert "air.flow_expon" in complaint(tmp_path, spoil)


def test_a_negative_resistance_is_refused(tmp_path: Path) -> None:
    def spoil(raw: dict[str, Any]) -> None:
        raw["air"]["body_resistance_k_per_w"]["value"] = -0.02

    said = complaint(tmp_path, spoil)
    assert said == "air.body_resistance_k_per_w: expected a number above 0, got -0.02"


def test_a_unit_of_another_quantity_is_refused(tmp_path: Path) -> None:
    def spoil(raw: dict[str, Any]) -> None:
        raw["power_max_w"]["unit"] = "kWh"

    assert complaint(tmp_path, spoil) == (
        "power_max_w: unit 'kWh' does not fit, expected one for a name in _j"
    )


def test_text_for_a_number_is_refused(tmp_path: Path) -> None:
    def spoil(raw: dict[str, Any]) -> None:
        raw["power_max_w"]["value"] = "a lot"

    assert "power_max_w: expected a number, got 'a lot'" in complaint(tmp_path, spoil)


def test_a_source_that_nobody_listed_is_refused(tmp_path: Path) -> None:
    def spoil(raw: dict[str, Any]) -> None:
        raw["power_max_w"]["source"] = "hearsay"

    assert "power_max_w: source 'hearsay'" in complaint(tmp_path, spoil)


def test_a_number_without_provenance_is_refused(tmp_path: Path) -> None:
    def spoil(raw: dict[str, Any]) -> None:
        del raw["power_max_w"]["basis"]

    assert complaint(tmp_path, spoil) == "power_max_w.basis: missing, expected a value"


def test_an_unknown_model_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="expected one of: a100_sxm4_80, b200"):
        CATALOG.get(Gpu, "h1000")


def test_a_folder_of_the_user_comes_before_the_shipped_one(tmp_path: Path) -> None:
    shipped = Path(str(CATALOG.folders[-1])) / "gpu" / "h100_sxm5_80.yaml"
    raw = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    raw["label"] = "mine"
    (tmp_path / "gpu").mkdir()
    (tmp_path / "gpu" / "h100_sxm5_80.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    assert open_catalog([tmp_path]).get(Gpu, "h100_sxm5_80").label == "mine"


def test_a_missing_catalog_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a catalog"):
        open_catalog([tmp_path / "nowhere"])


def test_a_catalog_without_files_has_no_models(tmp_path: Path) -> None:
    assert Catalog([tmp_path]).names("gpu") == []
