"""Write the profiles fitted to wall-power traces: `python -m benchmarks.fit_wall_profiles`."""

import re
from collections import defaultdict
from typing import Any

import numpy as np

from benchmarks.wall_traces import (
    CYCLE_S,
    Trace,
    fitted,
    h200,
    immersed_h100,
    inference_runs,
    raw_profile,
    training_runs,
)
from site_models.catalog import SHIPPED

HEAD = """# Power of {what}, as its server drew it at the wall: fitted.
# Three phases a minute: lowest tenth, middle and highest tenth of the loaded window by power.
"""
GPUS = 8


def main() -> None:
    """Write one file for each training benchmark, and for each inference run of the H200 server."""
    groups = defaultdict(list)
    for trace in training_runs():
        groups[trace.benchmark].append(trace)
    for benchmark, traces in groups.items():
        note = f"{len(traces)} distinct runs"
        raw = raw_profile(
            fitted(traces, immersed_h100()), label(benchmark, "training"), "SMCH100", note
        )
        raw["work"] = "finetuning" if "lora" in benchmark else "pretraining"
        _write(f"mlperf_training_{benchmark}", raw, f"MLPerf Training v4.0 {benchmark}")
    for trace in inference_runs("H200 SXM"):
        raw = raw_profile(
            fitted([trace], h200()), label(trace.benchmark, "inference"), "MLPERFH200", "one run"
        )
        raw["unit"], rate = throughput(trace)
        raw["together"] = "gpu"
        raw["units_per_step"]["value"] = float(f"{rate / GPUS * CYCLE_S:.6g}")
        raw["units_per_step"]["note"] = f"{rate:g} a second of eight GPUs"
        _write(file_name(trace.benchmark), raw, f"MLPerf Inference v4.1 {trace.benchmark}")


def label(benchmark: str, kind: str) -> str:
    """Return what a profile is called in text."""
    return f"MLPerf {kind}, {benchmark}, power fitted at the wall"


def file_name(benchmark: str) -> str:
    """Return the catalog name of an inference benchmark with its scenario.

    >>> file_name("llama2-70b-99.9 Server")
    'mlperf_llama2_70b_99_9_server'
    """
    return "mlperf_" + re.sub(r"[^a-z0-9]+", "_", benchmark.lower())


def throughput(trace: Trace) -> tuple[str, float]:
    """Return the unit that a run counted and how many it made a second."""
    text = trace.path.with_name("mlperf_log_summary.txt").read_text(encoding="utf-8")
    for unit in ("token", "sample"):
        found = re.search(rf"^(?:Completed )?{unit}s per second *: *(\S+)", text, re.M | re.I)
        if found:
            return unit, float(found[1])
    raise ValueError(f"{trace.path}: no throughput beside it")


def _write(name: str, raw: dict[str, Any], what: str) -> None:
    lines = [HEAD.format(what=what).rstrip()]
    for key, value in raw.items():
        if key == "phases":
            lines.append("phases:")
            for phase in value:
                lines += [
                    ("  - " if n == 0 else "    ") + _line(*item)
                    for n, item in enumerate(phase.items())
                ]
        else:
            lines.append(_line(key, value))
    path = SHIPPED / "workload" / f"{name}.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _line(key: str, value: object) -> str:
    if not isinstance(value, dict):
        return f"{key}: {value}"
    figure = dict(value)
    if key in ("core_share", "wait_power_share", "sm_active"):
        figure |= {"basis": "estimated", "source": "E", "note": "not seen in wall power"}
    if key in ("fixed_s", "compute_s"):
        figure["note"] = "a share of a minute; the order of the samples is not kept"
    if key == "units_per_step" and figure["value"] == 0.0:
        figure["note"] = "the power logs state no throughput"
    parts = [f"value: {np.round(figure['value'], 6):.10g}"]
    parts += [
        f"{name}: {figure[name]}" for name in ("unit", "basis", "source", "date") if figure[name]
    ]
    return f'{key}: {{{", ".join(parts)}, note: "{figure["note"]}"}}'


if __name__ == "__main__":
    main()
