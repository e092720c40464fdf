"""The power chain: losses against a load flow and by hand, its memory in the step."""

import importlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.evidence import Evidence
from benchmarks.power_in_step import in_the_step
from benchmarks.radial_tree import our_losses_w, their_losses_w
from site_models.catalog import open_catalog
from site_models.kinds.rack import Rack
from site_models.kinds.stage import Stage
from twin.physics.converters import converter_input_w, converter_output_w

SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)
POWER_FACTORS = (1.0, 0.99, 0.95)
BY_HAND_W = {
    ("unit_transformer_2500kva", 2.5e6, 1.25e6): 2950.0 + 2950.0,
    ("unit_transformer_2500kva", 2.5e6, 2.5e6): 2950.0 + 11800.0,
    ("ups_double_conversion", 1.8e6, 0.9e6): 11700.0 + 4950.0 + 6075.0,
    ("ups_double_conversion", 1.8e6, 1.8e6): 11700.0 + 9900.0 + 24300.0,
    ("gb200_nvl72", 264e3, 132e3): 1716.0 + 132.0 + 1650.0,
    ("gb200_nvl72", 264e3, 264e3): 1716.0 + 264.0 + 6600.0,
}
"""Stage, rating [W] and output [W]: loss [W], a P_r + b P_out + c P_out^2 / P_r on paper."""


def rows() -> Iterator[Evidence]:
    """Yield the rows of this subject."""
    yield from against_load_flow()
    yield from stages_by_hand()
    yield from in_the_step()


def against_load_flow() -> Iterator[Evidence]:
    """Yield the radial tree, one row a power factor, the worst of five loads."""
    try:
        pp = importlib.import_module("pandapower")
    except ImportError:
        yield Evidence.skipped("Losses of a radial tree", "pandapower", "pandapower not installed")
        return
    for power_factor in POWER_FACTORS:
        errors, constant, branch = [], [], []
        for share in SHARES:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs_w, total_w = their_losses_w(pp, share, power_factor)
                full_w, full_total_w = their_losses_w(pp, 1.0, power_factor)
            ours_w, _ = our_losses_w(pp, share, power_factor)
            errors.append(abs(ours_w.sum() - theirs_w.sum()) / total_w)
            constant.append(abs(full_w.sum() / full_total_w - theirs_w.sum() / total_w))
            branch.append(float(np.max(np.abs(ours_w - theirs_w))) / total_w)
        yield Evidence.at_most(
            f"Losses of a tree of 10 branches, 10 to 100 % load, power factor {power_factor:g}",
            f"pandapower {pp.__version__}, its standard types, a and c from pfe, vkr and R",
            100.0 * max(errors),
            0.1,
            "% of the power taken in",
            f"one efficiency for all loads: {100.0 * max(constant):.2f} %; worst branch of ours"
            f" {100.0 * max(branch):.3f} %",
            "the stages know no voltage: drops along the tree raise the currents",
        )


def stages_by_hand() -> Iterator[Evidence]:
    """Yield each stage of the catalog against its three losses on paper."""
    for (name, rating_w, output_w), by_hand_w in BY_HAND_W.items():
        part = stage(name)
        losses = (float(part.loss_fixed), float(part.loss_linear), float(part.loss_square))
        input_w = converter_input_w(output_w, rating_w, *losses)
        back_w = converter_output_w(input_w, rating_w, *losses)
        error = abs(input_w - (output_w + by_hand_w)) / (output_w + by_hand_w)
        yield Evidence.at_most(
            f"{name} at {output_w / rating_w:.0%} of {rating_w / 1e3:g} kW:"
            f" {by_hand_w:g} W lost, and back",
            "the three losses by hand from the catalog's figures",
            max(error, abs(back_w - output_w) / output_w),
            1e-9,
            "",
            f"one efficiency of 97.5 %: {abs(output_w / 0.975 - output_w - by_hand_w):.0f} W off",
        )


def stage(name: str) -> Any:
    """Return what has the loss figures of a stage or of a rack's power shelf."""
    catalog = open_catalog()
    if name == "gb200_nvl72":
        return catalog.get(Rack, name).shelf
    return catalog.get(Stage, name)
