"""Which device of the site a foreign label set speaks of."""

import re
from collections.abc import Mapping, Sequence

_NUMBER = re.compile(r"(\d+)$")


class Seating:
    """Finds the place of a device along its axis by the labels that exporters give.

    A GPU is found by a label `id` or `UUID` that is a name of the site, else as the GPU
    numbered `gpu` of the node named `Hostname` (its first part, whatever the case), counted
    in the site's order. A device of another axis is found by `id`, a node by its host name.
    Checked in ``tests/telemetry/prometheus/test_seating.py``.
    """

    def __init__(self, axes: Mapping[str, Sequence[str]], gpu_node: Sequence[int] = ()) -> None:
        self._place = {
            axis: {name.lower(): k for k, name in enumerate(ids)} for axis, ids in axes.items()
        }
        self._of_node: dict[int, list[int]] = {}
        for gpu, node in enumerate(gpu_node):
            self._of_node.setdefault(int(node), []).append(gpu)

    def place(self, axis: str, labels: Mapping[str, str]) -> int:
        """Return the place along an axis; -1 for a device that the site does not know."""
        known = self._place.get(axis, {})
        for key in ("id", "UUID", "uuid"):
            if labels.get(key, "").lower() in known:
                return known[labels[key].lower()]
        host = host_of(labels)
        if axis == "node":
            return known.get(host, -1)
        if axis != "gpu" or not host:
            return known.get(next(iter(known)), -1) if axis == "site" and len(known) == 1 else -1
        number = _NUMBER.search(labels.get("gpu", ""))
        node = self._place.get("node", {}).get(host, -1)
        gpus = self._of_node.get(node, [])
        if number is None or int(number.group(1)) >= len(gpus):
            return -1
        return gpus[int(number.group(1))]


def host_of(labels: Mapping[str, str]) -> str:
    """Return the host that a label set names: in lower case, without domain and port."""
    for key in ("Hostname", "hostname", "host", "node", "instance"):
        if labels.get(key):
            return labels[key].split(":")[0].split(".")[0].lower()
    return ""
