"""The collective law of a site gives back what measured times were made with."""

from pathlib import Path

import numpy as np
import pytest

from controllers.recorded_collectives import timed_collectives
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.importing import import_files
from telemetry.recording import Recording
from twin.estimation.identify_links import identify_links
from twin.estimation.overlay import applied, read_overlay, write_overlay
from twin.fabric.collective import predict
from twin.fabric.collective_fit import Factors
from twin.fabric.collective_site import CALIBRATED, Timed, calibration, site_times, with_factors
from twin.fabric.parallel import exchange_of
from twin.fabric.span import span_of
from twin.workload import workload

TRUE = Factors(1.4, 1.15, 0.7)
SIZES: Floats = np.exp2(np.arange(18.0, 31.0))
LOGS = "data/nccl-h100-cluster/example-cluster01"


@pytest.fixture(scope="module")
def pod() -> Plant:
    return compile_site("superpod-h100")


def made(plant: Plant, op: str, nodes: int) -> Timed:
    """Return times of a plant whose law is scaled by TRUE."""
    factors = {name: {f"{op}/network": value} for name, value in TRUE._asdict().items()}
    span = span_of(plant, np.arange(8 * nodes), op)
    spans = type(span)._make(np.repeat(column, len(SIZES)) for column in span)
    return Timed(op, nodes, 8, SIZES, site_times(with_factors(plant, factors), op, SIZES, spans))


def test_the_factors_of_made_times_come_back_and_carry_over(pod: Plant, tmp_path: Path) -> None:
    fit = identify_links(pod, [made(pod, "all_reduce", n) for n in (2, 4)], "0" * 64)
    for name, value in TRUE._asdict().items():
        found = fit.overlay.parameters[f"collective_{name}"]["all_reduce/network"]
        assert found.value == pytest.approx(value, rel=1e-6)
        assert found.std < 1e-6
    write_overlay(tmp_path / "o.yaml", fit.overlay)
    learned = applied(pod, read_overlay(tmp_path / "o.yaml"))
    eight = made(pod, "all_reduce", 8)
    span = span_of(pod, np.arange(64), "all_reduce")
    spans = type(span)._make(np.repeat(column, len(SIZES)) for column in span)
    np.testing.assert_allclose(
        site_times(learned, "all_reduce", SIZES, spans), eight.time_s, rtol=1e-4
    )


def test_what_was_not_measured_follows_the_law_as_it_is(pod: Plant) -> None:
    fit = identify_links(pod, [made(pod, "all_reduce", 2)], "0" * 64)
    learned = applied(pod, fit.overlay)
    for op, gpus in (("all_reduce", 8), ("alltoall", 16)):
        span, size = span_of(pod, np.arange(gpus), op), np.array([2.0**26])
        assert site_times(learned, op, size, span) == predict(op, size, span).time_s


def test_jobs_of_a_learned_site_communicate_at_its_pace(pod: Plant) -> None:
    profile, gpus = workload("pretraining"), np.arange(64)
    factors = Factors(3.0, 3.0, 1.0)._asdict().items()
    slower = {name: {who: float(value) for who in CALIBRATED} for name, value in factors}
    plain = exchange_of(profile, pod, gpus).time_s
    slow = exchange_of(profile, with_factors(pod, slower), gpus).time_s
    assert (slow[plain > 0.0] > 2.0 * plain[plain > 0.0]).all()


def test_too_few_sizes_too_many_nodes_and_half_an_overlay_are_named(pod: Plant) -> None:
    few = made(pod, "all_reduce", 2)._replace(size_bytes=SIZES[:2], time_s=np.ones(2))
    with pytest.raises(InputError, match="4 sizes of one operation"):
        calibration(pod, [few])
    wide = made(pod, "all_reduce", 2)._replace(nodes=500)
    with pytest.raises(InputError, match=r"all_reduce/500x8: superpod-h100 has 127 nodes"):
        calibration(pod, [wide])
    with pytest.raises(InputError, match="expected collective_transfer beside"):
        with_factors(pod, {"path": {"all_reduce/nvlink": 1.0}})


def test_one_measured_server_teaches_another(shared: Path, pod: Plant, tmp_path: Path) -> None:
    logs = sorted((shared / LOGS).rglob("nccl_N1_G8_*.log"))
    import_files(logs[:3], tmp_path / "fit")
    import_files(logs[5:6], tmp_path / "score")
    stored, other = Recording(tmp_path / "fit"), Recording(tmp_path / "score")
    learned = applied(pod, identify_links(pod, _large(stored), stored.sha256).overlay)
    for one in _large(other):
        if one.op == "sendrecv":  # a ring of pairs: nothing that the law's terms tell apart
            continue
        span = span_of(pod, np.arange(8), one.op)
        spans = type(span)._make(np.repeat(column, len(one.size_bytes)) for column in span)
        off = [
            site_times(plant, one.op, one.size_bytes, spans) / one.time_s - 1.0
            for plant in (learned, pod)
        ]
        assert np.median(np.abs(off[0])) < 0.015 < np.median(np.abs(off[1])), one.op


def _large(stored: Recording) -> list[Timed]:
    """Return the measured sizes from a mebibyte on."""
    return [
        one._replace(size_bytes=one.size_bytes[keep], time_s=one.time_s[keep])
        for one in timed_collectives(stored)
        for keep in [one.size_bytes >= 2**20]
    ]
