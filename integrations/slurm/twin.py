"""The twin over HTTP, as a controller of a scheduler needs it."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = 1000
"""Nodes in one answer."""


class TwinError(RuntimeError):
    """The twin is away, or refused; `status` is 0 where it did not answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Site:
    """Every node with GPUs at one instant."""

    nodes: Mapping[str, Mapping[str, Any]]
    """Rows of `GET /api/v1/nodes` by name."""
    time_s: float
    """The twin's clock; a replay's is the recording's."""
    live: bool
    stale: bool


@dataclass(frozen=True, slots=True)
class Held:
    """What the twin knows of a job."""

    gpus: tuple[str, ...]
    preemptible: bool

    def is_as(self, told: "Held | None") -> bool:
        """Say whether the twin was told the same; the order of GPUs means nothing."""
        if told is None or self.preemptible != told.preemptible:
            return False
        return sorted(self.gpus) == sorted(told.gpus)


class Twin:
    """Asks one twin; every call raises TwinError when it cannot be answered in time."""

    def __init__(self, url: str, token_file: Path | None = None, timeout_s: float = 2.0) -> None:
        self._url, self._token_file, self._timeout_s = url.rstrip("/"), token_file, timeout_s

    def site(self) -> Site:
        """Return how every node stands."""
        rows: list[dict[str, Any]] = []
        for page in self._pages("/api/v1/nodes"):
            rows += page["items"]
        return Site(
            nodes={row["id"]: row for row in rows},
            time_s=page["time_s"] + (page["age_s"] or 0.0),
            live=page["mode"] == "LIVE",
            stale=page["stale"],
        )

    def steering(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return whether a job can run, the best place, and the nodes to leave out."""
        return dict(self._call("POST", "/api/v1/steering", request))

    def placement(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return ranked places; with `reserve_s` the best is held."""
        return dict(self._call("POST", "/api/v1/placement", request))

    def allocations(self) -> dict[str, Held]:
        """Return what each job holds that the twin knows of."""
        items = self._call("GET", "/api/v1/allocations")["items"]
        return {one["job"]: Held(tuple(one["gpus"]), one["preemptible"]) for one in items}

    def allocate(self, allocation: Mapping[str, Any]) -> None:
        """Tell that a job holds GPUs; telling twice changes nothing."""
        self._call("POST", "/api/v1/allocations", allocation)

    def release(self, job: str) -> None:
        """Tell that a job has ended; one that the twin does not know has."""
        try:
            self._call("DELETE", f"/api/v1/allocations/{job}")
        except TwinError as error:
            if error.status != 404:
                raise

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        offset, total = 0, 1
        while offset < total:
            page = self._call("GET", f"{path}?limit={PAGE}&offset={offset}")
            offset, total = offset + PAGE, page["total"]
            yield page

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._token_file is not None:
            headers["Authorization"] = f"Bearer {self._token_file.read_text().strip()}"
        sent = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, sent, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:
                content = answer.read()
            return json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            raise TwinError(_detail(error), error.code) from None
        except (OSError, ValueError) as error:
            raise TwinError(f"{self._url}: {getattr(error, 'reason', error)}") from None


def _detail(error: urllib.error.HTTPError) -> str:
    """Return what a problem document says, else the status."""
    with error:
        try:
            return str(json.loads(error.read())["detail"])
        except (OSError, ValueError, KeyError, TypeError):
            return f"answered {error.code}"
