"""The learning environment keeps Gymnasium's rules and the supervisor's limits."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from gymnasium.utils.env_checker import check_env

from controllers.learning.environment import PlantEnvironment
from controllers.learning.spec import load_spec
from site_models.errors import InputError

EDGE = {
    "scenario": {
        "site": "edge",
        "start": "2024-07-12T18:00:00Z",
        "duration_s": 60,
        "jobs": [{"name": "all", "racks": ["*"], "share": 0.8}],
    },
    "start_spread_s": 3600,
    "observe": ["hour", "dry_bulb_c", "site_power_w", "rack_gpu_temp_max_c", "circuit_supply_c"],
    "act": [
        {"kind": "gpu_cap", "per": "rack"},
        {"kind": "supply_setpoint", "per": "cdu"},
        {"kind": "flow_share", "per": "site"},
    ],
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> PlantEnvironment:
    """Return an environment on the smallest liquid-cooled site."""
    path = tmp_path_factory.mktemp("environment") / "edge.yaml"
    path.write_text(yaml.safe_dump(EDGE))
    return PlantEnvironment(str(path))


@pytest.mark.filterwarnings("ignore:.*render.*:UserWarning")
def test_the_checker_of_gymnasium_finds_nothing(small: PlantEnvironment) -> None:
    check_env(small, skip_render_check=True)


def test_the_same_seed_and_actions_give_the_same_episode(small: PlantEnvironment) -> None:
    def episode() -> list[float]:
        rewards, ended = [], False
        small.reset(seed=3)
        actions = np.random.default_rng(0).uniform(-1.0, 1.0, (9, *small.action_space.shape))
        for action in actions.astype(np.float32):
            if not ended:
                _, reward, gone, over, _ = small.step(action)
                rewards.append(reward)
                ended = gone or over
        return rewards

    first = episode()
    assert first == episode()
    assert len(first) == 6, "60 s in steps of 10 s"


def test_low_caps_save_energy_and_cost_work(small: PlantEnvironment) -> None:
    def run(value: float) -> tuple[float, float]:
        small.reset(seed=1)
        action = np.full(small.action_space.shape, value, np.float32)
        action[1:] = 0.0
        for _ in range(5):
            _, _, _, _, told = small.step(action)
        return told["energy_j"], float(small.work)

    free_j, free_work = run(1.0)
    held_j, held_work = run(-1.0)
    assert held_j < 0.7 * free_j
    assert held_work < 0.8 * free_work


def test_no_action_moves_a_cap_faster_than_the_supervisor_may(small: PlantEnvironment) -> None:
    small.reset(seed=1)
    before_w = small.order.gpu_cap_w
    small.step(np.full(small.action_space.shape, -1.0, np.float32))
    fall_w = (before_w - small.order.gpu_cap_w).max()
    assert 0.0 < fall_w <= small.rules.fall_w_per_s * small.spec_file.step_s


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"observe": ["mood"]}, "observe.0"),
        ({"act": [{"kind": "gpu_cap", "per": "cdu"}]}, "gpu_cap per cdu"),
        ({"step_s": 0}, "step_s"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(yaml.safe_dump(EDGE | change))
    with pytest.raises(InputError, match=said):
        PlantEnvironment(str(path))


def test_an_unknown_environment_is_named() -> None:
    with pytest.raises(InputError, match="pilot"):
        load_spec("nowhere")
