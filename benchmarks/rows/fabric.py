"""How long a change of the running jobs takes to reach the shares of the fabric."""

from collections.abc import Iterator

import numpy as np

from benchmarks.row import Row, best_s
from site_models.arrays import Ints
from site_models.compile import compile_site
from site_models.plant import Plant
from site_models.repeat import expanded
from site_models.site import Site, site_path
from site_models.yaml_file import read_yaml
from twin.fabric.contention import Contention
from twin.fabric.span import trunk_rates, use_of


def rows(only: str = "") -> Iterator[Row]:
    """Measure 100 jobs on 800 nodes of a fat tree and 2,000 jobs on the campus."""
    if only in ("", "fabric_100_jobs"):
        yield Row.at_most("fabric_100_jobs", _change_s(fat_tree(), 100) * 1e3, "ms", 5.0)
    if only in ("", "fabric_2000_jobs"):
        yield Row.at_most(
            "fabric_2000_jobs", _change_s(compile_site("campus-100k"), 2000) * 1e3, "ms", 100.0
        )


def fat_tree() -> Plant:
    """Return 800 nodes of eight H100: the superpod's first row repeated, two to one at leafs."""
    path = site_path("superpod-h100")
    raw = expanded(read_yaml(path), str(path))
    hall = raw["halls"][0]
    row = {**hall["rows"][0], "racks": [{**hall["rows"][0]["racks"][0], "count": 25}]}
    hall["rows"] = [
        {**row, "name": f"r{n}", "pod": "p", "racks": [{**row["racks"][0], "name": f"r{n}-{{i}}"}]}
        for n in range(8)
    ]
    for feed in [*raw["feeds"], *hall["feeds"]]:
        feed["rating_w"] = 20.0 * float(feed["rating_w"])
    raw["feeds"] = [{**feed, "oversubscribed": True} for feed in raw["feeds"]]
    hall["feeds"] = [{**feed, "oversubscribed": True} for feed in hall["feeds"]]
    hall["crahs"] = [
        {**crah, "name": f"{crah['name']}-{n}"} for n in range(8) for crah in hall["crahs"]
    ]
    for system in raw["facility_water"]:
        system["pump_count"] *= 8
        for kind in ("towers", "economisers", "chillers"):
            for machine in system.get(kind, ()):
                machine["count"] *= 8
    pod = raw["fabric"]["pods"][0]
    pod["pods"], pod["spine"]["oversubscription"] = ["p"], 2.0
    return compile_site(Site.model_validate(raw))


def _change_s(plant: Plant, jobs: int) -> float:
    """Return the time to solve the shares again after a job ended and another started [s]."""
    chosen = [use_of(plant, gpus, op) for gpus, op in _jobs(plant, jobs)]
    contention = Contention(trunk_rates(plant))
    contention.start_all({f"job{k}": use for k, use in enumerate(chosen)})

    def end_and_start() -> None:
        contention.end("job0")
        contention.start("job0", chosen[0])

    end_and_start()
    return best_s(end_and_start) / 2.0


def _jobs(plant: Plant, jobs: int) -> Iterator[tuple[Ints, str]]:
    """Yield the GPUs of jobs of equal size on nodes drawn by a fixed seed."""
    nodes = plant.arrays.nodes
    usable = np.flatnonzero(nodes.gpu_count > 0)
    np.random.default_rng(5).shuffle(usable)
    each = len(usable) // jobs
    for job in range(jobs):
        mine = usable[job * each : (job + 1) * each]
        gpus = [np.arange(nodes.gpu_count[n]) + nodes.first_gpu[n] for n in mine]
        yield np.concatenate(gpus).astype(np.int64), ("alltoall", "all_reduce")[job % 2]
