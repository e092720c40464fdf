"""`twin identify` and `twin score` from a log to figures, by their contract."""

import json
from pathlib import Path

import numpy as np
import pytest

from dashboards.cli import main
from tests.fakes.command import Twin, refused


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes of a server: idle, then a job, warming as one mass would."""
    folder = tmp_path_factory.mktemp("learn")
    rows, temps_c = ["timestamp,gpu,power_w,temp_c"], np.full(8, 32.0)
    for second in range(120):
        power_w = 110.0 if second < 20 else 600.0
        temps_c += (23.0 + 0.055 * power_w - temps_c) / 15.0
        rows += [f"{1_700_000_000 + second},{g},{power_w},{round(temps_c[g])}" for g in range(8)]
    log = folder / "log.csv"
    log.write_text("\n".join(rows) + "\n")
    assert main(["import", str(log), "--out", str(folder / "rec")]) == 0
    return folder / "rec"


def told(capfd: pytest.CaptureFixture[str], *words: str) -> dict[str, dict[str, dict[str, float]]]:
    capfd.readouterr()
    assert main([*words, "--json"]) == 0
    content: dict[str, dict[str, dict[str, float]]] = json.loads(capfd.readouterr().out)
    return content


@pytest.mark.slow
def test_what_is_learned_predicts_better_than_the_catalog(
    recording: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out, site = recording.parent / "learned.yaml", ("--site", "hgx-h100")
    fit = told(capfd, "identify", str(recording), *site, "--out", str(out))
    assert set(fit["parameters"]["fan_lag_s"]) == {"value", "std"}
    assert fit["rmse"]["gpu_temp_c"] < 1.0  # type: ignore[operator]
    plain = told(capfd, "score", str(recording), *site)["signals"]["gpu_temp_c"]
    learned = told(capfd, "score", str(recording), *site, "--params", str(out))
    ahead = told(capfd, "score", str(recording), *site, "--params", str(out), "--horizon", "10")[
        "signals"
    ]["gpu_temp_c"]
    assert {"rmse", "mae", "bias", "p95", "worst", "persistence_rmse", "n"} == set(plain)
    assert learned["signals"]["gpu_temp_c"]["rmse"] < plain["rmse"]
    assert ahead["rmse"] < ahead["persistence_rmse"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--params", "nowhere.yaml"), "nowhere.yaml"),
        (("--horizon", "0"), "--horizon"),
        (("--from", "2001-01-01", "--to", "2001-01-02"), "nothing to replay"),
    ],
)
def test_unusable_input_is_one_line_and_exit_2(
    recording: Path, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    capfd.readouterr()
    assert main(["score", str(recording), "--site", "hgx-h100", *words]) == 2
    complaint = capfd.readouterr().err
    assert said in complaint
    assert complaint.count("\n") == 1


def test_a_scenario_and_a_server_take_what_was_learned(
    twin: Twin, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a server makes its folder of runs where it is
    scenario, overlay = tmp_path / "job.yaml", tmp_path / "warm.yaml"
    scenario.write_text(
        "site: hgx-h100\nstart: 2024-07-12T19:00:00Z\nduration_s: 30\n"
        "jobs: [{name: burn, nodes: [node0], share: 0.9}]\n"
    )
    warm = ", ".join(f"gpu{k}: {{value: 0.08, std: 0.001}}" for k in range(8))
    overlay.write_text(
        f'recording_sha256: "{"0" * 64}"\nsite: hgx-h100\n'
        f"parameters:\n  body_resistance_k_per_w: {{{warm}}}\n"
    )
    words = ("whatif", scenario, "--json")
    plain = twin(*words, "--out", tmp_path / "plain").object
    told = twin(*words, "--params", overlay, "--out", tmp_path / "learned").object
    assert told["kpi"]["gpu_temp_max_c"] > plain["kpi"]["gpu_temp_max_c"] + 5.0
    (tmp_path / "config.yaml").write_text("site: hgx-h100\nparams: nowhere.yaml\n")
    for given in (("--params", "nowhere.yaml"), ("--config", tmp_path / "config.yaml")):
        refused(twin("serve", "--site", "hgx-h100", *given), "nowhere.yaml")


NCCL = """\
# Collective test starting: all_reduce_perf
#  Rank  0 Group  0 Pid 1 on a device  0 [0000:1b:00] NVIDIA H100 80GB HBM3
#  Rank  1 Group  0 Pid 2 on a device  1 [0000:1c:00] NVIDIA H100 80GB HBM3
""" + "".join(
    f"{2**k} {2**k // 4} float sum -1 {30.0 + 2**k / 2e5:.2f} 0 0 0 {30.0 + 2**k / 2e5:.2f}\n"
    for k in range(20, 31)
)


def test_a_log_of_nccl_tests_calibrates_the_collectives_of_a_site(
    twin: Twin, tmp_path: Path
) -> None:
    log, rec, overlay = tmp_path / "x.log", tmp_path / "rec", tmp_path / "o.yaml"
    log.write_text(NCCL)
    assert twin("import", log, "--out", rec).code == 0
    words = ("--site", "hgx-h100")
    fit = twin("identify", rec, *words, "--out", overlay, "--json").object
    assert set(fit["parameters"]) == {"collective_path", "collective_transfer", "collective_fill"}
    assert fit["rmse"]["collective_s_relative"] < 0.05
    asked = ("collective", "--op", "all_reduce", "--bytes", 2**28, "--gpus", 2, *words, "--json")
    measured_s = 30e-6 + 2**28 / 2e11
    assert twin(*asked, "--params", overlay).object["time_s"] == pytest.approx(measured_s, rel=0.05)
    assert twin(*asked).object["time_s"] != pytest.approx(measured_s, rel=0.05)
