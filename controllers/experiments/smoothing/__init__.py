"""`twin experiment smoothing`: a synchronous training site within a grid's specification."""

from controllers.experiment import Experiment, Outcome, Setting
from controllers.experiments.smoothing.boards import boards
from controllers.experiments.smoothing.courses import WAYS, Ran, course, gb300_site, site_swing_j
from controllers.experiments.smoothing.report import (
    gpu_figures,
    gpu_findings,
    notes,
    plots,
    site_findings,
)
from controllers.experiments.smoothing.seen import Seen, as_seen, means
from twin.electrical.grid_quality import load_grid

SEEDS = (1, 2, 3, 4, 5)
SECONDS, QUICK_S = 3600.0, 1800.0


def _run(setting: Setting) -> Outcome:
    setting.only("smoothing")
    plant, grid = gb300_site(), load_grid("large_load")
    seconds = QUICK_S if setting.quick else SECONDS
    seen: dict[str, list[Seen]] = {way.name: [] for way in WAYS}
    first: dict[str, Ran] = {}
    for seed in SEEDS:
        nothing: Ran | None = None
        for way in WAYS:
            ran = course(plant, way, seconds, seed)
            nothing = nothing or ran
            seen[way.name].append(as_seen(ran, nothing, grid))
            first.setdefault(way.name, ran)
        setting.told(f"seed {seed}")
    gpu = boards(SEEDS)
    ours, need_j = WAYS[-1].name, site_swing_j(plant)
    return Outcome(
        "smoothing",
        {name: means(rows) for name, rows in seen.items() if name != ours},
        {ours: means(seen[ours]), "gpu": {**gpu_figures(gpu), "swing_2s_j_at_site": need_j}},
        (*site_findings(seen[ours], grid), *gpu_findings(gpu)),
        plots(first),
        notes(seen, gpu, grid, seconds, need_j),
    )


EXPERIMENT = Experiment(
    "Swings of a training site by staggering, ramps, floors and storage, at 10 ms", _run
)
