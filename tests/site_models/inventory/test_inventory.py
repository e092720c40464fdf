"""Sites drafted from inventories compile and keep what the inventory said."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from site_models.catalog import Catalog, open_catalog
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.gpu_names import gpu_key
from site_models.hall.layout import check_layout
from site_models.hall.placed import Hall, Placed
from site_models.inventory.drafted import draft_site, write_drafted
from site_models.inventory.hosts import read_hosts
from site_models.kinds.cdu import Cdu
from site_models.kinds.crah import Crah
from site_models.kinds.rack import Rack
from site_models.plant import Plant
from site_models.site import load_site

CSV = """host,rack,gpu_model,gpus
gpu01,r1,NVIDIA H200,8
gpu02,r1,H200-SXM-141GB,8
gpu03,r2,NVIDIA-H100-80GB-HBM3,8
"""

SCONTROL = """NodeName=dgx-1 Arch=x86_64 CoresPerSocket=56
   CPUAlloc=0 CPUEfctv=224 CPUTot=224 CPULoad=0.05
   AvailableFeatures=h200,rack07
   ActiveFeatures=h200,rack07
   Gres=gpu:h200:8(S:0-1),nic:4
   NodeAddr=dgx-1 NodeHostName=dgx-1 Version=24.05.2
   OS=Linux 5.15.0-92-generic #102-Ubuntu SMP
   State=IDLE ThreadsPerCore=2 TmpDisk=0 Weight=1
   CfgTRES=cpu=224,mem=2000000M,billing=224,gres/gpu=8

NodeName=dgx-2 Arch=x86_64 CoresPerSocket=56
   AvailableFeatures=h200,rack07
   Gres=gpu:h200:8(S:0-1)
   State=MIXED+DRAIN ThreadsPerCore=2
   Reason=NodeName check failed [root@2026-08-20T10:00:00]

NodeName=login-1 Arch=x86_64
   Gres=(null)
   State=IDLE
"""


def kubernetes_node(
    name: str, cordoned: bool = False, labels: dict[str, str] | None = None
) -> dict[str, Any]:
    marks = {
        "nvidia.com/gpu.product": "NVIDIA-GB200",
        "nvidia.com/gpu.count": "4",
        "nvidia.com/gpu.clique": "6f1c.0",
    }
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": marks | (labels or {})},
        "spec": {"unschedulable": True} if cordoned else {},
        "status": {"capacity": {"nvidia.com/gpu": "4"}},
    }


def kubectl(*nodes: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(nodes)})


def compiled(text: str, folder: Path, name: str = "mine") -> Plant:
    path = write_drafted(draft_site(text, name), folder / name)
    return compile_site(str(path), [path.parent / "catalog"])


def servers(count: int) -> str:
    rows = [f"n{i},,H100,8" for i in range(count)]
    return "\n".join(["host,rack,gpu_model,gpus", *rows])


def test_a_csv_keeps_hosts_racks_and_models(tmp_path: Path) -> None:
    plant = compiled(CSV, tmp_path)
    assert plant.node_names == ("gpu01", "gpu02", "gpu03")
    assert plant.rack_names == ("r1", "r2")
    assert plant.arrays.nodes.rack.tolist() == [0, 0, 1]
    assert plant.gpu_model == ("h200_sxm",) * 16 + ("h100_sxm5_80",) * 8
    assert plant.gpu_names[9] == "gpu02-gpu1"


def test_headers_and_separators_are_taken_as_people_write_them(tmp_path: Path) -> None:
    text = "\ufeff# export\nHost Name;GPU-Type;Num GPUs;Cabinet;Status\n"
    text += "a;B200;8;c 1;ok\nb;b200;8;c 1;down\n"
    plant = compiled(text, tmp_path)
    assert plant.rack_names == ("c 1",)
    assert plant.arrays.nodes.in_service.tolist() == [True, False]


def test_slurm_nodes_keep_rack_feature_and_drain(tmp_path: Path) -> None:
    plant = compiled(SCONTROL, tmp_path)
    assert plant.node_names == ("dgx-1", "dgx-2")
    assert plant.rack_names == ("rack07",)
    assert plant.arrays.nodes.in_service.tolist() == [True, False]
    assert plant.arrays.gpus.in_service.sum() == 8
    assert "1 hosts without GPUs left out" in draft_site(SCONTROL, "mine").assumptions


def test_slurm_nodes_one_a_line_read_the_same() -> None:
    blocks = SCONTROL.strip().split("\n\n")
    one_a_line = "\n".join(" ".join(block.split()) for block in blocks)
    assert read_hosts(one_a_line) == read_hosts(SCONTROL)


def test_trays_of_one_clique_make_a_rack_with_its_switch_trays(tmp_path: Path) -> None:
    nodes = [kubernetes_node(f"tray-{i}", cordoned=i == 3) for i in range(18)]
    plant = compiled(kubectl(*nodes), tmp_path)
    assert plant.rack_names == ("6f1c.0",)
    assert len(plant.node_names) == 18 + 9
    assert len(plant.gpu_names) == 72
    assert set(plant.gpu_nvlink_domain.tolist()) == {0}
    assert not plant.arrays.nodes.in_service[plant.node_names.index("tray-3")]
    assert plant.arrays.racks.liquid_circuit[0] >= 0


def test_a_rack_label_goes_before_the_clique() -> None:
    node = kubernetes_node("a", labels={"topology.kubernetes.io/rack": "r9"})
    assert read_hosts(kubectl(node))[0].rack == "r9"


def test_a_single_kubernetes_node_is_an_inventory_too() -> None:
    assert read_hosts(json.dumps(kubernetes_node("only")))[0].gpus == 4


def test_hosts_without_a_rack_stand_four_to_a_rack_and_the_draft_says_so(tmp_path: Path) -> None:
    plant = compiled(servers(10), tmp_path)
    assert plant.arrays.nodes.rack.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
    assert any(
        "without a rack: 4 a rack" in line for line in draft_site(servers(10), "x").assumptions
    )


def test_a_host_with_half_the_gpus_is_scaled_and_the_draft_says_so(tmp_path: Path) -> None:
    text = "host,rack,gpu_model,gpus\na,r1,H100,4\nb,r1,H100,8\n"
    plant = compiled(text, tmp_path)
    assert plant.arrays.nodes.gpu_count.tolist() == [4, 8]
    base_w = plant.arrays.nodes.base_power_w
    assert base_w[0] == pytest.approx(0.5 * base_w[1])
    assert any("scaled by 0.5" in line for line in draft_site(text, "x").assumptions)


def test_hosts_without_a_count_hold_what_the_model_says(tmp_path: Path) -> None:
    assert len(compiled("node,model\na,A100-SXM4-80GB\n", tmp_path).gpu_names) == 8


def test_every_assumption_stands_at_the_head_of_the_file(tmp_path: Path) -> None:
    drafted = draft_site(CSV, "mine")
    text = write_drafted(drafted, tmp_path / "new").read_text(encoding="utf-8")
    assert drafted.assumptions
    assert all(f"# - {line}\n" in text for line in drafted.assumptions)


def test_the_same_inventory_drafts_the_same_site() -> None:
    assert draft_site(CSV, "mine") == draft_site(CSV, "mine")


@settings(max_examples=12)
@given(servers=st.integers(0, 150), trays=st.integers(0, 200))
def test_any_mix_of_servers_and_trays_is_within_its_plant(
    tmp_path_factory: pytest.TempPathFactory, servers: int, trays: int
) -> None:
    rows = ["host,rack,gpu_model,gpus"]
    rows += [f"s{i},,B200,8" for i in range(servers)] + [f"t{i},,GB300,4" for i in range(trays)]
    if servers + trays == 0:
        return
    plant = compiled("\n".join(rows), tmp_path_factory.mktemp("mix"))
    assert len(plant.gpu_names) == 8 * servers + 4 * trays
    assert len(plant.rack_names) == math.ceil(servers / 4) + math.ceil(trays / 18)


@pytest.mark.parametrize(("servers", "trays"), [(1, 0), (0, 1), (70, 400)])
def test_nothing_in_the_drafted_hall_stands_in_the_way(
    tmp_path: Path, servers: int, trays: int
) -> None:
    rows = ["host,gpu_model,gpus", *(f"s{i},H200,8" for i in range(servers))]
    rows += [f"t{i},GB200,4" for i in range(trays)]
    path = write_drafted(draft_site("\n".join(rows), "mine"), tmp_path / "mine")
    catalog = open_catalog([path.parent / "catalog"])
    (hall,) = load_site(str(path)).halls
    plant = compile_site(str(path), [path.parent / "catalog"])
    items = [
        _placed(catalog, "rack", name, plant.rack_model[i], *plant.rack_place_m[i, [0, 1, 4]])
        for i, name in enumerate(plant.rack_names)
    ]
    for cdu in hall.cdus:
        facing = math.radians(cdu.facing_deg)
        items.append(_placed(catalog, "cdu", cdu.name, cdu.model, *cdu.at_m, facing))
    for crah in hall.crahs:
        facing = math.radians(crah.facing_deg)
        items.append(_placed(catalog, "crah", crah.name, crah.model, *crah.at_m, facing))
    assert check_layout(Hall(hall.width_m, hall.depth_m, hall.height_m), items) == []


def _placed(
    catalog: Catalog, kind: str, name: str, model: str, x_m: float, y_m: float, facing_rad: float
) -> Placed:
    schemas: dict[str, type[Rack | Cdu | Crah]]
    schemas = {"rack": Rack, "cdu": Cdu, "crah": Crah}
    unit: Rack | Cdu | Crah = catalog.get(schemas[kind], model)
    return Placed(
        name,
        kind,
        float(x_m),
        float(y_m),
        float(unit.width_m),
        float(unit.depth_m),
        float(unit.height_m),
        float(facing_rad),
        float(unit.front_clearance_m),
        float(unit.rear_clearance_m),
    )


KNOWN = open_catalog().names("gpu")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("NVIDIA H200", "h200_sxm"),
        ("H200-SXM-141GB", "h200_sxm"),
        ("gpu:h200:8", "h200_sxm"),
        ("h200", "h200_sxm"),
        ("NVIDIA-H100-80GB-HBM3", "h100_sxm5_80"),
        ("NVIDIA H100 80GB HBM3", "h100_sxm5_80"),
        ("NVIDIA A100-SXM4-80GB", "a100_sxm4_80"),
        ("NVIDIA B200", "b200"),
        ("NVIDIA-GB200", "gb200_gpu"),
        ("GB200 NVL72", "gb200_gpu"),
        ("NVIDIA GB300", "gb300_gpu"),
        ("NVIDIA B300 SXM6 AC", "b300_sxm6"),
        ("gb200_gpu", "gb200_gpu"),
        ("NVIDIA H100 PCIe", None),
        ("NVIDIA H100 NVL", None),
        ("NVIDIA A100-SXM4-40GB", None),
        ("NVIDIA GH200 480GB", None),
        ("NVIDIA RTX A1000", None),
        ("NVIDIA-H100-80GB-HBM3-MIG-1g.10gb", None),
        ("NVIDIA L40S", None),
        ("", None),
    ],
)
def test_vendor_names_mean_catalog_keys(name: str, key: str | None) -> None:
    assert gpu_key(name, KNOWN) == key


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no host in it"),
        ("host,rack\na,r1\n", "no column gpu_model"),
        ("rack,gpu_model\nr1,H100\n", "no column host"),
        (CSV + "gpu03,r2,H100,8\n", "row 5: host 'gpu03' given twice, first in row 4"),
        (CSV + "gpu04,r2,H100,eight\n", "row 5: gpus: expected a whole number, got 'eight'"),
        (CSV + "gpu04,r2,H100,-8\n", "row 5: gpus: expected a whole number, got '-8'"),
        (CSV + ",r2,H100,8\n", "row 5: no host"),
        (CSV + "gpu04,r2,MI300X,8\n", "row 5: GPU 'MI300X' is not in the catalog, expected one of"),
        (CSV + "gpu04,r2,GB200,4\ngpu05,r2,H100,8\n", "rack r2: 3 hosts"),
        (CSV + "gpu04,r3,GB200,4\ngpu05,r3,H100,8\n", "rack r3: 2 hosts"),
        (CSV + "gpu04,r3,GB200,2\n", "row 5: gpus: 2 of gb200_gpu, expected 4"),
        (CSV + "gpu04,r3,H100,1000\n", "row 5: gpus: 1000 of h100_sxm5_80, expected 1..16"),
        ("host,gpu_model,gpus\na,H100,0\n", "no host has a GPU"),
        ("NodeName=a Gres=gpu:8\n State=IDLE\n", "NodeName=a: GPU '' is not in the catalog"),
        ("NodeName=a Gres=gpu:a100:4,gpu:h100:4", "NodeName=a: Gres="),
        ('{"items": [', "not JSON that kubectl writes"),
        ('{"items": [{"kind": "Pod"}]}', "items[0]: not a Node"),
        ('{"items": 3}', "expected `kubectl get nodes -o json`"),
        ("[1]", "items[0]: not a Node"),
    ],
)
def test_what_cannot_be_used_gets_one_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        draft_site(text, "mine")
    assert said in str(caught.value)
    assert str(caught.value).startswith("inventory: ")
    assert "\n" not in str(caught.value)


def test_an_odd_site_name_is_refused() -> None:
    with pytest.raises(InputError, match="expected letters"):
        draft_site(CSV, "../mine")


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a new folder"):
        write_drafted(draft_site(CSV, "mine"), tmp_path)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_any_text_gives_hosts_or_one_line(text: str) -> None:
    try:
        draft_site(text, "mine")
    except InputError as error:
        assert "\n" not in str(error)
