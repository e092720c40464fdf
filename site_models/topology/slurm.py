"""Slurm's topology.conf: switches of topology/tree, blocks of topology/block."""

from collections.abc import Mapping
from pathlib import Path

from site_models.errors import InputError
from site_models.topology.switches import Topology, expanded_names


def read_slurm(text: str, path: Path) -> Topology:
    """Return the topology of a file with `SwitchName=` or `BlockName=` lines.

    Raises InputError naming file, line and key: a switch that nobody describes, one above
    itself, a node under two switches, an unknown key.
    """
    lines = list(_lines(text, path))
    if any("BlockName" in keys for _, keys in lines):
        return _blocks(lines, path)
    return _tree(lines, path)


def _tree(lines: list[tuple[int, dict[str, str]]], path: Path) -> Topology:
    parent: dict[str, str] = {}
    leaf: dict[str, str] = {}
    switches: dict[str, int] = {}
    for number, keys in lines:
        where = f"{path}: line {number}"
        name = _named(keys, "SwitchName", where, ("Nodes", "Switches", "LinkSpeed"))
        if name in switches:
            raise InputError(f"{where}: SwitchName: {name!r} given twice, expected another name")
        switches[name] = number
        for child, of, key in (
            *((node, leaf, "Nodes") for node in expanded_names(keys.get("Nodes", ""), where)),
            *((s, parent, "Switches") for s in expanded_names(keys.get("Switches", ""), where)),
        ):
            if child in of:
                raise InputError(
                    f"{where}: {key}: {child!r} stands under {of[child]!r} too, expected one switch"
                )
            of[child] = name
    for child, above in parent.items():
        if child not in switches:
            raise InputError(
                f"{path}: line {switches[above]}: Switches: {child!r} is described nowhere,"
                " expected a SwitchName line for it"
            )
    if not leaf:
        raise InputError(f"{path}: no Nodes, expected a switch with nodes")
    return _levelled(leaf, parent, switches, path)


def _levelled(
    leaf: Mapping[str, str], parent: Mapping[str, str], switches: Mapping[str, int], path: Path
) -> Topology:
    chains = {name: _chain(name, parent, switches, path) for name in switches}
    depth = max(len(chains[name]) for name in leaf.values())
    words = ("leaf", "spine", "core")
    levels = tuple(words[k] if k < len(words) else f"tier{k}" for k in reversed(range(depth)))
    above = {}
    for node, switch in leaf.items():
        chain = chains[switch]
        above[node] = (*("" for _ in range(depth - len(chain))), *chain)
    return Topology(levels, above, {})


def _chain(
    name: str, parent: Mapping[str, str], switches: Mapping[str, int], path: Path
) -> tuple[str, ...]:
    """Return a switch and those above it, the highest first; InputError for a loop."""
    chain = [name]
    while chain[-1] in parent:
        upper = parent[chain[-1]]
        if upper in chain:
            raise InputError(
                f"{path}: line {switches[upper]}: Switches: {upper!r} stands above itself in a"
                " loop, expected a tree"
            )
        chain.append(upper)
    return tuple(reversed(chain))


def _blocks(lines: list[tuple[int, dict[str, str]]], path: Path) -> Topology:
    above: dict[str, tuple[str, ...]] = {}
    for number, keys in lines:
        where = f"{path}: line {number}"
        if "BlockSizes" in keys:
            if not all(size.strip().isdigit() for size in keys["BlockSizes"].split(",")):
                raise InputError(f"{where}: BlockSizes: expected whole numbers")
            continue
        name = _named(keys, "BlockName", where, ("Nodes",))
        for node in expanded_names(keys.get("Nodes", ""), where):
            if node in above:
                raise InputError(
                    f"{where}: Nodes: {node!r} is in block {above[node][0]!r} too, expected one"
                )
            above[node] = (name,)
    if not above:
        raise InputError(f"{path}: no Nodes, expected a block with nodes")
    return Topology(("block",), above, {node: place[0] for node, place in above.items()})


def _lines(text: str, path: Path) -> list[tuple[int, dict[str, str]]]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        pairs = [word.partition("=") for word in words]
        wrong = next((key for key, sign, _ in pairs if not sign), None)
        if wrong is not None:
            raise InputError(f"{path}: line {number}: {wrong!r}, expected Key=Value")
        found.append((number, {key: value for key, _, value in pairs}))
    if not found:
        raise InputError(f"{path}: no lines, expected SwitchName= or BlockName=")
    return found


def _named(keys: dict[str, str], key: str, where: str, others: tuple[str, ...]) -> str:
    for given in keys:
        if given not in (key, *others):
            raise InputError(
                f"{where}: unknown key {given!r}, expected one of: {', '.join((key, *others))}"
            )
    if not keys.get(key):
        raise InputError(f"{where}: {key} is missing, expected a name")
    return keys[key]
