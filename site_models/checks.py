"""Named checks of a whole site: does what hangs on each piece of equipment fit it?

The sums use ratings: every GPU at its limit. They are computed from the site and catalog,
not from the plant's arrays, so they also check the compiler.
"""

from collections import defaultdict
from dataclasses import dataclass

from site_models.catalog import Catalog
from site_models.errors import InputError
from site_models.kinds.breaker import Breaker
from site_models.kinds.cdu import Cdu
from site_models.kinds.cooling_tower import CoolingTower
from site_models.kinds.crah import Crah
from site_models.kinds.dry_cooler import DryCooler
from site_models.kinds.eir_chiller import EirChiller
from site_models.kinds.gpu import Gpu
from site_models.kinds.node import Node
from site_models.kinds.rack import Rack
from site_models.lowering.chillers import chiller_model
from site_models.lowering.racks import rated_liquid_w
from site_models.site import FacilityWater, Feed, Hall, RackGroup, Site


@dataclass(frozen=True, slots=True)
class Check:
    """Outcome of a named check; the message says what was found, passed or not."""

    name: str
    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class RatedHeat:
    """Rated draw of one rack and where its heat goes [W]."""

    power_w: float
    liquid_w: float

    @property
    def air_w(self) -> float:
        """Return the part that warms the hall."""
        return self.power_w - self.liquid_w


def rated_heat(catalog: Catalog, rack_model: str, on_liquid: bool) -> RatedHeat:
    """Return a rack's rated draw and its liquid part."""
    model = catalog.get(Rack, rack_model)
    if model.lumped is not None:
        share = float(model.lumped.liquid_share) if on_liquid else 0.0
        return RatedHeat(float(model.lumped.power_w), share * float(model.lumped.power_w))
    liquid_w = 0.0
    for entry in model.nodes:
        node = catalog.get(Node, entry.model)
        gpu = catalog.get(Gpu, node.gpu) if node.gpu else None
        if node.cooling == "liquid":
            liquid_w += entry.count * rated_liquid_w(node, gpu)
    return RatedHeat(float(model.rating_w), liquid_w if on_liquid else 0.0)


def site_checks(site: Site, catalog: Catalog) -> list[Check]:
    """Return every named check of a site that compiled."""
    return [
        _cdu_capacity(site, catalog),
        _hall_air_capacity(site, catalog),
        _facility_water_capacity(site, catalog),
        _feed_ratings(site, catalog),
        _breaker_ratings(site, catalog),
        _temperature_chain(site),
        _leakage_runaway(site, catalog),
    ]


def refuse_overload(site: Site, catalog: Catalog, where: str) -> None:
    """Raise InputError for the first check that a site fails: it is too big for its plant."""
    for check in site_checks(site, catalog):
        if not check.ok:
            raise InputError(f"{where}: {check.message}")


def _groups(hall: Hall) -> list[RackGroup]:
    return [group for row in hall.rows for group in row.racks]


def _overload(
    name: str, key: str, loads_w: dict[str, float], capacities_w: dict[str, float]
) -> Check:
    for place, load_w in loads_w.items():
        if load_w > capacities_w[place] * (1.0 + 1e-9):
            return Check(
                name,
                False,
                f"{key}.{place}: {load_w / 1e3:.0f} kW of rated load, expected at most"
                f" {capacities_w[place] / 1e3:.0f} kW",
            )
    tightest = max(loads_w, key=lambda p: loads_w[p] / max(capacities_w[p], 1.0), default="")
    if not tightest:
        return Check(name, True, "nothing to carry")
    share = loads_w[tightest] / max(capacities_w[tightest], 1.0)
    return Check(name, True, f"{tightest} is the fullest, {share:.0%} of its capacity at rating")


def _cdu_capacity(site: Site, catalog: Catalog) -> Check:
    loads: dict[str, float] = defaultdict(float)
    capacities = {
        cdu.name: float(catalog.get(Cdu, cdu.model).capacity_w)
        for hall in site.halls
        for cdu in hall.cdus
    }
    for hall in site.halls:
        for group in _groups(hall):
            if group.cdu:
                loads[group.cdu] += group.count * rated_heat(catalog, group.model, True).liquid_w
    return _overload("cdu_capacity", "cdus", loads, capacities)


def _hall_air_w(hall: Hall, catalog: Catalog) -> float:
    return sum(
        group.count * rated_heat(catalog, group.model, bool(group.cdu)).air_w
        for group in _groups(hall)
    )


def _hall_air_capacity(site: Site, catalog: Catalog) -> Check:
    loads = {hall.name: _hall_air_w(hall, catalog) for hall in site.halls}
    capacities = {
        hall.name: sum(float(catalog.get(Crah, crah.model).capacity_w) for crah in hall.crahs)
        for hall in site.halls
    }
    return _overload("hall_air_capacity", "halls", loads, capacities)


def _facility_water_capacity(site: Site, catalog: Catalog) -> Check:
    loads: dict[str, float] = defaultdict(float)
    for hall in site.halls:
        liquid: dict[str, float] = defaultdict(float)
        for group in _groups(hall):
            if group.cdu:
                liquid[group.cdu] += group.count * rated_heat(catalog, group.model, True).liquid_w
        for cdu in hall.cdus:
            loads[cdu.facility_water] += liquid[cdu.name]
        for crah in hall.crahs:
            loads[crah.facility_water] += _hall_air_w(hall, catalog) / len(hall.crahs)
    for system in site.all_facility_water():
        if system.condenser:
            loads[system.condenser] += _condensed_w(system, catalog, loads[system.name])
    capacities = {s.name: _rejection_w(s, catalog) for s in site.all_facility_water()}
    return _overload("facility_water_capacity", "facility_water", loads, capacities)


def _rejection_w(system: FacilityWater, catalog: Catalog) -> float:
    coolers = [(c.count, catalog.get(DryCooler, c.model).capacity_w) for c in system.coolers]
    towers = [(c.count, catalog.get(CoolingTower, c.model).capacity_w) for c in system.towers]
    chillers = [(c.count, chiller_model(catalog, c.model).capacity_w) for c in system.chillers]
    return sum(count * float(capacity_w) for count, capacity_w in coolers + towers + chillers)


def _condensed_w(system: FacilityWater, catalog: Catalog, load_w: float) -> float:
    """Return what the condenser water takes of a load: with the chillers' rated power [W]."""
    models = [chiller_model(catalog, chillers.model) for chillers in system.chillers]
    cops = [float(model.rated_cop) for model in models if isinstance(model, EirChiller)]
    return load_w * (1.0 + 1.0 / min(cops)) if cops else load_w


def _feed_ratings(site: Site, catalog: Catalog) -> Check:
    """IT load alone, without losses or cooling; a feed marked oversubscribed may exceed."""
    feeds = {feed.name: feed for feed, _ in site.all_feeds()}
    loads = _it_loads_w(site, catalog, feeds)
    firm = {name: load for name, load in loads.items() if not feeds[name].oversubscribed}
    ratings = {name: feed.rating_w for name, feed in feeds.items()}
    return _overload("feed_ratings", "feeds", firm, ratings)


def _breaker_ratings(site: Site, catalog: Catalog) -> Check:
    """The same load against what each breaker takes for hours: 80 % of a standard one (NEC)."""
    feeds = {feed.name: feed for feed, _ in site.all_feeds()}
    lasting_w = {
        name: float(catalog.get(Breaker, feed.breaker).continuous_share) * feed.rating_w
        for name, feed in feeds.items()
        if feed.breaker and not feed.oversubscribed
    }
    loads = _it_loads_w(site, catalog, feeds)
    return _overload(
        "breaker_ratings",
        "feeds",
        {name: load for name, load in loads.items() if name in lasting_w},
        lasting_w,
    )


def _it_loads_w(site: Site, catalog: Catalog, feeds: dict[str, Feed]) -> dict[str, float]:
    """Return the rated draw of the racks behind each feed, shares as with all feeds there."""
    loads: dict[str, float] = defaultdict(float)
    for hall in site.halls:
        for group in _groups(hall):
            power_w = group.count * rated_heat(catalog, group.model, bool(group.cdu)).power_w
            for name in group.feeds:
                while name:
                    loads[name] += power_w / len(group.feeds)
                    name = feeds[name].parent
    return loads


def _temperature_chain(site: Site) -> Check:
    """A CDU can hold no supply colder than the facility water that it is given."""
    water = {system.name: system.supply_setpoint_c for system in site.all_facility_water()}
    for hall in site.halls:
        users = [(cdu.name, cdu.facility_water, cdu.supply_setpoint_c) for cdu in hall.cdus]
        users += [(c.name, c.facility_water, hall.air.supply_setpoint_c) for c in hall.crahs]
        for name, system, setpoint_c in users:
            if setpoint_c <= water[system]:
                return Check(
                    "temperature_chain",
                    False,
                    f"{name}: setpoint {setpoint_c:g} C, expected above the"
                    f" {water[system]:g} C that {system} supplies",
                )
    return Check("temperature_chain", True, "every setpoint lies above its facility water's")


def _leakage_runaway(site: Site, catalog: Catalog) -> Check:
    """A GPU's leakage must not feed itself: R dP/dT below 1 at its shutdown temperature.

    R is from die to mean coolant at the chain's reference flow.
    """
    name, worst, told = "leakage_runaway", 0.0, "no GPU"
    for model, node in _gpus_used(site, catalog):
        gpu = catalog.get(Gpu, model)
        chain = gpu.liquid if node.cooling == "liquid" else gpu.air
        if chain is None:
            continue
        limit_c = float(gpu.temp_limit_c) + float(gpu.shutdown_offset_k)
        resistance = float(chain.die_resistance_k_per_w) + float(chain.body_resistance_k_per_w)
        gain = resistance * float(gpu.leakage_rate_per_k) * gpu.leakage_at_w(limit_c)
        if gain >= 1.0:
            return Check(
                name,
                False,
                f"catalog/gpu/{model}.yaml: leakage_w: each kelvin brings {gain:.2g} K more at the"
                f" shutdown temperature of {limit_c:g} C, expected less than 1 K",
            )
        if gain >= worst:
            worst = gain
            told = f"{model} is the nearest: each kelvin brings {gain:.2g} K more at {limit_c:g} C"
    return Check(name, True, told)


def _gpus_used(site: Site, catalog: Catalog) -> list[tuple[str, Node]]:
    """Return the GPU models of a site, each with a node that holds it, in their order."""
    racks = {group.model for hall in site.halls for group in _groups(hall)}
    entries = [entry.model for name in sorted(racks) for entry in catalog.get(Rack, name).nodes]
    nodes = [catalog.get(Node, model) for model in dict.fromkeys(entries)]
    return [(node.gpu, node) for node in nodes if node.gpu]
