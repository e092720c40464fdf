"""What stands where in the halls of a site, for the layout check and the picture."""

import math

from site_models.catalog import Catalog
from site_models.hall.placed import Hall, Placed
from site_models.kinds.cdu import Cdu
from site_models.kinds.crah import Crah
from site_models.kinds.rack import Rack
from site_models.plant import Plant
from site_models.site import Hall as SiteHall
from site_models.site import PlacedCdu, PlacedCrah, Site


def floor_of(site: Site, catalog: Catalog, plant: Plant) -> list[tuple[str, Hall, list[Placed]]]:
    """Return each hall's name, its room and everything that stands in it."""
    return [
        (hall.name, _room(hall), _standing(hall, number, catalog, plant))
        for number, hall in enumerate(site.halls)
    ]


def _room(hall: SiteHall) -> Hall:
    return Hall(hall.width_m, hall.depth_m, hall.height_m, hall.at_m[0], hall.at_m[1])


def _standing(hall: SiteHall, number: int, catalog: Catalog, plant: Plant) -> list[Placed]:
    items = [
        _rack(plant, r, catalog.get(Rack, plant.rack_model[r]))
        for r in range(len(plant.rack_names))
        if plant.arrays.racks.air_circuit[r] == number
    ]
    items += [_unit(hall, cdu, "cdu", catalog.get(Cdu, cdu.model)) for cdu in hall.cdus]
    items += [_unit(hall, crah, "crah", catalog.get(Crah, crah.model)) for crah in hall.crahs]
    for box in hall.boxes:
        items.append(
            Placed(
                name=box.name,
                kind=box.kind,
                x_m=hall.at_m[0] + box.at_m[0],
                y_m=hall.at_m[1] + box.at_m[1],
                width_m=box.size_m[0],
                depth_m=box.size_m[1],
                height_m=box.size_m[2],
                facing_rad=math.radians(box.facing_deg),
                front_clearance_m=box.front_clearance_m,
            )
        )
    return items


def _rack(plant: Plant, r: int, model: Rack) -> Placed:
    x_m, y_m, width_m, depth_m, facing_rad = plant.rack_place_m[r]
    return Placed(
        name=plant.rack_names[r],
        kind="rack",
        x_m=float(x_m),
        y_m=float(y_m),
        width_m=float(width_m),
        depth_m=float(depth_m),
        height_m=float(model.height_m),
        facing_rad=float(facing_rad),
        front_clearance_m=float(model.front_clearance_m),
        rear_clearance_m=float(model.rear_clearance_m),
        mass_kg=float(model.mass_kg),
    )


def _unit(hall: SiteHall, placed: PlacedCdu | PlacedCrah, kind: str, model: Cdu | Crah) -> Placed:
    return Placed(
        name=placed.name,
        kind=kind,
        x_m=hall.at_m[0] + placed.at_m[0],
        y_m=hall.at_m[1] + placed.at_m[1],
        width_m=float(model.width_m),
        depth_m=float(model.depth_m),
        height_m=float(model.height_m),
        facing_rad=math.radians(placed.facing_deg),
        front_clearance_m=float(model.front_clearance_m),
        rear_clearance_m=float(model.rear_clearance_m),
        mass_kg=float(model.mass_kg),
    )
