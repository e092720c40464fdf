"""`twin experiment migration`: a CDU cools hardly any more; work stays, stands or is moved."""

from collections.abc import Sequence

from controllers.experiment import Experiment, Outcome, Setting
from controllers.experiments.migration.play import (
    GONE,
    GUARD,
    KEEPERS,
    LENGTH_S,
    OURS,
    STUCK,
    Case,
    Run,
    play,
)
from controllers.experiments.migration.report import findings_of, notes_of, plots_of, tables
from site_models.compile import compile_site
from site_models.site import load_site

SEEDS, TRIED = (1, 2, 3, 4, 5), (11, 12)
"""Scored; looked at while fault, mix and settings were settled."""
SHORT_S = (600.0, 1800.0)
"""Faults that are over sooner."""
SHORT_AFTER_S, FEWER = 1200.0, 3
"""Looked at for so long after them; they, and the CDU lost, on so many of the seeds."""


def _run(setting: Setting) -> Outcome:
    setting.only("migration")
    site, plant = load_site("pilot"), compile_site("pilot")
    seeds = SEEDS[:2] if setting.quick else SEEDS

    def runs(
        keepers: Sequence[str], case: Case, seeds: Sequence[int] = seeds
    ) -> dict[str, list[Run]]:
        found: dict[str, list[Run]] = {name: [] for name in keepers}
        for seed in seeds:
            for name in keepers:
                found[name].append(play(site, plant, seed, KEEPERS[name], case))
                setting.told(f"seed {seed}, {name}: {found[name][-1].whole:.3f} of the work")
        return found

    stuck = runs(tuple(KEEPERS), Case(STUCK))
    gone = runs((GUARD, OURS), Case(GONE, after_s=0.0), seeds[:FEWER])
    lengths_s = SHORT_S[:1] if setting.quick else SHORT_S
    short = {
        length: runs((GUARD, OURS), Case(STUCK, length, SHORT_AFTER_S), seeds[:FEWER])
        for length in lengths_s
    }
    short[LENGTH_S] = stuck
    baseline, ours = tables(stuck, gone)
    return Outcome(
        "migration",
        baseline,
        ours,
        findings_of(stuck, gone),
        plots_of(stuck, short),
        notes_of(plant, stuck, gone, short, seeds, TRIED),
    )


EXPERIMENT = Experiment("A CDU cools hardly any more: work is held down, paused, or moved", _run)
