"""Topologies as schedulers state them: which switches stand above each node.

Four formats are read, each in its own file: Slurm's topology/tree and topology/block, the node
labels of topograph and of Kueue's topology-aware scheduling, and the matrix of `nvidia-smi topo
-m`. The first three end in a `Topology`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from site_models.errors import InputError
from site_models.plant import Plant

_LIST = re.compile(r"([^,\[\]]*(?:\[[^\]]*\][^,\[\]]*)*)(?:,|$)")


@dataclass(frozen=True, slots=True)
class Topology:
    """Places of nodes in a network."""

    levels: tuple[str, ...]
    """From the widest to the narrowest, such as spine, leaf."""
    above: Mapping[str, tuple[str, ...]]
    """By node: the name of its place at each level; empty text where it has none."""
    domain: Mapping[str, str]
    """By node: its NVLink domain, where the source tells."""

    def common_level(self, nodes: Sequence[str]) -> str:
        """Return the narrowest level that the nodes share, empty if none.

        InputError for a node that the topology has not.
        """
        for node in nodes:
            if node not in self.above:
                raise InputError(f"topology: no node {node!r}, expected one that it lists")
        shared = ""
        for depth, level in enumerate(self.levels):
            places = {self.above[node][depth] for node in nodes}
            if len(places) == 1 and "" not in places:
                shared = level
        return shared


def refuse_missing(topology: Topology, plant: Plant, where: str) -> None:
    """Stop a topology that lacks a node of the site with GPUs, or has one that it lacks."""
    known = set(plant.node_names)
    strange = next((node for node in topology.above if node not in known), None)
    if strange is not None:
        raise InputError(
            f"{where}: node {strange!r} is not one of {plant.site}, expected its nodes"
        )
    counts = plant.arrays.nodes.gpu_count
    for node, count in zip(plant.node_names, counts.tolist(), strict=True):
        if count and node not in topology.above:
            raise InputError(f"{where}: node {node!r} of {plant.site} is missing, expected it")


def expanded_names(text: str, where: str) -> list[str]:
    """Return the names of a Slurm list: `n[01-03,7],m1` is n01, n02, n03, n7, m1.

    Raises InputError for brackets that do not close or a range that runs backwards.
    """
    if text.count("[") != text.count("]"):
        raise InputError(f"{where}: {text!r}, expected brackets that close")
    found: list[str] = []
    for part in (match[1].strip() for match in _LIST.finditer(text)):
        if part:
            found += _of_brackets(part, where)
    return found


def _of_brackets(part: str, where: str) -> list[str]:
    head, opened, rest = part.partition("[")
    if not opened:
        return [part]
    inner, _, tail = rest.partition("]")
    names = []
    for piece in inner.split(","):
        low, dash, high = piece.strip().partition("-")
        high = high if dash else low
        if not (low.isdigit() and high.isdigit() and int(low) <= int(high)):
            raise InputError(f"{where}: {part!r}, expected numbers and rising ranges in brackets")
        names += [f"{head}{n:0{len(low)}d}" for n in range(int(low), int(high) + 1)]
    return [name + end for name in names for end in (_of_brackets(tail, where) if tail else [""])]
