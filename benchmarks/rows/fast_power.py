"""How long a site's swing of five minutes at 10 ms takes."""

from collections.abc import Iterator

import numpy as np

from benchmarks.row import Row, best_s
from site_models.compile import compile_site
from twin.electrical.fast_power import fast_power
from twin.electrical.swings import Swing
from twin.start import first_state, rated_inputs


def rows(only: str = "") -> Iterator[Row]:
    """Measure 100 racks of the campus, 7,200 GPUs, each with an instant of its own."""
    if only in ("", "fast_power_100_racks"):
        plant = compile_site("campus-100k")
        state = first_state(plant, rated_inputs(plant, 30.0, 20.0), 0.0)
        swings = tuple(Swing(np.arange(720 * k, 720 * k + 720)) for k in range(10))
        fast_power(plant, state, swings, 1.0)
        took_s = best_s(lambda: fast_power(plant, state, swings, 300.0), 2)
        yield Row.at_most("fast_power_100_racks", took_s, "s", 10.0)
