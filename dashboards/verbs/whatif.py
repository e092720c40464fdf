"""`twin whatif`: events on a simulated plant, and what followed."""

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from controllers.accounts.charges import read_charges
from controllers.played import played
from controllers.scenario import load_scenario, ready_scenarios, scenario_path, site_name
from controllers.tail import onset_of
from controllers.wish import SCENARIO, Wish
from controllers.worlds import open_world
from dashboards.account_lines import Carbon, Price, account_lines
from dashboards.report import SITE_HELP, Catalogs, Json, Out, Params, complain, tell
from site_models.errors import InputError

FILE = "whatif.json"
BALANCE_LIMIT = 1e-6
"""Energy unaccounted for in any step, over the energy in, above which a run fails."""

LEAST_RISE_K = 0.1
"""Smaller ones are not told to people."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("whatif")(whatif)


def whatif(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO", help=f"YAML file, or one of: {', '.join(ready_scenarios())}."
        ),
    ],
    out: Out,
    site: Annotated[
        str | None,
        typer.Option("--site", metavar="SITE", help=f"{SITE_HELP} The scenario's if not given."),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="REC",
            help="Begin with what the twin believes at the end of a recording, or pilot-demo.",
        ),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            "--policy",
            metavar="POLICY[=MODE]",
            help="Mode off, shadow, advise or armed (default). May be repeated.",
        ),
    ] = None,
    dt: Annotated[float, typer.Option("--dt", metavar="SECONDS", help="Time step.")] = 1.0,
    jobs: Annotated[
        Path | None,
        typer.Option(
            "--jobs", metavar="REC", help="Play the jobs of an imported list (sacct, CSV) too."
        ),
    ] = None,
    params: Params = None,
    price: Price = None,
    carbon: Carbon = None,
    catalog: Catalogs = None,
    json: Json = False,
) -> None:
    """Play a scenario on a simulated plant: pumps trip, feeds fail, sensors lie.

    GPUs turn off at their shutdown temperature; before that they do not slow themselves down.
    """
    if not 0.0 < dt < math.inf:
        raise InputError(f"--dt: expected a number above 0, got {dt:g}")
    path = scenario_path(scenario)
    named = tuple(p if "=" in p else f"{p}=armed" for p in policy or ("hold",))
    scene = load_scenario(path)
    if site is None:
        site_name(scene, path)
    wish = Wish(
        site=site or scene.site,
        spec=f"{SCENARIO}{scenario}",
        policies=named,
        dt_s=dt,
        catalogs=tuple(catalog or ()),
        params=params,
        job_list=jobs,
    )
    if from_ is not None:
        wish = replace(wish, onset=onset_of(from_, scene.recording_time, wish))
    world = open_world(wish)
    charges = read_charges(price, carbon, world.loop.progress.state.time_s)
    content = played(world, out, f"scenario {path.name}", charges, wish.onset)
    _write(out / FILE, content)
    tell(content, _lines(content, out), json)
    if content["stopped"] is not None:
        complain(f"{content['stopped']}; what was computed is in {out}")
        raise typer.Exit(1)
    if not content["kpi"]["balance_error"] <= BALANCE_LIMIT:
        raise typer.Exit(1)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
    os.replace(beside, path)


def _lines(content: Mapping[str, Any], out: Path) -> list[str]:
    lines, onset = [], content["onset"]
    if onset is not None:
        inferred = f", {onset['gpus_inferred']} of {onset['gpus']} loads inferred"
        lines.append(f"from {onset['from']} at {onset['time']}{inferred}")
    for event in content["events"]:
        lines.append(f"at {event['at_s']:g} s: {event['kind']} {event['target']}")
        crossed = event["first_limit"]
        if crossed is None:
            lines.append("  no limit crossed after it")
        else:
            scale, unit = (1e-3, "kW") if crossed["unit"] == "W" else (1.0, crossed["unit"])
            lines.append(
                f"  after {crossed['after_s']:.0f} s {crossed['id']} over {crossed['limit']}:"
                f" {crossed['value'] * scale:.1f} {unit} of {crossed['allowed'] * scale:.1f}"
            )
        lines += [
            f"  {rise['id']} warmer by {rise['rise_k']:.1f} K after {rise['after_s']:.0f} s"
            for rise in (event["gpu_rise"], event["supply_rise"])
            if rise["rise_k"] >= LEAST_RISE_K
        ]
        if event["gpus_dark"]:
            lines.append(f"  {event['gpus_dark']} GPUs without power")
        if event["first_shutdown"]:
            first = event["first_shutdown"]
            lines.append(f"  {first['id']} shut itself down after {first['after_s']:.0f} s")
    kpi = content["kpi"]
    if kpi["gpus_shut_down"]:
        lines.append(f"{kpi['gpus_shut_down']} GPUs shut themselves down")
    if kpi["gpu_temp_max_c"] is not None:
        lines.append(
            f"hottest GPU {kpi['gpu_temp_max_id']} {kpi['gpu_temp_max_c']:.1f} C"
            f" at {kpi['gpu_temp_max_at_s']:.0f} s"
        )
    lines += [
        f"energy {kpi['energy_j'] / 3.6e6:.2f} kWh at the meters,"
        f" {kpi['it_energy_j'] / 3.6e6:.2f} kWh into the racks,"
        f" {kpi['water_kg']:.1f} kg of water",
        f"energy balance closes to {kpi['balance_error']:.1e}",
        f"digest {content['digest']}",
        f"recorded in {out}",
    ]
    return lines + account_lines(content["account"])
