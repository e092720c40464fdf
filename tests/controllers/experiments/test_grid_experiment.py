"""The experiment's site, mix and ceiling: what is played before anybody answers."""

import numpy as np
import pytest

from controllers.experiments.demand_response import SCORED, SETTLED
from controllers.experiments.demand_response.case import Case, cases
from controllers.experiments.demand_response.ceiling import ceiling, given_shares, lowest_clock
from controllers.experiments.demand_response.mix import jobs_of
from controllers.jobs.team import first_team
from controllers.trials.pod_unit import unit
from twin.workload import workload

SITE, PLANT = unit()
AIR = (SITE.location.design_dry_bulb_c, SITE.location.design_wet_bulb_c)


def test_the_site_is_one_unit_of_the_pod() -> None:
    assert len(PLANT.gpu_names) == 256
    assert set(PLANT.gpu_model) == {"h100_sxm5_80"}
    assert len(PLANT.rack_names) == 9


@pytest.mark.parametrize("case", cases(3.0), ids=lambda case: case.name)
@pytest.mark.parametrize("seed", [*SETTLED, *SCORED])
def test_every_gpu_has_one_job_and_the_tiers_have_their_shares(case: Case, seed: int) -> None:
    jobs = jobs_of(PLANT, seed, case.tiers)
    assert sorted(name for job in jobs for name in job.gpus) == sorted(PLANT.gpu_names)
    shares = given_shares(jobs)
    for tier, share in case.tiers:
        assert shares.get(tier, 0.0) == pytest.approx(share, abs=3.0 / 256.0)


def test_a_seed_has_the_same_jobs_whatever_their_tiers() -> None:
    sets = [jobs_of(PLANT, 3, case.tiers) for case in cases(1.0)]
    places = [[(job.name, job.gpus, job.start_s) for job in jobs] for jobs in sets]
    assert places[0] == places[1] == places[2]


@pytest.mark.parametrize("name", ["pretraining", "finetuning", "decode"])
def test_the_lowest_clock_loses_what_the_tier_allows_and_no_more(name: str) -> None:
    team = first_team(workload(name), PLANT, np.arange(16))
    clock = lowest_clock(team, 0.25)
    full, slow = (team.units_per_s(team.pace(np.full(16, c))) for c in (1.0, clock))
    assert slow / full == pytest.approx(0.75, abs=1e-3)
    assert lowest_clock(team, 0.0) <= 1.0


def test_a_ceiling_lies_between_nothing_and_everything() -> None:
    equal, _, deep = cases(3.0)
    full_w, equal_w = ceiling(PLANT, AIR, jobs_of(PLANT, 1, equal.tiers))
    same_w, deep_w = ceiling(PLANT, AIR, jobs_of(PLANT, 1, deep.tiers))
    assert full_w == pytest.approx(same_w)
    assert 0.5 * full_w < deep_w < equal_w < full_w
