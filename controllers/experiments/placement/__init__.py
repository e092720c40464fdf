"""The same jobs under four ways to place them, on a site with the flaws that sites have."""

from collections.abc import Sequence

from controllers.experiment import Experiment, Outcome, Setting
from controllers.experiments.placement.choosers import (
    Chooser,
    at_random,
    first_fit,
    packed,
    steered,
)
from controllers.experiments.placement.findings import FIRST, Weeks, outcome
from controllers.experiments.placement.protocol import OURS, Asides
from controllers.experiments.placement.stream import SIZES, stream
from controllers.experiments.placement.wear import heat_wave, without_trim, worn
from controllers.experiments.placement.week import run_week
from controllers.outdoors import outdoors_of
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.plant import Plant
from site_models.site import load_site
from twin.inputs import Outdoors

DAY_S = 86_400.0
START_S = 1_720_396_800.0
"""Monday 2024-07-08 00:00 UTC."""
DAY_START_S = START_S + 2.0 * DAY_S
"""The Wednesday of the hot days: the settings were chosen on the Monday."""
SEED, SEEDS = 20, (21, 22, 23, 24, 25)
LOAD, CROWDED = 0.6, 0.8
"""Of the GPU time of each model: queues now and then; and more than can be packed at times."""


def run(setting: Setting) -> Outcome:
    """Return what four ways to place the same jobs come to: a usual week, and hot days."""
    setting.only("placement", "site")
    name = setting.site or "pilot"
    built = compile_site(name)
    capacity = {model: built.gpu_model.count(model) for model in sorted(set(built.gpu_model))}
    if not capacity or min(capacity.values()) < max(SIZES):
        raise InputError(
            f"site {name!r}: expected at least {max(SIZES)} GPUs of each model, has {capacity}"
        )
    air = outdoors_of(load_site(name).location)
    hot, plant = heat_wave(air), worn(built)
    lacking, clean = without_trim(plant), without_trim(built)
    days, seeds = (1.0, SEEDS[:2]) if setting.quick else (7.0, SEEDS)

    def played(
        what: str,
        site: Plant,
        air: Outdoors,
        seed: int,
        days: float = 1.0,
        only: Sequence[str] = (),
        load: float = LOAD,
    ) -> Weeks:
        jobs = stream(seed, days * DAY_S, capacity, load)
        at_s = START_S if air is not hot else DAY_START_S
        found = {}
        for rule, choose in _choosers(site, air, seed, at_s).items():
            if only and rule not in only:
                continue
            setting.told(f"placement: {what}, {rule}")
            found[rule] = run_week(site, jobs, choose, air, at_s, days * DAY_S)
        return found

    two = (FIRST, OURS)
    return outcome(
        played("usual weather", plant, air, SEED, days),
        {seed: played(f"hot day of seed {seed}", lacking, hot, seed) for seed in seeds},
        Asides(
            unworn=played("hot day without wear", clean, hot, seeds[0], only=two),
            crowded=played("crowded hot day", lacking, hot, seeds[0], only=two, load=CROWDED),
            load=LOAD, crowded_load=CROWDED, days=days,
        ),
    )  # fmt: skip


def _choosers(plant: Plant, outdoors: Outdoors, seed: int, start_s: float) -> dict[str, Chooser]:
    return {
        FIRST: first_fit(plant),
        "random": at_random(plant, seed),
        "topology only": packed(plant),
        OURS: steered(plant, outdoors, start_s),
    }


EXPERIMENT = Experiment(
    "Placement of a stream of jobs: ours against the rules that schedulers have", run
)
