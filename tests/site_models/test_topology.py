"""Topologies of schedulers: what they say, and what is refused."""

import json
from pathlib import Path

import pytest

from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.topology.labels import DOMAIN, TIER, kueue_levels, read_node_labels
from site_models.topology.nvidia import read_topo_matrix
from site_models.topology.slurm import read_slurm
from site_models.topology.switches import Topology, expanded_names, refuse_missing

HERE = Path("topology.conf")

TREE = """
# two leafs under one spine
SwitchName=leaf1 Nodes=n[01-02],m1
SwitchName=leaf2 Nodes=n[03-04]
SwitchName=top Switches=leaf[1-2]
"""


def test_a_slurm_tree_is_read() -> None:
    topology = read_slurm(TREE, HERE)
    assert topology.levels == ("spine", "leaf")
    assert topology.above["n02"] == ("top", "leaf1")
    assert topology.common_level(["n01", "m1"]) == "leaf"
    assert topology.common_level(["n01", "n04"]) == "spine"
    with pytest.raises(InputError, match="no node 'x'"):
        topology.common_level(["x"])


def test_slurm_blocks_are_nvlink_domains() -> None:
    topology = read_slurm(
        "BlockName=b1 Nodes=t[1-18]\nBlockName=b2 Nodes=u1\nBlockSizes=18\n", HERE
    )
    assert topology.domain["t18"] == "b1"
    assert topology.common_level(["t1", "u1"]) == ""


def test_slurm_lists_expand() -> None:
    assert expanded_names("a[08-10,2]x,b", "w") == ["a08x", "a09x", "a10x", "a2x", "b"]
    assert expanded_names("r[1-2]n[1-2]", "w") == ["r1n1", "r1n2", "r2n1", "r2n2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SwitchName=a Switches=b\nSwitchName=b Switches=a,c\nSwitchName=c Nodes=n1", "in a loop"),
        ("SwitchName=a Switches=b Nodes=n1", "line 1: Switches: 'b' is described nowhere"),
        (
            "SwitchName=a Nodes=n1\nSwitchName=b Nodes=n1",
            "line 2: Nodes: 'n1' stands under 'a' too",
        ),
        ("SwitchName=a Nodes=n1\nSwitchName=a Nodes=n2", "'a' given twice"),
        ("SwitchName=a Node=n1", "line 1: unknown key 'Node'"),
        ("SwitchName=a Nodes=n[1", "expected brackets that close"),
        ("SwitchName=a Nodes=n[3-1]", "rising ranges"),
        ("SwitchName a", "'SwitchName', expected Key=Value"),
        ("BlockName=a Nodes=n1\nBlockName=b Nodes=n1", "'n1' is in block 'a' too"),
        ("SwitchName=a", "no Nodes"),
        ("", "no lines"),
    ],
)
def test_a_bad_slurm_file_is_named(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read_slurm(text, HERE)
    assert str(caught.value).startswith("topology.conf: ")
    assert "\n" not in str(caught.value)


def labelled(path: Path, **nodes: dict[str, str]) -> Path:
    items = [{"metadata": {"name": name, "labels": labels}} for name, labels in nodes.items()]
    path.write_text(json.dumps({"items": items}))
    return path


def test_topograph_labels_are_read(tmp_path: Path) -> None:
    both = {f"{TIER}0": "leaf1", f"{TIER}1": "top"}
    path = labelled(tmp_path / "n.json", n1={**both, DOMAIN: "d1"}, n2=both)
    topology = read_node_labels(path)
    assert topology.above["n1"] == ("top", "leaf1")
    assert topology.domain == {"n1": "d1"}


def test_kueue_levels_name_the_labels(tmp_path: Path) -> None:
    kueue = tmp_path / "t.yaml"
    kueue.write_text(
        "kind: Topology\nspec:\n  levels:\n  - nodeLabel: x/block\n  - nodeLabel: x/rack\n"
        "  - nodeLabel: kubernetes.io/hostname\n"
    )
    path = labelled(tmp_path / "n.json", n1={"x/block": "b", "x/rack": "r"})
    assert read_node_labels(path, kueue_levels(kueue)).above == {"n1": ("b", "r")}
    with pytest.raises(InputError, match="node 'n1': label 'x/row' is missing"):
        read_node_labels(path, ("x/row",))
    kueue.write_text("spec: {levels: [1]}")
    with pytest.raises(InputError, match=r"spec\.levels\.0\.nodeLabel"):
        kueue_levels(kueue)


def test_a_switch_under_two_switches_is_no_tree(tmp_path: Path) -> None:
    one, other = ({f"{TIER}0": "leaf", f"{TIER}1": top} for top in ("a", "b"))
    with pytest.raises(InputError, match="stands under 'a' and 'b'"):
        read_node_labels(labelled(tmp_path / "n.json", n1=one, n2=other))
    with pytest.raises(InputError, match="expected labels of topograph"):
        read_node_labels(labelled(tmp_path / "n.json", n1={}))
    (tmp_path / "e.json").write_text("[]")
    with pytest.raises(InputError, match="no nodes"):
        read_node_labels(tmp_path / "e.json")


def test_a_topology_must_fit_the_site() -> None:
    plant = compile_site("hgx-h100")
    whole = Topology(("leaf",), {"node0": ("a",)}, {})
    refuse_missing(whole, plant, "t")
    with pytest.raises(InputError, match="node 'x' is not one of hgx-h100"):
        refuse_missing(Topology(("leaf",), {"x": ("a",)}, {}), plant, "t")
    with pytest.raises(InputError, match="'node0' of hgx-h100 is missing"):
        refuse_missing(Topology(("leaf",), {}, {}), plant, "t")


MATRIX = """\
\tGPU0\tGPU1\tNIC0\tNIC1\tCPU Affinity\tNUMA Affinity
GPU0\t X \tNV18\tPIX\tSYS\t0-47\t0
GPU1\tNV18\t X \tSYS\tPXB\t48-95\t1
NIC0\tPIX\tSYS\t X \tSYS
NIC1\tSYS\tPXB\tSYS\t X

Legend:
  X    = Self
"""


def test_a_matrix_of_nvidia_smi_is_read() -> None:
    host = read_topo_matrix(MATRIX, Path("topo.txt"))
    assert host.nvlinks == ((0, 18), (18, 0))
    assert host.nearest_nic == (0, 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("NIC1\tSYS\tPXB\tSYS\t X\n", "", "row NIC1 is missing"),
        ("GPU0\t X \tNV18", "GPU0\t X \tNV12", "GPU1 to GPU0 is NV18 and back NV12"),
        ("PIX\tSYS\t0-47", "PIX\tFAR\t0-47", "line 2: FAR, expected one of X, NV#"),
        ("\tGPU0\tGPU1", "\tA\tB", "no header with GPU0"),
    ],
)
def test_a_bad_matrix_is_named(old: str, new: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_topo_matrix(MATRIX.replace(old, new), Path("topo.txt"))
