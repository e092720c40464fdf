"""A fabric for the small plant: two leafs, two spines, half of the rate on each side."""

import numpy as np

from site_models.fabric import Fabric, Links, Switches
from site_models.plant import freeze


def small_fabric(gpus: int = 48) -> Fabric:
    """Return a fabric of one pod; the first half of the GPUs is behind the first leaf."""
    half = gpus // 2
    leaf = np.repeat(np.arange(2), half).astype(np.int64)
    lower = np.concatenate([np.arange(gpus), [0, 0, 1, 1]]).astype(np.int64)
    upper = np.concatenate([leaf, [2, 3, 2, 3]]).astype(np.int64)
    own = np.full(gpus, 50e9)
    up = np.full(4, half * 50e9 / 2.0)
    many = len(lower)
    pod = np.zeros(4, dtype=np.int64)
    switches = Switches(
        np.array([0, 0, 1, 1]), pod, np.full(4, -1), np.full(4, 700.0), np.full(4, 3e-7)
    )
    links = Links(
        lower, upper, np.concatenate([own, up]), np.full(many, 1e-7),
        np.ones(many, dtype=np.int64), np.full(many, 30.0),
    )  # fmt: skip
    freeze(switches)
    freeze(links)
    leaf_up, pod_up = np.array([half * 50e9, half * 50e9, 0.0, 0.0]), np.zeros(1)
    arrays = (leaf, np.full(gpus, 9e11), np.full(gpus, 5e-11), own, leaf_up, pod_up)
    freeze(arrays)
    names = ("leaf0", "leaf1", "spine0", "spine1")
    return Fabric(switches, links, *arrays, ("fabric",), names, "infiniband", False)
