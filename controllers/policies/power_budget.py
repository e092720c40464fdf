"""Keep every stage of the power chain within its rating by sharing power caps."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from controllers.policy import Decision, View
from controllers.power_tree import PowerTree, power_tree
from controllers.water_fill import fill_level
from site_models.arrays import Floats
from site_models.plant import Plant

AT_CAP = 0.97
"""A GPU that draws this share of its cap would draw more if it might."""


class Wanted(NamedTuple):
    """What the budget remembers for each GPU [W]."""

    want_w: Floats
    cap_w: Floats


class Fill(NamedTuple):
    """One pass of water: the level each rack reached, and the stages that stopped it."""

    level: Floats
    """Shape (racks,), 0..1"""
    full: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PowerBudget:
    """Cap GPUs so that no stage can pass its limit, whatever its GPUs then draw.

    The caps themselves sum to no more than each stage carries, losses included, so the limit
    holds even if every GPU rises to its cap at once. Two passes of water over the tree, from
    the deepest stages to the utility: first every rack from its lowest caps towards what its
    GPUs want, in equal proportion; then what is left towards the device limits. A GPU wants
    its device limit when it is held by its cap, else its recent peak and some slack, so
    power follows the work and comes back when work returns.

    What pumps, fans and chillers draw is taken as now; the margins are for their rise.

    Within a rack and a pass, power is bounded by the chord between the pass's ends: losses
    are convex, so the bound is on the safe side (under 0.3 % of a rating). On a tree the
    shares are max-min fair and exact; where a rack hangs on two stages, the lower level of
    both counts, which is safe and may leave some power unused.

    Checked in ``tests/controllers/test_power_budget.py``: with every GPU at its cap no stage
    passes its limit on random trees, and the level equals a linear program's.
    """

    margin: float = field(
        default=0.95,
        metadata={
            "doc": "Share of a rating to use",
            "unit": "",
            "minimum": 0.1,
            "maximum": 1.0,
        },
    )
    site_limit_w: float | None = field(
        default=None,
        metadata={
            "doc": "Limit at the utility meters together",
            "unit": "W",
            "minimum": 0.0,
        },
    )
    site_margin: float = field(
        default=0.99,
        metadata={
            "doc": "Share of the site limit to use",
            "unit": "",
            "minimum": 0.1,
            "maximum": 1.0,
        },
    )
    slack: float = field(
        default=0.1,
        metadata={"doc": "Room above a GPU's recent peak, of its range", "unit": "",
                  "minimum": 0.0, "maximum": 1.0},
    )  # fmt: skip
    forget_s: float = field(
        default=60.0,
        metadata={"doc": "Time to forget a peak", "unit": "s", "minimum": 1.0},
    )

    def start(self, plant: Plant) -> Wanted:
        """Return the wish for everything, uncapped."""
        most_w = plant.arrays.gpus.power_max_w
        return Wanted(most_w.copy(), most_w.copy())

    def decide(self, view: View, memory: Wanted) -> tuple[Decision, Wanted]:
        """Return the caps for this instant."""
        gpus = view.plant.arrays.gpus
        tree = power_tree(view.plant)
        want_w = self._wants(view, memory)
        low_w, most_w = gpus.power_min_w, gpus.power_max_w
        racks = view.plant.arrays.nodes.rack[gpus.node]
        first = self._pour(tree, view, low_w, want_w)
        cap_w = low_w + first.level[racks] * (want_w - low_w)
        second = self._pour(tree, view, cap_w, most_w)
        cap_w = cap_w + second.level[racks] * (most_w - cap_w)
        cap_w = np.clip(cap_w, low_w, most_w)
        return Decision(cap_w, _reason(view.plant, cap_w, first, second)), Wanted(want_w, cap_w)

    def _wants(self, view: View, memory: Wanted) -> Floats:
        gpus, power_w = view.plant.arrays.gpus, view.state.gpu_power_w
        span_w = gpus.power_max_w - gpus.power_min_w
        recent_w = np.clip(power_w + self.slack * span_w, gpus.power_min_w, gpus.power_max_w)
        fade = np.exp(-view.dt_s / self.forget_s)
        kept_w = recent_w + fade * np.maximum(memory.want_w - recent_w, 0.0)
        return np.where(power_w >= AT_CAP * memory.cap_w, gpus.power_max_w, kept_w)

    def _pour(self, tree: PowerTree, view: View, low_w: Floats, high_w: Floats) -> Fill:
        """Return the share of the way from low to high caps that each rack may go."""
        feeds, racks = view.plant.arrays.feeds, view.plant.arrays.racks
        rack_low_w = _rack_power_w(tree, view, low_w)
        rack_gain_w = np.maximum(_rack_power_w(tree, view, high_w) - rack_low_w, 0.0)
        out_w, in_w = tree.feed_powers_w(rack_low_w, tree.other_w(view.state))
        most_out_w = tree.stage_output_w(self._limit_w(tree))
        with np.errstate(divide="ignore", invalid="ignore"):
            own = np.clip((racks.rating_w * self.margin - rack_low_w) / rack_gain_w, 0.0, 1.0)
        level = np.where(rack_gain_w > 0.0, own, 1.0)
        gain_w = tree.share * rack_gain_w[tree.rack]
        full: list[int] = []
        for carrier in reversed(tree.ancestors):
            reached = fill_level(carrier, gain_w, level[tree.rack], most_out_w - out_w)
            carried = np.flatnonzero(carrier >= 0)
            feed = carrier[carried]
            full.extend(int(f) for f in np.unique(feed) if reached[f] < 1.0)
            np.minimum.at(level, tree.rack[carried], reached[feed])
            taken_w = gain_w * level[tree.rack]
            rise_w = sum_by(feed, taken_w[carried], len(feeds.parent))
            after_w = tree.stage_input_w(out_w + rise_w)
            with np.errstate(divide="ignore", invalid="ignore"):
                chord = np.where(rise_w > 0.0, (after_w - in_w) / rise_w, 1.0)
            gain_w = gain_w.copy()
            gain_w[carried] *= chord[feed]
        return Fill(level, tuple(full))

    def _limit_w(self, tree: PowerTree) -> Floats:
        feeds = tree.plant.arrays.feeds
        limit_w = feeds.rating_w * self.margin
        if self.site_limit_w is not None:
            root = feeds.parent < 0
            whole_w = float(feeds.rating_w[root].sum())
            share_w = self.site_limit_w * self.site_margin * feeds.rating_w / max(whole_w, 1.0)
            limit_w = np.where(root, np.minimum(limit_w, share_w), limit_w)
        return limit_w


def _rack_power_w(tree: PowerTree, view: View, gpu_w: Floats) -> Floats:
    """Return what every rack would draw with its GPUs at these powers [W].

    What a node draws beside its GPUs stays as believed now.
    """
    plant, state = tree.plant, view.state
    nodes, racks = plant.arrays.nodes, plant.arrays.racks
    change_w = sum_by(plant.arrays.gpus.node, gpu_w - state.gpu_power_w, len(plant.node_names))
    dc_w = np.maximum(state.node_dc_power_w + (1.0 + nodes.load_power_per_gpu_w) * change_w, 0.0)
    inside_w = sum_by(nodes.rack, tree.node_power_w(dc_w), len(plant.rack_names))
    return np.where(racks.lumped, state.rack_power_w, tree.rack_power_w(inside_w))


def _reason(plant: Plant, cap_w: Floats, first: Fill, second: Fill) -> str:
    below = cap_w < plant.arrays.gpus.power_max_w
    capped = int(np.count_nonzero(below))
    if not capped:
        return "every stage within its limit, no cap"
    full = sorted(set(first.full) | set(second.full))
    names = ", ".join(plant.feed_names[f] for f in full[:3]) or "rack ratings"
    more = f" and {len(full) - 3} more" if len(full) > 3 else ""
    tail = ", at the lowest caps" if float(first.level.min(initial=1.0)) <= 0.0 else ""
    return f"{capped} GPUs capped for {names}{more}, lowest {cap_w[below].min():.0f} W{tail}"


POLICY = PowerBudget
