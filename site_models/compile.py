"""Site to plant: names become indices, equipment becomes primitives.

The order is fixed (feeds, circuits with their exchangers and chillers, racks with nodes and
GPUs) and nothing depends on a hash's order, so the same site gives the same arrays.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from site_models.catalog import open_catalog
from site_models.checks import refuse_overload
from site_models.errors import InputError
from site_models.lowering.cooling import lower_cdu, lower_crah, lower_hall_air
from site_models.lowering.draft import Draft
from site_models.lowering.fabric import lower_fabric
from site_models.lowering.power import lower_feeds
from site_models.lowering.racks import lower_rows
from site_models.lowering.water import lower_facility_water, lower_water_units
from site_models.plant import FWS, Arrays, Plant
from site_models.site import Site, load_site, site_path


def compile_site(site: str | Site, catalogs: Sequence[Path] = ()) -> Plant:
    """Return the plant of a shipped name, a path or a site read before.

    Raises InputError, one line naming file and key, for a name that is not there or a site
    too big for its plant.
    """
    where = str(site_path(site)) if isinstance(site, str) else f"site {site.name}"
    read = load_site(site) if isinstance(site, str) else site
    draft = Draft(read, open_catalog(catalogs), where)
    lower_feeds(draft)
    _lower_cooling(draft)
    for position, hall in enumerate(read.halls):
        lower_rows(draft, hall, f"halls.{position}")
    _refuse_unknown_marks(draft)
    _refuse_unknown_work(draft)
    _refuse_equal_names(draft)
    plant = _plant(draft)
    refuse_overload(read, draft.catalog, where)
    return plant


def _lower_cooling(draft: Draft) -> None:
    site = draft.site
    for position, hall in enumerate(site.halls):
        lower_hall_air(draft, hall, f"halls.{position}")
    for system in site.all_facility_water():
        lower_facility_water(draft, system, f"facility_water.{system.name}")
    for system in site.all_facility_water():
        lower_water_units(draft, system, f"facility_water.{system.name}")
    for position, hall in enumerate(site.halls):
        for cdu in hall.cdus:
            lower_cdu(draft, cdu, hall, f"halls.{position}.cdus.{cdu.name}")
        for crah in hall.crahs:
            lower_crah(draft, crah, hall, f"halls.{position}.crahs.{crah.name}")


def _refuse_unknown_marks(draft: Draft) -> None:
    known = {name for _, name in draft.index} | set(draft.gpus.names)
    for position, name in enumerate(draft.site.out_of_service):
        if name not in known:
            raise InputError(
                f"{draft.where}: out_of_service.{position}: nothing is named {name!r}, expected"
                " a rack, node, GPU, CDU, CRAH, cooler, tower, economiser, chiller or feed"
            )


def _refuse_unknown_work(draft: Draft) -> None:
    known = {*draft.row_names, *draft.racks.names, *draft.nodes.names}
    for position, work in enumerate(draft.site.placement.maintenance):
        for name in work.targets:
            if name not in known:
                raise InputError(
                    f"{draft.where}: placement.maintenance.{position}.targets: nothing is named"
                    f" {name!r}, expected a row, rack or node"
                )


def _refuse_equal_names(draft: Draft) -> None:
    """Stop names that are unique in their kind but not on the axis that several kinds share."""
    for key, rows in (
        ("naming.gpu", draft.gpus),
        ("halls, facility_water, cdus", draft.circuits),
        ("cdus, crahs, coolers, towers, economisers", draft.exchangers),
        ("chillers", draft.chillers),
    ):
        name, times = next(iter(Counter(rows.names).most_common(1)), ("", 0))
        if times > 1:
            raise InputError(f"{draft.where}: {key}: {name!r} given twice, expected another name")


def _plant(draft: Draft) -> Plant:
    circuits = draft.circuits.arrays()
    fabric = lower_fabric(draft)
    return Plant(
        site=draft.site.name,
        site_hash=_hash_of(draft),
        arrays=Arrays(
            gpus=draft.gpus.arrays(),
            groups=draft.groups.arrays(),
            nodes=draft.nodes.arrays(),
            racks=draft.racks.arrays(),
            circuits=circuits,
            exchangers=draft.exchangers.arrays(),
            towers=draft.towers.arrays(),
            chillers=draft.chillers.arrays(),
            curves=draft.curves.arrays(),
            feeds=draft.feeds.arrays(),
            rack_feeds=draft.rack_feeds.arrays(),
        ),
        gpu_names=tuple(draft.gpus.names),
        node_names=tuple(draft.nodes.names),
        rack_names=tuple(draft.racks.names),
        row_names=tuple(draft.row_names),
        pod_names=tuple(draft.pod_names),
        circuit_names=tuple(draft.circuits.names),
        exchanger_names=tuple(draft.exchangers.names),
        chiller_names=tuple(draft.chillers.names),
        feed_names=tuple(draft.feeds.names),
        gpu_model=tuple(draft.gpu_model),
        node_model=tuple(draft.node_model),
        rack_model=tuple(draft.rack_model),
        gpu_nvlink_domain=np.array(draft.gpu_domain, dtype=np.int64),
        nvlink_domain_names=tuple(draft.domain_names),
        gpu_rail=np.array(draft.gpu_rail, dtype=np.int64),
        cdu_exchangers=np.array(draft.cdu_exchangers, dtype=np.int64),
        facility_circuits=np.flatnonzero(circuits.kind == FWS).astype(np.int64),
        rack_place_m=np.array(draft.place_m, dtype=np.float64).reshape(-1, 5),
        hall_size_m=_extent_m(draft.site),
        fabric=fabric,
        placing=draft.site.placement,
    )


def _hash_of(draft: Draft) -> str:
    """Return the hash of a site and of every model that it uses."""
    parts = {
        "site": draft.site.model_dump(mode="json", exclude={"placement"}),
        "models": draft.catalog.used(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _extent_m(site: Site) -> tuple[float, float]:
    return (
        max(hall.at_m[0] + hall.width_m for hall in site.halls),
        max(hall.at_m[1] + hall.depth_m for hall in site.halls),
    )
