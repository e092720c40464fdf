"""State now: site, racks, GPUs, CDUs, power chain, key figures."""

from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query, Response

from controllers.accounts.account_figures import figures_of
from dashboards.api.listing import Fields, Paging, listed, only, place_of
from dashboards.api.replies import newest, reply, stamped
from dashboards.api.rows import cdu_row, feed_row, gpu_row, node_row, rack_row
from dashboards.feed import Feed
from site_models.arrays import Ints
from twin.electrical.feed_room import feed_room, feed_standing

Page = Annotated[Paging, Depends()]


def site_routes(feed: Feed) -> APIRouter:
    """Return the routes about the whole site."""
    routes, plant = APIRouter(tags=["state"]), feed.plant

    @routes.get("/site")
    def site() -> Response:
        """What the site is, what feeds the twin, and how the policies stand."""
        snapshot = newest(feed).snapshot
        content: dict[str, Any] = {
            "site": plant.site,
            "site_hash": plant.site_hash,
            "zone": feed.world.zone,
            "label": snapshot.label,
            "tick": snapshot.tick,
            "gpus": len(plant.gpu_names),
            "nodes": len(plant.node_names),
            "racks": len(plant.rack_names),
            "cdus": len(plant.cdu_exchangers),
            "policies": [asdict(standing) for standing in snapshot.standings],
            "decision": snapshot.decision.reason,
            "health": list(snapshot.health),
            "digest": snapshot.digest,
        }
        return reply(stamped(feed, content))

    @routes.get("/kpi")
    def kpi() -> Response:
        """Key figures of the site, the tightest limits by name, and what is wrong.

        `account`: PUE, WUE, CUE and their relatives, energy, water, cost and carbon over the
        present `hour` and `day` of the site's clock and over the `run` so far, each figure with
        unit and boundary; one that cannot be told is null and says `why`.
        """
        newest(feed)
        account = feed.shared("account", lambda _: accounts(feed))
        return reply(stamped(feed, {**kpi_content(feed), "account": account}))

    @routes.get("/cdus")
    def cdus(page: Page) -> Response:
        """Coolant distribution units: both loops, heat, approach."""
        summary, every = newest(feed), np.arange(len(plant.cdu_exchangers))
        content = listed(every, lambda at: cdu_row(feed.index, summary, at), page)
        return reply(stamped(feed, content))

    @routes.get("/power")
    def power(page: Page) -> Response:
        """Stages of the power chain: load, room, what one loss would bring, battery, breaker."""
        summary, every = newest(feed), np.arange(len(plant.feed_names))
        standing = feed_standing(plant, summary.state)
        room = feed_room(plant, summary.state, open_places=True)
        content = listed(every, lambda at: feed_row(feed.index, summary, standing, room, at), page)
        return reply(stamped(feed, content))

    return routes


def rack_routes(feed: Feed) -> APIRouter:
    """Return the routes about racks and GPUs."""
    routes, index = APIRouter(tags=["state"]), feed.index

    @routes.get("/racks")
    def racks(page: Page, row: str | None = None, pod: str | None = None) -> Response:
        """Racks, all or those of a row or pod."""
        summary, plant = newest(feed), feed.plant
        keep = np.ones(len(plant.rack_names), dtype=np.bool_)
        for name, names, of_rack, noun in (
            (row, plant.row_names, plant.arrays.racks.row, "row"),
            (pod, plant.pod_names, plant.arrays.racks.pod, "pod"),
        ):
            if name is not None:
                keep &= of_rack == place_of({n: i for i, n in enumerate(names)}, name, noun)
        found = np.flatnonzero(keep)
        return reply(stamped(feed, listed(found, lambda at: rack_row(index, summary, at), page)))

    @routes.get("/racks/{rack}")
    def rack(rack: str, fields: Fields = None) -> Response:
        """One rack with its nodes."""
        summary, at = newest(feed), place_of(index.rack, rack, "rack")
        nodes = [node_row(index, summary, int(node)) for node in index.nodes_by_rack[at]]
        content = {**rack_row(index, summary, at), "node_list": nodes}
        return reply(stamped(feed, only(content, fields)))

    @routes.get("/gpus")
    def gpus(page: Page, rack: Annotated[str | None, Query()] = None) -> Response:
        """GPUs, all or those of a rack."""
        summary = newest(feed)
        found: Ints = np.arange(len(feed.plant.gpu_names))
        if rack is not None:
            found = index.gpus_by_rack[place_of(index.rack, rack, "rack")]
        return reply(stamped(feed, listed(found, lambda at: gpu_row(index, summary, at), page)))

    @routes.get("/gpus/{gpu}")
    def gpu(gpu: str, fields: Fields = None) -> Response:
        """One GPU: believed values and, under `measured`, what the source said."""
        summary, at = newest(feed), place_of(index.gpu, gpu, "GPU")
        return reply(stamped(feed, only(gpu_row(index, summary, at), fields)))

    return routes


def job_routes(feed: Feed) -> APIRouter:
    """Return the route about what jobs used."""
    routes = APIRouter(tags=["state"])

    @routes.get("/jobs")
    def jobs(page: Page) -> Response:
        """Running and ended jobs: what each held, used and made, to bill from.

        Energy by boundary, water, cost and carbon from the jobs' allocation on; null where not
        known, such as steps of a job that only its allocation tells of.
        """
        newest(feed)
        found = feed.job_records
        rows = listed(np.arange(len(found)), lambda at: found[at].figures(), page)
        return reply(stamped(feed, rows))

    return routes


def accounts(feed: Feed) -> dict[str, Any]:
    """Return the accounts by the name of their interval."""
    return {entry.span: figures_of(entry) for entry in feed.accounts}


def kpi_content(feed: Feed) -> dict[str, Any]:
    """Return the key figures as the stream and the route tell them."""
    summary, plant = newest(feed), feed.plant
    return {
        "tick": summary.snapshot.tick,
        **summary.site,
        "worst_gpu": plant.gpu_names[summary.worst_gpu] if summary.worst_gpu >= 0 else None,
        "warmest_tcs": (
            plant.circuit_names[summary.warmest_tcs] if summary.warmest_tcs >= 0 else None
        ),
        "tightest_feed": (
            plant.feed_names[summary.tightest_feed] if summary.tightest_feed >= 0 else None
        ),
        "findings": [
            {"severity": f.severity.name.lower(), "where": f.where, "what": f.what}
            for f in feed.findings
        ],
    }
