"""What requests of one kind could use of the site: GPUs by node, room by rack, and why not more."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from controllers.gather import sum_by
from controllers.placement.free import NEARLY, Free
from controllers.placement.ground import Ground
from controllers.placement.index import PlaceIndex
from controllers.placement.kinds import Kind, asked_of, count_in, fixed_of
from controllers.placement.limits import limit_name
from controllers.placement.spare import Spare
from controllers.placement.sums import counted_free, roomed
from site_models.arrays import Flags, Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Stand:
    """The site at one instant as placement finds it; the same object for all requests of a tick."""

    index: PlaceIndex
    ground: Ground
    free: Free
    near_limit: Flags
    """A GPU of the node is so near to its limit now that it gets no further work. Shape (nodes,)"""
    spares: tuple[Spare, ...] = ()
    """The site with each stage of the power chain lost that jobs have to survive."""


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """What requests of one kind could use."""

    stand: Stand
    kind: Kind
    node_kept: Flags
    """Nodes that they may use at all. Shape (nodes,)"""
    node_asked_w: Floats
    """Power of one GPU of each node with the job on it [W]. Shape (nodes,)"""
    usable: Flags
    """GPUs that they may use of the nodes with room. Shape (GPUs,)"""
    node_free: Ints
    """Usable GPUs of each node. Shape (nodes,)"""
    node_room: Ints
    """GPUs of the job that each node can take by count. Shape (nodes,)"""
    rack_wished: Ints
    """The same, of each rack. Shape (racks,)"""
    rack_room: Ints
    """GPUs of the job that each rack can take by power and cooling. Shape (racks,)"""
    rack_added_w: Floats
    """Rise of one GPU of the job, on average over a rack's usable ones. Shape (racks,)"""
    most_in_node: int
    rejected: Mapping[str, int]
    """GPUs that could not be used, by reason."""
    rack_worth: dict[tuple[int, int], Floats] = field(default_factory=dict)
    """Quick estimates of racks, kept by who made them for the next request: by the GPUs of a
    node that the job takes and the rail."""
    groups: dict[tuple[str, int, int, int, int], tuple[Ints, int]] = field(default_factory=dict)
    """Promising groups, kept as well: by level, GPUs, unit, rail and how many."""
    roomiest: dict[tuple[str, int, int, int], tuple[Ints, Ints, Ints]] = field(default_factory=dict)
    """Racks of a group by room, kept as well: by level, group, unit and rail."""


@lru_cache(maxsize=16)
def supply_of(stand: Stand, kind: Kind) -> Supply:
    """Return what requests of a kind could use, kept for the others of the same tick."""
    index, fixed = (
        stand.index,
        fixed_of(stand.index, kind.gpu_model, kind.exclude, kind.maintenance),
    )
    rejected, asked_w = Counter(fixed.rejected), asked_of(index, kind)
    hot = int(index.node_serviceable[fixed.kept & stand.near_limit].sum())
    count_in(rejected, "a GPU near its limit", hot)
    kept = fixed.kept & ~stand.near_limit if hot else fixed.kept
    usable, nodes, count, added_w = _counted(stand, kind, kept, asked_w)
    node_room, mean_w, wished, told = roomed(
        nodes, count, added_w, index.node_alone, kind.whole, kind.gpus_per_node or 0,
        index.walk.rack, len(index.plant.rack_names),
    )  # fmt: skip
    total, too_few, most_in_node = told.tolist()
    count_in(rejected, "busy", fixed.serviceable - hot - total)
    count_in(rejected, "too few free GPUs in the node", too_few)
    room = _rack_room(index, stand.ground, mean_w, wished, rejected)
    return Supply(
        stand=stand,
        kind=kind,
        node_kept=kept,
        node_asked_w=asked_w,
        usable=usable,
        node_free=count,
        node_room=node_room,
        rack_wished=wished.astype(np.int64),
        rack_room=_room_at_loss(room, stand.spares, mean_w, rejected),
        rack_added_w=mean_w,
        most_in_node=most_in_node,
        rejected=rejected,
    )


def usable_of(stand: Stand, kept: Flags, share: float, gpus: Ints) -> Flags:
    """Return which of some GPUs a job may use, given the nodes that it may."""
    usable = stand.index.in_service[gpus] & kept[stand.index.plant.arrays.gpus.node[gpus]]
    return np.asarray(usable & (stand.free.share[gpus] >= share - NEARLY))


def powers_w(stand: Stand, asked_w: Floats, gpus: Ints) -> tuple[Floats, Floats]:
    """Return the power of some GPUs with a job on them that asks so much of each, and its
    rise [W]."""
    of = stand.index.plant.arrays.gpus
    drawn_w, most_w = stand.ground.gpu_w[gpus], of.power_max_w[gpus]
    resting_w = np.where(stand.free.share[gpus] < 1.0 - NEARLY, 0.0, drawn_w)
    added_w = np.maximum(asked_w - resting_w, 0.0)
    added_w = np.minimum(added_w, np.maximum(most_w - drawn_w, 0.0))
    return drawn_w + added_w, added_w


def _counted(
    stand: Stand, kind: Kind, kept: Flags, asked_w: Floats
) -> tuple[Flags, Ints, Ints, Floats]:
    """Return the usable GPUs of the nodes that are kept, the nodes with such, how many each node
    has, and the rise of one job GPU on each of them, summed by node.

    From the counts of the free ones where they tell; GPU by GPU for shares of GPUs, and
    where some free GPU draws more than is asked.
    """
    free, index = stand.free, stand.index
    if kind.share >= 1.0:
        told, count, added_w = counted_free(
            free.nodes, free.whole, free.drawn_w, free.most_w, kept, asked_w
        )
        if told:
            return free.open, free.nodes, count, added_w
    every = np.arange(len(free.share))
    usable = usable_of(stand, kept, kind.share, every)
    _, each_w = powers_w(stand, asked_w[index.plant.arrays.gpus.node], every)
    count = index.by_node.sum(usable).astype(np.int64)
    return usable, np.flatnonzero(count), count, index.by_node.sum(np.where(usable, each_w, 0.0))


def _rack_room(
    index: PlaceIndex, ground: Ground, mean_w: Floats, wished: Floats, rejected: Counter[str]
) -> Ints:
    """Return how many GPUs each rack takes within every limit above it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        fits = np.where(mean_w > 0.0, ground.rack_fit_w / mean_w, np.inf)
    room = np.maximum(np.floor(fits + NEARLY), 0.0)
    short = np.flatnonzero(room < wished)
    if len(short):
        lost = sum_by(ground.rack_tight[short], (wished - room)[short], index.limits)
        for limit in np.flatnonzero(lost).tolist():
            count_in(rejected, limit_name(index.plant, limit), int(lost[limit]))
    return np.minimum(room, wished).astype(np.int64)


def _room_at_loss(
    room: Ints, spares: tuple[Spare, ...], mean_w: Floats, rejected: Counter[str]
) -> Ints:
    """Return how many GPUs each rack takes with any one of the stages lost."""
    for spare in spares:
        fits = np.floor(np.maximum(spare.rack_fit_w, 0.0) / np.maximum(mean_w, 1e-9) + NEARLY)
        left = np.minimum(fits, room).astype(np.int64)
        count_in(rejected, spare.words, int((room - left).sum()))
        room = left
    return room
