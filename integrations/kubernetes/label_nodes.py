"""Labels on Kubernetes nodes: where each stands, and whether it is cool, hot or to be drained.

One file on the standard library, so that a ConfigMap can carry it. Topology labels are those of
NVIDIA's topograph, which Kueue's topology-aware scheduling is set up to read; state is our own.
"""

import argparse
import json
import logging
import re
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
STATE = "ai-factory-twin/state"
TOPOLOGY = {
    "accelerator.topograph.run/domain": "nvlink_domain",
    "fabric.topograph.run/tier-0": "leaf",
    "fabric.topograph.run/tier-1": "pod",
    "ai-factory-twin/rack": "rack",
    "ai-factory-twin/row": "row",
}
"""Label -> key of a row of the twin's `GET /api/v1/nodes`."""
EFFECTS = {"hot": "PreferNoSchedule", "drain": "NoSchedule"}
COOL_AGAIN_K = 6.0
"""A hot node is cool again only this far below the limit, so that it does not flicker."""
PAGE, TIMEOUT_S = 1000, 10.0

log = logging.getLogger("twin-labels")


class Http:
    """JSON from and to one server."""

    def __init__(self, url: str, token_file: Path | None, authority: Path | None = None) -> None:
        self._url, self._token_file = url.rstrip("/"), token_file
        known = authority is not None and authority.exists()
        self._trust = ssl.create_default_context(cafile=str(authority) if known else None)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the decoded answer, None for an empty one; OSError or ValueError without any."""
        headers = {"Content-Type": "application/json"}
        if method == "PATCH":
            headers["Content-Type"] = "application/merge-patch+json"
        if self._token_file is not None and self._token_file.exists():
            headers["Authorization"] = f"Bearer {self._token_file.read_text().strip()}"
        sent = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, sent, headers, method=method)
        with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=self._trust) as answer:
            content = answer.read()
        return json.loads(content) if content else None


def twin_nodes(twin: Http) -> dict[str, dict[str, Any]] | None:
    """Return the twin's nodes by name; None while its telemetry is stale."""
    rows: dict[str, dict[str, Any]] = {}
    offset, total = 0, 1
    while offset < total:
        page = twin.call("GET", f"/api/v1/nodes?limit={PAGE}&offset={offset}")
        if page["stale"]:
            return None
        rows |= {row["id"]: row for row in page["items"]}
        offset, total = offset + PAGE, page["total"]
    return rows


def labels_of(row: Mapping[str, Any], before: Mapping[str, str]) -> dict[str, str | None]:
    """Return the labels that a node should have; None for one that it should not."""
    wanted = {label: fit_label(row.get(key)) for label, key in TOPOLOGY.items()}
    state, margin_k = str(row["state"]), row["margin_k"]
    was_hot = before.get(STATE) in EFFECTS
    if state == "cool" and was_hot and margin_k is not None and margin_k < COOL_AGAIN_K:
        state = "hot"
    return {**wanted, STATE: state}


def fit_label(value: Any) -> str | None:
    """Return a name as the value of a label: 63 letters, digits, `-`, `_`, `.` at most.

    >>> fit_label("row 1/left"), fit_label(None)
    ('row-1-left', None)
    """
    text = re.sub(r"[^A-Za-z0-9_.-]+", "-", str(value or ""))[:63].strip("-_.")
    return text or None


def patch_of(node: Mapping[str, Any], row: Mapping[str, Any], taint: bool) -> dict[str, Any]:
    """Return the merge patch that brings a node in line; empty where nothing differs.

    Taints are one list: all are written, under the version that was read, so that a change
    of another's in between makes the patch fail instead of being lost.
    """
    before = node["metadata"].get("labels") or {}
    wanted = labels_of(row, before)
    changed = {key: value for key, value in wanted.items() if before.get(key) != value}
    patch: dict[str, Any] = {"metadata": {"labels": changed}} if changed else {}
    if not taint:
        return patch
    present = (node.get("spec") or {}).get("taints") or []
    taints = [one for one in present if one.get("key") != STATE]
    state = str(wanted[STATE])
    if state in EFFECTS:
        taints.append({"key": STATE, "value": state, "effect": EFFECTS[state]})
    if _bare(taints) != _bare(present):
        patch.setdefault("metadata", {})["resourceVersion"] = node["metadata"]["resourceVersion"]
        patch["spec"] = {"taints": taints}
    return patch


def _bare(taints: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Return what matters of taints: the server adds a time to some."""
    return sorted((t.get("key"), t.get("value", ""), t.get("effect")) for t in taints)


def write(cluster: Http, twin: Http, taint: bool) -> int:
    """Bring every node that both know in line; returns how many were changed."""
    rows = twin_nodes(twin)
    if rows is None:
        log.warning("the twin's telemetry is stale: labels stay")
        return 0
    changed = 0
    for node in cluster.call("GET", "/api/v1/nodes")["items"]:
        name = node["metadata"]["name"]
        patch = patch_of(node, rows[name], taint) if name in rows else {}
        if patch:
            cluster.call("PATCH", f"/api/v1/nodes/{name}", patch)
            log.info("%s: %s", name, json.dumps(patch))
            changed += 1
    return changed


def main(words: Sequence[str] | None = None) -> int:
    """Run until ended, or once; a failure is said and tried again at the next round."""
    asked = _arguments().parse_args(words)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    cluster = Http(asked.kubernetes, ACCOUNT / "token", ACCOUNT / "ca.crt")
    twin = Http(asked.twin, asked.token_file)
    while True:
        try:
            write(cluster, twin, asked.taint)
        except (OSError, ValueError, KeyError) as error:
            log.warning("%s: %s", type(error).__name__, error)
            if asked.once:
                return 1
        if asked.once:
            return 0
        time.sleep(asked.every)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--twin", default="http://127.0.0.1:8050", help="address of the twin")
    add("--token-file", type=Path, help="a file with a token of role viewer")
    add("--kubernetes", default="https://kubernetes.default.svc", help="address of the API server")
    add("--taint", action="store_true", help="taint hot and drain nodes as well")
    add("--every", type=float, default=30.0, help="seconds between rounds")
    add("--once", action="store_true", help="one round, then end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
