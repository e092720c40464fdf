"""How long an advice takes."""

from collections.abc import Iterator

from benchmarks.row import Row, best_s
from controllers.allocations import Allocations
from controllers.placement.models import read_request
from controllers.placement.rank import rank
from site_models.compile import compile_site
from twin.start import idle_inputs
from twin.steady import steady


def rows(only: str = "") -> Iterator[Row]:
    """Measure sixteen GPUs asked of an idle pilot."""
    if only not in ("", "pilot_advice"):
        return
    plant = compile_site("pilot")
    inputs = idle_inputs(plant, 30.0, 22.0)
    state = steady(plant, inputs)
    request = read_request({"job": "j", "gpus": 16, "duration_s": 3600.0, "limit": 5})
    allocations = Allocations(plant)
    duration_s = best_s(lambda: rank(plant, state, inputs, allocations, request, 0.0), 20)
    yield Row.at_most("pilot_advice", duration_s * 1e3, "ms", 10.0)
