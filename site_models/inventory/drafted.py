"""A site drafted from an inventory of hosts: racks and GPUs as listed, the plant assumed."""

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from site_models.catalog import open_catalog
from site_models.errors import InputError
from site_models.inventory.hall import hall_and_plant
from site_models.inventory.hosts import read_hosts
from site_models.inventory.racks import RackDrafts

NAMING = {"node": "{prefix}", "gpu": "{node}-gpu{j}"}
"""Each host's name is the prefix of its own entry in its rack's model."""


@dataclass(frozen=True, slots=True)
class DraftedSite:
    """A site as plain values for YAML, with the catalog entries that it needs."""

    site: dict[str, Any]
    catalog: dict[str, dict[str, Any]]
    """`rack/NAME` and `node/NAME` -> raw YAML of the model."""
    assumptions: tuple[str, ...]
    """What the inventory does not say; each line is for the person who gave it."""


def draft_site(text: str, name: str, catalogs: Sequence[Path] = ()) -> DraftedSite:
    """Return a site for an inventory: CSV, `scontrol show node` or `kubectl get nodes -o json`.

    Hosts keep their names, hosts that are drained or cordoned are out of service. Raises
    InputError naming the row, for instance for a GPU that the catalog does not hold.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise InputError(f"site name {name!r}: expected letters, digits, - and _")
    hosts = read_hosts(text)
    drafts = RackDrafts(name, open_catalog(catalogs))
    racks = drafts.racks(hosts)
    listed = {entry["prefix"] for raw in drafts.entries.values() for entry in raw.get("nodes", ())}
    assumptions = drafts.assumptions
    plant = hall_and_plant(racks, assumptions)
    site = {
        "name": name,
        "label": f"{name}, drafted from an inventory of {len(hosts)} hosts",
        "location": {
            "place": "unknown",
            "latitude_deg": 45.0,
            "longitude_deg": 0.0,
            "elevation_m": 100.0,
            "time_zone": "UTC",
            "design_dry_bulb_c": 35.0,
            "design_wet_bulb_c": 24.0,
        },
        "naming": dict(NAMING),
        **plant,
        "out_of_service": [h.name for h in hosts if not h.in_service and h.name in listed],
    }
    return DraftedSite(site, drafts.entries, tuple(assumptions))


def write_drafted(drafted: DraftedSite, folder: Path) -> Path:
    """Write a drafted site and its catalog to a new folder; return the site's file.

    The folder then holds `NAME.yaml` and `catalog/`, the latter for TWIN_CATALOG. It appears
    at once or not at all. Raises InputError if it is there already.
    """
    if folder.exists():
        raise InputError(f"{folder}: is there already, expected a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    name = drafted.site["name"]
    head = "".join(f"# - {line}\n" for line in drafted.assumptions)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / "drafted"
        for key, raw in drafted.catalog.items():
            path = made / "catalog" / f"{key}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
        text = yaml.safe_dump(drafted.site, sort_keys=False)
        (made / f"{name}.yaml").write_text(
            f"# Drafted from an inventory. Assumed:\n{head}{text}", encoding="utf-8"
        )
        os.replace(made, folder)
    return folder / f"{name}.yaml"
