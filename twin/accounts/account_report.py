"""An account as an engineer reads it: every figure with its unit and its boundary."""

from typing import NamedTuple

from twin.accounts.account import Account

J_PER_KWH = 3.6e6


class Line(NamedTuple):
    """One figure of a report."""

    name: str
    value: float
    unit: str
    boundary: str
    """What is counted, over what; after ISO/IEC 30134."""


def report(account: Account) -> tuple[Line, ...]:
    """Return the lines of an account over `account.start_s` to `account.end_s`.

    Ratios are those of this interval: ISO/IEC 30134 wants a year for what is published
    under its names. A litre of water is taken as a kilogram. NaN: not known.
    """
    return energies(account) + ratios(account) + amounts(account)


def energies(account: Account) -> tuple[Line, ...]:
    """Return the energy at every meter boundary, from the outside in."""
    rows = (
        ("site energy", account.site_j, "site: utility meters"),
        ("cooling energy", account.cooling_j, "pumps, fans and chillers outside the racks"),
        ("chain losses", account.loss_j, "utility meters to racks, pumps, fans, chillers"),
        ("IT energy", account.rack_j, "rack: rack inlets"),
        ("node energy", account.node_j, "node: node inlets, modelled nodes only"),
        ("compute energy", account.compute_j, "behind the nodes' supplies, without fans"),
        ("GPU energy", account.gpu_j, "gpu: boards with their regulators"),
        ("reused heat", account.reused_j, "handed over outside the site"),
    )
    return tuple(Line(name, energy_j / J_PER_KWH, "kWh", where) for name, energy_j, where in rows)


def ratios(account: Account) -> tuple[Line, ...]:
    """Return PUE and its relatives."""
    return (
        Line("PUE", account.pue, "", "site over rack (category 3)"),
        Line("pPUE cooling", account.ppue_cooling, "", "rack and cooling over rack"),
        Line("pPUE power", account.ppue_power, "", "rack and chain losses over rack"),
        Line("WUE", account.wue_kg_per_j * J_PER_KWH, "L/kWh", "make-up water over rack"),
        Line("CUE", account.cue_kg_per_j * J_PER_KWH, "kg/kWh", "CO2e of site over rack"),
        Line("ERE", account.ere, "", "site less reused over rack"),
        Line("ERF", account.erf, "", "reused over site"),
        Line("ITUE", account.itue, "", "rack over compute"),
        Line("TUE", account.tue, "", "ITUE times PUE: site over compute"),
    )


def amounts(account: Account) -> tuple[Line, ...]:
    """Return water, money and carbon, and the time that was accounted for."""
    return (
        Line("make-up water", account.water_kg, "L", "site: evaporation, drift, blowdown"),
        Line("evaporation", account.evaporated_kg, "L", "site"),
        Line("drift", account.drift_kg, "L", "site"),
        Line("blowdown", account.blowdown_kg, "L", "site"),
        Line("cost", account.cost_usd, "USD", "site energy at the price of each hour"),
        Line("emissions", account.emissions_kg, "kg", "CO2e of site energy, each hour's grid"),
        Line("accounted", account.accounted_s, "s", "time stepped within the interval"),
    )
