"""The scale-out fabric as a site's YAML file states it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from site_models.figure import Strict


def _above_zero(value: float) -> float:
    if value <= 0.0:
        raise ValueError(f"expected a number above 0, got {value:g}")
    return value


def _not_below_one(value: float) -> float:
    if value < 1.0:
        raise ValueError(f"expected 1 or more, got {value:g}")
    return value


Positive = Annotated[float, AfterValidator(_above_zero)]
Ratio = Annotated[float, AfterValidator(_not_below_one)]
Count = Annotated[int, Field(ge=1)]


class Tier(Strict):
    """A tier of switches and the cables towards the tier below."""

    switch: str
    cable: str
    length_m: Positive
    oversubscription: Ratio = 1.0
    """Rate towards the tier below over rate towards this one."""


class FabricPod(Strict):
    """Leafs and spines that serve some of the site's pods."""

    name: str
    pods: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of the site's pods; with `*` a pattern, then each of them is a fabric pod."""
    nic_bytes_per_s: Positive
    """Of one GPU's network interface, one direction."""
    nodes_per_leaf: Count
    rail_optimised: bool = True
    """Interface n of every node on a leaf of plane n; else all of a node on one leaf."""
    leaf: Tier
    spine: Tier


class SiteFabric(Strict):
    """Scale-out network of a site."""

    transport: Literal["infiniband", "roce", "efa", "tcpxo"] = "infiniband"
    in_network_reduction: bool = False
    pods: Annotated[tuple[FabricPod, ...], Field(min_length=1)]
    core: Tier | None = None
    """Joins the fabric pods; none: they share no network."""
