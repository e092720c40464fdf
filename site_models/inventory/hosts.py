"""Lists of hosts as sites have them: CSV, `scontrol show node`, `kubectl get nodes -o json`."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from site_models.errors import InputError


@dataclass(frozen=True, slots=True)
class Host:
    """A host of an inventory, in the words of the inventory."""

    name: str
    gpu_name: str
    gpus: int | None
    """None: not stated. Hosts with 0 have no GPU."""
    rack: str
    """Empty: not stated."""
    in_service: bool
    where: str
    """Row or object, for messages."""


def read_hosts(text: str) -> list[Host]:
    """Return the hosts of an inventory; its format is recognised by its content.

    Raises InputError naming the row: no host, a name given twice, text for a number, JSON
    that does not parse, a CSV without a column for hosts or GPU models.
    """
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith(("{", "[")):
        hosts = list(_from_kubectl(text))
    elif re.search(r"^\s*NodeName=", text, re.MULTILINE):
        hosts = list(_from_scontrol(text))
    else:
        hosts = list(_from_csv(text))
    if not hosts:
        raise InputError("inventory: no host in it, expected CSV, scontrol or kubectl JSON")
    seen: dict[str, str] = {}
    for host in hosts:
        if host.name in seen:
            raise InputError(
                f"inventory: {host.where}: host {host.name!r} given twice, first in"
                f" {seen[host.name]}, expected one"
            )
        seen[host.name] = host.where
    return hosts


_COLUMNS = {
    "host": ("host", "hostname", "node", "nodename", "server", "name"),
    "rack": ("rack", "rackname", "rackid", "cabinet"),
    "gpu": ("gpumodel", "gpuname", "gputype", "gpuproduct", "accelerator", "model", "gpu"),
    "gpus": ("gpus", "gpucount", "numgpus", "ngpus", "gpuspernode", "gpusperhost", "count"),
    "state": ("state", "status"),
}
"""Header names understood, without case, spaces and punctuation; the first that is there."""


def _from_csv(text: str) -> Iterator[Host]:
    lines = ["" if line.startswith("#") else line for line in text.splitlines()]
    skipped = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    if skipped == len(lines):
        return
    delimiter = max(",;\t", key=lines[skipped].count)
    rows = csv.DictReader(io.StringIO("\n".join(lines[skipped:])), delimiter=delimiter)
    titles = {re.sub(r"[^a-z]", "", name.lower()): name for name in rows.fieldnames or () if name}
    column = {
        key: next((titles[name] for name in names if name in titles), "")
        for key, names in _COLUMNS.items()
    }
    for key, wanted in (("host", "host"), ("gpu", "gpu_model")):
        if not column[key]:
            raise InputError(f"inventory: no column {wanted}, expected host, rack, gpu_model, gpus")
    for row in rows:
        where = f"row {rows.line_num + skipped}"
        cells = {key: (row.get(name) or "").strip() for key, name in column.items() if name}
        if not cells["host"]:
            raise InputError(f"inventory: {where}: no host, expected a name")
        yield Host(
            name=cells["host"],
            gpu_name=cells["gpu"],
            gpus=_count(cells.get("gpus", ""), where),
            rack=cells.get("rack", ""),
            in_service=_slurm_serves(cells.get("state", "")),
            where=where,
        )


def _count(text: str, where: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise InputError(f"inventory: {where}: gpus: expected a whole number, got {text!r}")
    return int(text)


def _from_scontrol(text: str) -> Iterator[Host]:
    for record in re.split(r"^\s*(?=NodeName=)", text, flags=re.MULTILINE):
        fields = dict(re.findall(r"(?:^|\s)([A-Za-z]+)=(\S*)", record))
        name = fields.get("NodeName", "")
        if not name:
            continue
        where = f"NodeName={name}"
        gpu_name, gpus = _gres(fields.get("Gres", ""), where)
        features = fields.get("AvailableFeatures", "")
        racks = re.findall(r"(?:^|,)(rack[^,]*)", features, flags=re.IGNORECASE)
        in_service = _slurm_serves(fields.get("State", ""))
        yield Host(name, gpu_name, gpus, racks[0] if racks else "", in_service, where)


def _gres(text: str, where: str) -> tuple[str, int]:
    """Return name and number of the GPUs of a Gres line as `gpu:h200:8(S:0-1),nic:4`."""
    gpus = [part for part in re.sub(r"\([^)]*\)", "", text).split(",") if part.startswith("gpu")]
    if not gpus:
        return "", 0
    if len(gpus) > 1:
        raise InputError(f"inventory: {where}: Gres={text}: expected one GPU model a host")
    parts = gpus[0].split(":")
    count = _count(parts[-1] if len(parts) > 1 else "1", where)
    return ":".join(parts[1:-1]), count or 0


_OUT_OF_SERVICE = ("DRAIN", "DOWN", "FAIL", "MAINT", "ERROR", "FUTURE", "POWERED", "OUT")


def _slurm_serves(state: str) -> bool:
    """Return whether a Slurm state, as `IDLE+DRAIN` or `DOWN*`, lets work in."""
    flags = re.split(r"[^A-Z]+", state.upper())
    return not any(flag.startswith(_OUT_OF_SERVICE) for flag in flags if flag)


_RACK_LABELS = ("rack", "topology-rack", "rack-id", "rack_id", "gpu.clique")
"""Last parts of label keys that name a rack; a clique is the NVLink domain of an NVL72."""


def _from_kubectl(text: str) -> Iterator[Host]:
    try:
        raw: Any = json.loads(text)
    except ValueError as error:
        raise InputError(f"inventory: not JSON that kubectl writes ({error})") from None
    items = raw.get("items", [raw]) if isinstance(raw, dict) else raw
    if not isinstance(items, list):
        raise InputError("inventory: items: not a list, expected `kubectl get nodes -o json`")
    for number, item in enumerate(items):
        try:
            yield _kubernetes_host(item, f"items[{number}]")
        except (AttributeError, KeyError, TypeError):
            raise InputError(
                f"inventory: items[{number}]: not a Node, expected `kubectl get nodes -o json`"
            ) from None


def _kubernetes_host(item: dict[str, Any], where: str) -> Host:
    name = str(item["metadata"]["name"])
    labels: dict[str, str] = item["metadata"].get("labels") or {}
    capacity = (item.get("status") or {}).get("capacity") or {}
    stated = labels.get("nvidia.com/gpu.count") or capacity.get("nvidia.com/gpu") or "0"
    by_ending = {key.rpartition("/")[2]: value for key, value in labels.items()}
    return Host(
        name=name,
        gpu_name=labels.get("nvidia.com/gpu.product", ""),
        gpus=_count(str(stated), f"{where} {name}"),
        rack=next((by_ending[key] for key in _RACK_LABELS if by_ending.get(key)), ""),
        in_service=not (item.get("spec") or {}).get("unschedulable", False),
        where=f"{where} {name}",
    )
