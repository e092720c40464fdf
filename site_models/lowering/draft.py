"""A plant in the making: its axes so far, and what is known of names."""

from dataclasses import dataclass, field

from site_models.catalog import Catalog
from site_models.errors import InputError
from site_models.kinds.fluid import Fluid
from site_models.lowering.rows import Rows
from site_models.plant import (
    Chillers,
    Circuits,
    Curves,
    Exchangers,
    Feeds,
    GpuGroups,
    Gpus,
    Nodes,
    RackFeeds,
    Racks,
    Towers,
)
from site_models.site import Hall, Site


@dataclass(slots=True)
class Draft:
    """Everything that lowering adds to, in the order in which it adds."""

    site: Site
    catalog: Catalog
    where: str
    """File of the site, for messages."""
    feeds: Rows[Feeds] = field(default_factory=lambda: Rows(Feeds))
    circuits: Rows[Circuits] = field(default_factory=lambda: Rows(Circuits))
    exchangers: Rows[Exchangers] = field(default_factory=lambda: Rows(Exchangers))
    towers: Rows[Towers] = field(default_factory=lambda: Rows(Towers))
    chillers: Rows[Chillers] = field(default_factory=lambda: Rows(Chillers))
    curves: Rows[Curves] = field(default_factory=lambda: Rows(Curves))
    racks: Rows[Racks] = field(default_factory=lambda: Rows(Racks))
    nodes: Rows[Nodes] = field(default_factory=lambda: Rows(Nodes))
    gpus: Rows[Gpus] = field(default_factory=lambda: Rows(Gpus))
    groups: Rows[GpuGroups] = field(default_factory=lambda: Rows(GpuGroups))
    rack_feeds: Rows[RackFeeds] = field(default_factory=lambda: Rows(RackFeeds))
    row_names: list[str] = field(default_factory=list)
    pod_names: list[str] = field(default_factory=list)
    domain_names: list[str] = field(default_factory=list)
    gpu_domain: list[int] = field(default_factory=list)
    gpu_rail: list[int] = field(default_factory=list)
    gpu_model: list[str] = field(default_factory=list)
    node_model: list[str] = field(default_factory=list)
    rack_model: list[str] = field(default_factory=list)
    place_m: list[tuple[float, float, float, float, float]] = field(default_factory=list)
    cdu_exchangers: list[int] = field(default_factory=list)
    index: dict[tuple[str, str], int] = field(default_factory=dict)
    """(kind, name) -> position on its axis."""

    def learn(self, kind: str, name: str, position: int, key: str) -> None:
        """Remember a name; InputError if its kind has it already."""
        if (kind, name) in self.index:
            raise InputError(f"{self.where}: {key}: {kind} {name!r} given twice, expected another")
        self.index[kind, name] = position

    def find(self, kind: str, name: str, key: str) -> int:
        """Return the position of a name; InputError naming the key that asked for it."""
        position = self.index.get((kind, name))
        if position is None:
            known = [other for of, other in self.index if of == kind]
            listed = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
            raise InputError(
                f"{self.where}: {key}: no {kind} {name!r}, expected one of: {listed or 'none'}"
            )
        return position

    def running(self, name: str) -> bool:
        """Return whether a piece of equipment is in service."""
        return name not in self.site.out_of_service

    def air(self, hall: Hall) -> int:
        """Return the circuit of a hall's air: the halls' air comes first on the axis."""
        return [other.name for other in self.site.halls].index(hall.name)

    def fluid_rates(self, fluid: str, temp_c: float, key: str) -> tuple[float, float]:
        """Return density [kg/m3] and heat capacity [J/(kg K)] at a temperature.

        InputError if the temperature is outside the range of the fluid's polynomials.
        """
        model = self.catalog.get(Fluid, fluid)
        low_c, high_c = model.range_c
        if not low_c <= temp_c <= high_c:
            raise InputError(
                f"{self.where}: {key}: {temp_c:g} C, expected {low_c:g}..{high_c:g} C for {fluid}"
            )
        return model.density_kg_per_m3.at(temp_c), model.cp_j_per_kg_k.at(temp_c)
