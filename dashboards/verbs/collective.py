"""`twin collective`: predicted times of collective operations, on a site or from names."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from dashboards.report import Json, Params, tell
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.plant import Plant
from twin.estimation.overlay import applied, read_overlay
from twin.fabric.collective import bus_factor, predict
from twin.fabric.collective_fit import Factors, Table, calibrate, calibrated, times
from twin.fabric.collective_site import site_times
from twin.fabric.collective_table import errors_of, group_keys, matching, read_table
from twin.fabric.names import Names, span_of_names
from twin.fabric.span import first_gpus, gpus_of, span_of
from twin.physics.collective import Span

_OP = typer.Option("--op", metavar="OP", help="all_reduce, all_gather, alltoall, ...")
_IDS = typer.Option("--ids", help="GPUs or nodes of the site, separated by commas.")
_TABLE = typer.Option("--table", metavar="FILE", help="CSV of collectives, one a row.")
_CALIBRATE = typer.Option(
    "--calibrate", metavar="GPU/K/N/TEXT", help="Fit the table's own rows of that system."
)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("collective")(collective)


def collective(
    op: Annotated[str | None, _OP] = None,
    size: Annotated[float | None, typer.Option("--bytes", help="Buffer of a rank.")] = None,
    site: Annotated[str | None, typer.Option("--site", help="Shipped site or path.")] = None,
    gpus: Annotated[int | None, typer.Option("--gpus", help="The first N of the site.")] = None,
    ids: Annotated[str | None, _IDS] = None,
    gpu: Annotated[str | None, typer.Option("--gpu", help="Model, such as B200.")] = None,
    gpus_per_node: Annotated[int, typer.Option("--gpus-per-node")] = 8,
    nodes: Annotated[int, typer.Option("--nodes")] = 1,
    interconnect: Annotated[str, typer.Option("--interconnect", metavar="TEXT")] = "",
    table: Annotated[Path | None, _TABLE] = None,
    calibrate: Annotated[str | None, _CALIBRATE] = None,
    params: Params = None,
    json: Json = False,
) -> None:
    """Say how long a collective operation takes, and how it would run."""
    if table is not None:
        tell(*_table(table, calibrate), json)
        return
    if op is None or size is None:
        raise InputError("collective: --op and --bytes, or --table, are expected")
    if (site is None) == (gpu is None):
        raise InputError("collective: expected either --site with --gpus or --ids, or --gpu")
    if site is None:
        span = span_of_names([Names(gpu or "", gpus_per_node, nodes, interconnect)])
        tell(*_one(op, size, span), json)
        return
    plant = compile_site(site)
    if params is not None:
        plant = applied(plant, read_overlay(params))
    tell(*_one(op, size, _on_site(plant, gpus, ids, op), plant), json)


def _on_site(plant: Plant, gpus: int | None, ids: str | None, op: str) -> Span:
    if (gpus is None) == (ids is None):
        raise InputError("collective: --site expects either --gpus or --ids")
    if ids is not None:
        chosen = gpus_of(plant, [name.strip() for name in ids.split(",") if name.strip()])
    else:
        chosen = first_gpus(plant, gpus or 0)
    if len(chosen) < 2:
        raise InputError(f"gpus: {len(chosen)}, expected 2 or more for {op}")
    return span_of(plant, chosen, op)


def _one(
    op: str, size: float, span: Span, plant: Plant | None = None
) -> tuple[dict[str, Any], list[str]]:
    found = predict(op, np.array([size]), span)
    time_s = float(found.time_s[0])
    if plant is not None:
        time_s = float(site_times(plant, op, np.array([size]), span)[0])
    algbw = size / time_s
    busbw = algbw * float(bus_factor(op, span.gpus)[0])
    content = {
        "time_s": time_s,
        "algbw_bytes_per_s": algbw,
        "busbw_bytes_per_s": busbw,
        "algorithm": found.algorithm[0],
        "protocol": found.protocol[0],
        "gpus": int(span.gpus[0]),
        "nvlink_domains": int(span.domains[0]),
    }
    line = (
        f"{op} of {size:g} bytes over {content['gpus']} GPUs in {content['nvlink_domains']} NVLink"
        f" domains: {time_s * 1e6:.1f} us, bus bandwidth {busbw / 1e9:.1f} GB/s,"
        f" {found.algorithm[0]} with {found.protocol[0]}"
    )
    return content, [line]


def _table(path: Path, wanted: str | None) -> tuple[dict[str, Any], list[str]]:
    table, rows = read_table(path)
    predicted = times(table)
    basis = ["names"] * len(table)
    if wanted is not None:
        chosen = matching(group_keys(rows), wanted)
        predicted = _calibrated(path, table, chosen, predicted)
        basis = ["calibrated" if own else "names" for own in chosen]
    errors = errors_of(predicted, table.time_s)
    median, p90 = (
        (float(np.median(errors)), float(np.percentile(errors, 90))) if len(errors) else (None,) * 2
    )
    content = {
        "rows": [
            {"time_s": float(time_s), "basis": how}
            for time_s, how in zip(predicted, basis, strict=True)
        ],
        "median_error": median,
        "p90_error": p90,
    }
    said = f"{len(table)} rows"
    if median is not None and p90 is not None:
        said += f", error {100 * median:.1f} % median, {100 * p90:.1f} % at the 90th percentile"
    return content, [said]


def _calibrated(path: Path, table: Table, chosen: Any, predicted: Floats) -> Floats:
    """Return the times with those of one system's rows fitted, operation by operation."""
    result = predicted.copy()
    kinds = dict.fromkeys(
        pair for pair, own in zip(zip(table.op, table.algorithm, strict=True), chosen, strict=True)
        if own
    )  # fmt: skip
    for kind in kinds:
        pairs = np.array([pair == kind for pair in zip(table.op, table.algorithm, strict=True)])
        own = chosen & pairs
        known = table.rows(own & (table.time_s > 0.0))
        if len(known) < 3:
            continue
        factors: Factors = calibrate(known)
        result[own] = calibrated(table.rows(own), factors)
    if np.array_equal(result, predicted):
        raise InputError(f"{path}: --calibrate: fewer than 3 measured rows of one operation")
    return result
