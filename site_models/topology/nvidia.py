"""The matrix of `nvidia-smi topo -m`: how GPUs and network interfaces of one host are joined."""

import re
from dataclasses import dataclass
from pathlib import Path

from site_models.errors import InputError

_JOINTS = re.compile(r"X|NV\d+|SYS|NODE|PHB|PXB|PIX|PSB")
_NEAR = ("PIX", "PXB", "PHB", "NODE", "SYS")
"""From the closest joint to the farthest."""
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class HostTopology:
    """Joints inside one host."""

    gpus: tuple[str, ...]
    nics: tuple[str, ...]
    nvlinks: tuple[tuple[int, ...], ...]
    """Links between GPUs i and j; 0: none."""
    nearest_nic: tuple[int, ...]
    """By GPU: its closest interface, -1 without any; of equals each gets its own in turn."""


def read_topo_matrix(text: str, path: Path) -> HostTopology:
    """Return the joints that the matrix states.

    Raises InputError naming file and row: a row missing or too short, an unknown joint, a
    matrix that is not the same both ways.
    """
    lines = [_ESCAPES.sub("", line) for line in text.splitlines()]
    heads: list[str] = []
    rows: dict[str, list[str]] = {}
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not heads and words and words[0] == "GPU0" and "X" not in words:
            heads = [word for word in words if re.fullmatch(r"(?:GPU|NIC)\d+|mlx\d_\d+", word)]
        elif heads and words and words[0] in heads:
            cells = words[1 : 1 + len(heads)]
            bad = next((cell for cell in cells if not _JOINTS.fullmatch(cell)), None)
            if len(cells) < len(heads) or bad is not None:
                raise InputError(
                    f"{path}: line {number}: {bad or 'too few columns'}, expected one of X, NV#,"
                    f" {', '.join(_NEAR)} for each of {len(heads)} columns"
                )
            rows[words[0]] = cells
    if not heads:
        raise InputError(f"{path}: no header with GPU0, expected the output of nvidia-smi topo -m")
    missing = next((head for head in heads if head not in rows), None)
    if missing is not None:
        raise InputError(f"{path}: row {missing} is missing, expected one for each column")
    return _joined(heads, rows, path)


def _joined(heads: list[str], rows: dict[str, list[str]], path: Path) -> HostTopology:
    for i, a in enumerate(heads):
        for j, b in enumerate(heads[:i]):
            if rows[a][j] != rows[b][i]:
                raise InputError(
                    f"{path}: {a} to {b} is {rows[a][j]} and back {rows[b][i]}, expected the same"
                )
    gpus = [head for head in heads if head.startswith("GPU")]
    nics = [head for head in heads if not head.startswith("GPU")]
    links = tuple(tuple(_links(rows[gpu][heads.index(other)]) for other in gpus) for gpu in gpus)
    taken: dict[int, int] = {}
    nearest = []
    for gpu in gpus:
        cells = [rows[gpu][heads.index(nic)] for nic in nics]
        order = sorted(
            range(len(nics)),
            key=lambda k: (_NEAR.index(cells[k]) if cells[k] in _NEAR else 9, taken.get(k, 0), k),
        )
        best = order[0] if order else -1
        taken[best] = taken.get(best, 0) + 1
        nearest.append(best)
    return HostTopology(tuple(gpus), tuple(nics), links, tuple(nearest))


def _links(joint: str) -> int:
    return int(joint[2:]) if joint.startswith("NV") else 0
