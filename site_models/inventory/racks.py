"""Hosts of an inventory to rack models of the user's own catalog, one a physical rack.

Each rack gets a model of its own because only its list of nodes can carry the hosts' names.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from site_models.catalog import Catalog
from site_models.errors import InputError
from site_models.gpu_names import gpu_key
from site_models.inventory.hosts import Host
from site_models.inventory.rack_entries import file_name, other_trays, scaled, stack, unused
from site_models.kinds.gpu import Gpu
from site_models.kinds.node import Node
from site_models.kinds.rack import Rack
from site_models.lowering.racks import rated_liquid_w
from site_models.yaml_file import read_yaml, validated

HOSTS_A_RACK = 4
"""Where an inventory names no racks and the nodes are not trays of a rack-scale system."""
MOST_GPUS_A_HOST = 16
PLAIN_RACK = "hgx_h100_x4"
"""Gives its dimensions to racks of nodes that no shipped rack holds."""


@dataclass(frozen=True, slots=True)
class RackDraft:
    """One physical rack and what it may draw."""

    name: str
    model: str
    """Key in the drafted catalog."""
    power_w: float
    liquid_w: float


@dataclass(slots=True)
class RackDrafts:
    """Racks in the making, with the catalog entries that they need."""

    site: str
    catalog: Catalog
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    """`rack/NAME` or `node/NAME` -> raw YAML."""
    assumptions: list[str] = field(default_factory=list)
    _nodes: dict[str, Node] = field(default_factory=dict)

    def racks(self, hosts: list[Host]) -> list[RackDraft]:
        """Return the racks of all hosts that have GPUs, in the order of the inventory."""
        with_gpus = [(host, self._node_key(host)) for host in hosts if host.gpus != 0]
        if not with_gpus:
            raise InputError("inventory: no host has a GPU, expected at least one")
        if len(with_gpus) < len(hosts):
            self.assumptions.append(f"{len(hosts) - len(with_gpus)} hosts without GPUs left out")
        by_rack: dict[str, list[tuple[Host, str]]] = {}
        for host, key in with_gpus:
            if host.rack:
                by_rack.setdefault(host.rack, []).append((host, key))
        self._seat([pair for pair in with_gpus if not pair[0].rack], by_rack)
        return [self._rack(name, members) for name, members in by_rack.items()]

    def _seat(
        self, unplaced: list[tuple[Host, str]], by_rack: dict[str, list[tuple[Host, str]]]
    ) -> None:
        """Fill racks with the hosts whose rack nobody states, each rack with one node model."""
        for key in dict.fromkeys(key for _, key in unplaced):
            members = [pair for pair in unplaced if pair[1] == key]
            seats = self._seats(key) or HOSTS_A_RACK
            self.assumptions.append(
                f"{len(members)} hosts ({key}) without a rack: {seats} a rack in the given order"
            )
            for first in range(0, len(members), seats):
                number = 1
                while f"rack{number}" in by_rack:
                    number += 1
                by_rack[f"rack{number}"] = members[first : first + seats]

    def node(self, key: str) -> Node:
        """Return a node model, drafted or of the catalog."""
        return self._nodes.get(key) or self.catalog.get(Node, key)

    def _node_key(self, host: Host) -> str:
        known = self.catalog.names("gpu")
        gpu = gpu_key(host.gpu_name, known)
        if gpu is None:
            raise InputError(
                f"inventory: {host.where}: GPU {host.gpu_name!r} is not in the catalog,"
                f" expected one of: {', '.join(known)}"
            )
        holders = {
            name: self.catalog.get(Node, name)
            for name in self.catalog.names("node")
            if self.catalog.get(Node, name).gpu == gpu
        }
        if not holders:
            raise InputError(
                f"inventory: {host.where}: no node model of the catalog holds {gpu},"
                " expected a file in its node folder"
            )
        usual = next(iter(holders))
        if host.gpus is None:
            self._note(f"hosts with {gpu} hold {holders[usual].gpu_count} GPUs as {usual} does")
            return usual
        same = [name for name, node in holders.items() if node.gpu_count == host.gpus]
        return same[0] if same else self._scaled_node(host, usual, holders[usual])

    def _scaled_node(self, host: Host, key: str, node: Node) -> str:
        """Draft a node with another number of GPUs, scaled from the usual one."""
        count = host.gpus or 0
        if node.cooling == "liquid" or count > MOST_GPUS_A_HOST:
            expected = node.gpu_count if node.cooling == "liquid" else f"1..{MOST_GPUS_A_HOST}"
            raise InputError(
                f"inventory: {host.where}: gpus: {count} of {node.gpu}, expected {expected}"
            )
        scaled_key = f"{key}_{count}gpu"
        if scaled_key in self._nodes:
            return scaled_key
        share = count / node.gpu_count
        raw = read_yaml(self.catalog_file("node", key))
        for figure in ("base_power_w", "power_max_w", "airflow_rated_m3_per_s", "fan_power_max_w"):
            raw[figure] = scaled(raw[figure], share, key)
        if "supply" in raw:
            raw["supply"]["rating_w"] = scaled(raw["supply"]["rating_w"], share, key)
        fronts = list(node.upstream[:count])
        raw["upstream"] = fronts if len(fronts) == count and any(fronts) else []
        raw |= {"gpu_count": count, "label": f"{node.label}, with {count} GPUs"}
        self._nodes[scaled_key] = validated(Node, raw, Path(f"node/{scaled_key}.yaml"))
        self.entries[f"node/{scaled_key}"] = raw
        self._note(f"hosts with {count} x {node.gpu} are {key} scaled by {share:g}")
        return scaled_key

    def catalog_file(self, kind: str, name: str) -> Path:
        """Return the file of a model, in the first folder that has it."""
        paths = (folder / kind / f"{name}.yaml" for folder in self.catalog.folders)
        return next(path for path in paths if path.is_file())

    def _base(self, node_key: str) -> str:
        """Return the rack model that holds a node model, or the plain one."""
        for name in self.catalog.names("rack"):
            if any(entry.model == node_key for entry in self.catalog.get(Rack, name).nodes):
                return name
        return PLAIN_RACK

    def _seats(self, node_key: str) -> int:
        """Return how many trays of a kind a rack-scale system has; 0 for servers."""
        base = self.catalog.get(Rack, self._base(node_key))
        trays = [entry.count for entry in base.nodes if entry.model == node_key]
        return trays[0] if trays and base.coolant is not None else 0

    def _rack(self, name: str, members: list[tuple[Host, str]]) -> RackDraft:
        keys = [key for _, key in members]
        seats = max(self._seats(key) for key in set(keys))
        if seats and (len(set(keys)) > 1 or len(members) > seats):
            raise InputError(
                f"inventory: rack {name}: {len(members)} hosts ({', '.join(sorted(set(keys)))}),"
                f" expected at most {seats} of one model"
            )
        raw = read_yaml(self.catalog_file("rack", self._base(keys[0])))
        power_w = sum(float(self.node(key).power_max_w) for key in keys)
        nodes = [{"model": key, "count": 1, "prefix": host.name} for host, key in members]
        if seats:
            nodes += other_trays(raw["nodes"], keys[0], name)
        else:
            stack(raw, [self.node(key) for key in keys], power_w)
        model = unused(f"{self.site}-{file_name(name)}", self.entries)
        raw |= {"label": f"Rack {name}", "nodes": nodes}
        rack = validated(Rack, raw, Path(f"rack/{model}.yaml"))
        self.entries[f"rack/{model}"] = raw
        liquid_w = sum(self._liquid_w(entry.model) * entry.count for entry in rack.nodes)
        return RackDraft(name, model, float(rack.rating_w), liquid_w)

    def _liquid_w(self, key: str) -> float:
        node = self.node(key)
        gpu = self.catalog.get(Gpu, node.gpu) if node.gpu else None
        return rated_liquid_w(node, gpu) if node.cooling == "liquid" else 0.0

    def _note(self, line: str) -> None:
        if line not in self.assumptions:
            self.assumptions.append(line)
