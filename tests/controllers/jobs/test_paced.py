"""The pace and power of a team that are kept."""

import numpy as np

from controllers.jobs.paced import Paced
from controllers.jobs.team import first_team
from site_models.compile import compile_site
from twin.workload import workload

PLANT = compile_site("hgx-h100")
GPUS = np.arange(8)


def test_what_is_kept_is_what_the_team_answers_at_every_clock() -> None:
    team, paced = first_team(workload("finetuning"), PLANT, GPUS), Paced()
    for level in (1.0, 1.0, 0.7, 0.7, 1.0):
        clock = np.full(len(GPUS), level)
        for limit in (clock, 0.9 * clock):
            at = paced.pace(team, clock)
            np.testing.assert_array_equal(at.step_s, team.pace(clock).step_s)
            np.testing.assert_array_equal(
                paced.power_w(PLANT, team, at, limit), team.power_w(PLANT, at, limit)
            )


def test_another_team_is_not_answered_for_with_the_last_one() -> None:
    paced, clock = Paced(), np.ones(len(GPUS))
    first, second = (first_team(workload(name), PLANT, GPUS) for name in ("finetuning", "decode"))
    assert paced.pace(first, clock).step_s[0] != paced.pace(second, clock).step_s[0]


def test_the_same_question_is_not_worked_out_twice() -> None:
    team, paced = first_team(workload("decode"), PLANT, GPUS), Paced()
    clock = np.ones(len(GPUS))
    assert paced.pace(team, clock) is paced.pace(team, clock.copy())


def test_a_team_that_stands_makes_nothing() -> None:
    team, paced = first_team(workload("finetuning"), PLANT, GPUS), Paced()
    assert paced.rates(team, paced.pace(team, np.zeros(len(GPUS)))) == (0.0, 0.0, False)
