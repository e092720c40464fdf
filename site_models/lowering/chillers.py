"""Chillers of a facility water system and their performance curves."""

from site_models.catalog import Catalog
from site_models.errors import InputError
from site_models.kinds.chiller import Chiller
from site_models.kinds.eir_chiller import Curve, EirChiller
from site_models.lowering.draft import Draft
from site_models.site import Coolers, FacilityWater

CONDENSER_WATER_C = 27.0
"""Density of condenser water is taken at this temperature."""
UNBOUNDED_C = 1e3
"""Bound, either way, of what has none."""


def chiller_model(catalog: Catalog, name: str) -> Chiller | EirChiller:
    """Return a chiller of either kind; InputError if no folder has it."""
    if name in catalog.names("eir_chiller"):
        return catalog.get(EirChiller, name)
    if name in catalog.names("chiller"):
        return catalog.get(Chiller, name)
    known = ", ".join(catalog.names("chiller") + catalog.names("eir_chiller"))
    raise InputError(f"catalog/chiller/{name}.yaml: no such model, expected one of: {known}")


def lower_chillers(
    draft: Draft, system: FacilityWater, chillers: Coolers, circuit: int, condenser: int, key: str
) -> None:
    """Add the chillers of one model, named `<system>-chiller<n>` in their order of starting.

    InputError for a water-cooled one on a system without condenser water.
    """
    model = chiller_model(draft.catalog, chillers.model)
    if isinstance(model, EirChiller) and condenser < 0:
        raise InputError(
            f"{draft.where}: {key}.model: {chillers.model!r} is water-cooled, expected"
            f" `condenser` on {system.name} to name its condenser water"
        )
    own = _by_curves(draft, model, condenser) if isinstance(model, EirChiller) else _alone(model)
    first = sum(name.startswith(f"{system.name}-chiller") for name in draft.chillers.names) + 1
    for number in range(first, first + chillers.count):
        name = f"{system.name}-chiller{number}"
        position = draft.chillers.add(
            name,
            circuit=circuit,
            capacity_w=float(model.capacity_w),
            condenser_approach_k=float(model.condenser_approach_k),
            trim_setpoint_c=system.supply_setpoint_c + system.trim_k,
            restart_s=float(model.restart_s),
            feed=draft.find("feed", chillers.feed, f"{key}.feed"),
            available=True,
            in_service=draft.running(name),
            **own,
        )
        draft.learn("chiller", name, position, key)


def _alone(model: Chiller) -> dict[str, float]:
    """Return the fields of an air-cooled machine without curves."""
    return {
        "condenser_circuit": -1,
        "condenser_flow_rated_kg_per_s": 0.0,
        "rated_cop": 0.0,
        "capacity_curve": -1,
        "input_curve": -1,
        "load_curve": -1,
        "leaving_low_c": -UNBOUNDED_C,
        "leaving_high_c": UNBOUNDED_C,
        "entering_low_c": -UNBOUNDED_C,
        "entering_high_c": UNBOUNDED_C,
        "part_load_min": 0.0,
        "second_law_efficiency": float(model.second_law_efficiency),
        "entering_max_c": UNBOUNDED_C,
    }


def _by_curves(draft: Draft, model: EirChiller, condenser: int) -> dict[str, float]:
    """Return the fields of a water-cooled machine; adds its curves once for each model."""
    density, _ = draft.fluid_rates("water", CONDENSER_WATER_C, model.label)
    return {
        "condenser_circuit": condenser,
        "condenser_flow_rated_kg_per_s": float(model.condenser_flow_rated_m3_per_s) * density,
        "rated_cop": float(model.rated_cop),
        "capacity_curve": _curve(draft, f"{model.label} capacity", model.capacity_by_temperature),
        "input_curve": _curve(draft, f"{model.label} input", model.input_by_temperature),
        "load_curve": _curve(draft, f"{model.label} load", model.input_by_part_load),
        "leaving_low_c": model.leaving_range_c[0],
        "leaving_high_c": model.leaving_range_c[1],
        "entering_low_c": model.entering_range_c[0],
        "entering_high_c": model.entering_range_c[1],
        "part_load_min": model.part_load_range[0],
        "second_law_efficiency": 0.0,
        "entering_max_c": float(model.entering_max_c),
    }


def _curve(draft: Draft, name: str, curve: Curve) -> int:
    if name in draft.curves.names:
        return draft.curves.names.index(name)
    c = (*curve.coefficients, 0.0, 0.0, 0.0)
    return draft.curves.add(name, c0=c[0], c1=c[1], c2=c[2], c3=c[3], c4=c[4], c5=c[5])
