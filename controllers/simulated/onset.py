"""Where a what-if begins that does not begin at rest: a believed state and what drove it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from controllers.scenario import Scenario
from twin.state import INFERRED, Inputs, State


@dataclass(frozen=True, slots=True, eq=False)
class Onset:
    """A believed state with its inputs, and what a report says of them."""

    state: State
    inputs: Inputs
    told: str
    """Where they come from: a recording's end, the live site."""

    def air(self, time_s: float) -> tuple[float, float]:
        """Return the outdoor air of the onset, which is held: dry bulb and wet bulb [C]."""
        return self.inputs.dry_bulb_c, self.inputs.wet_bulb_c

    def scenario(self, scenario: Scenario) -> Scenario:
        """Return a scenario moved to the onset's time; its own start is not used."""
        start = datetime.fromtimestamp(self.state.time_s, UTC)
        return scenario.model_copy(update={"start": start})

    def as_json(self) -> dict[str, object]:
        """Return plain numbers: whence, when, and how many loads rest on a shared meter."""
        return {
            "from": self.told,
            "time_s": self.state.time_s,
            "time": datetime.fromtimestamp(self.state.time_s, UTC).isoformat(),
            "gpus": len(self.inputs.gpu_power_w),
            "gpus_inferred": int((self.inputs.gpu_power_basis == INFERRED).sum()),
        }
