"""Node labels of Kubernetes: topograph's tiers and domains, the levels of a Kueue Topology.

Read are the objects that `kubectl get nodes -o json` (or `-o yaml`) gives, a list or single
ones, and for Kueue a `Topology` object that names the labels of its levels.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from site_models.errors import InputError
from site_models.topology.switches import Topology
from site_models.yaml_file import read_yaml

TIER = "fabric.topograph.run/tier-"
"""Followed by a number; 0 is the switch next to the node."""
DOMAIN = "accelerator.topograph.run/domain"


def read_node_labels(path: Path, levels: Sequence[str] = ()) -> Topology:
    """Return the topology that the labels of a file's nodes state.

    `levels` are the label names from the widest to the narrowest, as `kueue_levels` gives them;
    without them the labels of topograph are read. Raises InputError naming file and node: a node
    without a label of a level, two switches of one name under different ones.
    """
    nodes = _nodes(read_yaml(path), path)
    names = tuple(levels) or _tiers(nodes, path)
    above: dict[str, tuple[str, ...]] = {}
    domain: dict[str, str] = {}
    for node, labels in nodes.items():
        missing = next((name for name in names if not labels.get(name)), None)
        if missing is not None:
            raise InputError(f"{path}: node {node!r}: label {missing!r} is missing, expected it")
        above[node] = tuple(str(labels[name]) for name in names)
        if labels.get(DOMAIN):
            domain[node] = str(labels[DOMAIN])
    _refuse_two_parents(above, names, path)
    return Topology(names, above, domain)


def kueue_levels(path: Path) -> tuple[str, ...]:
    """Return the labels of the levels of a Kueue `Topology` object, the widest first.

    The label of the host itself (`kubernetes.io/hostname`) is left out: it is the node.
    """
    raw = read_yaml(path)
    spec = raw.get("spec") if isinstance(raw, dict) else None
    listed = spec.get("levels") if isinstance(spec, dict) else None
    if not isinstance(listed, list) or not listed:
        raise InputError(f"{path}: spec.levels: missing, expected a Kueue Topology")
    names = []
    for position, level in enumerate(listed):
        name = level.get("nodeLabel") if isinstance(level, dict) else None
        if not isinstance(name, str):
            raise InputError(f"{path}: spec.levels.{position}.nodeLabel: expected a label's name")
        names.append(name)
    return tuple(name for name in names if name != "kubernetes.io/hostname")


def _nodes(raw: Any, path: Path) -> dict[str, Mapping[str, Any]]:
    items = raw.get("items", [raw]) if isinstance(raw, dict) else raw
    found: dict[str, Mapping[str, Any]] = {}
    for position, item in enumerate(items if isinstance(items, list) else []):
        described = item.get("metadata") if isinstance(item, dict) else None
        name = described.get("name") if isinstance(described, dict) else None
        labels = described.get("labels", {}) if isinstance(described, dict) else {}
        if not isinstance(name, str) or not isinstance(labels, dict):
            raise InputError(
                f"{path}: items.{position}.metadata: expected a node with name, labels"
            )
        found[name] = labels
    if not found:
        raise InputError(f"{path}: no nodes, expected what kubectl get nodes gives")
    return found


def _tiers(nodes: Mapping[str, Mapping[str, Any]], path: Path) -> tuple[str, ...]:
    """Return topograph's tier labels, the widest first."""
    seen = {label for labels in nodes.values() for label in labels if label.startswith(TIER)}
    numbers = sorted(int(s.removeprefix(TIER)) for s in seen if s[len(TIER) :].isdigit())
    if not numbers:
        raise InputError(f"{path}: no label {TIER}0 on any node, expected labels of topograph")
    return tuple(f"{TIER}{number}" for number in reversed(numbers))


def _refuse_two_parents(
    above: Mapping[str, tuple[str, ...]], names: tuple[str, ...], path: Path
) -> None:
    """Stop labels that are no tree: a place under two places."""
    parent: dict[tuple[int, str], str] = {}
    for node, places in above.items():
        for depth in range(1, len(places)):
            upper = parent.setdefault((depth, places[depth]), places[depth - 1])
            if upper != places[depth - 1]:
                raise InputError(
                    f"{path}: node {node!r}: {names[depth]} {places[depth]!r} stands under"
                    f" {upper!r} and {places[depth - 1]!r}, expected one"
                )
