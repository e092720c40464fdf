"""How fast an agent learns: control steps of ten seconds on the pilot."""

from collections.abc import Iterator

from benchmarks.row import Row, best_s
from controllers.learning.environment import PlantEnvironment

STEPS = 100
LIMIT = 300.0


def rows(only: str = "") -> Iterator[Row]:
    """Yield the steps per second of the shipped environment, random actions held for ten."""
    environment = PlantEnvironment("pilot")
    environment.action_space.seed(1)
    environment.reset(seed=1)

    def episode_part() -> None:
        action = environment.action_space.sample()
        for step in range(STEPS):
            if step % 10 == 0:
                action = environment.action_space.sample()
            _, _, gone, over, _ = environment.step(action)
            if gone or over:
                environment.reset()

    yield Row.at_least("learning_step", STEPS / best_s(episode_part), "steps/s", LIMIT)
