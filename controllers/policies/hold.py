"""Do nothing: every GPU keeps its device's own power limit."""

from dataclasses import dataclass

from controllers.policy import Decision, View
from site_models.plant import Plant


@dataclass(frozen=True, slots=True)
class Hold:
    """The baseline that other policies are judged against."""

    def start(self, plant: Plant) -> tuple[()]:
        """Return nothing to remember."""
        return ()

    def decide(self, view: View, memory: tuple[()]) -> tuple[Decision, tuple[()]]:
        """Return the device defaults."""
        cap_w = view.plant.arrays.gpus.power_max_w.copy()
        return Decision(cap_w, "device defaults held"), memory


POLICY = Hold
