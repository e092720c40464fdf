"""Logs become recordings with right units, times and ids, whole or not at all."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from site_models.errors import InputError
from telemetry.importing import ImportReport, import_files, importers
from telemetry.recording import Recording

SPL = (
    "Time,07-24-2024 08:23:0{k}.165,Watts,{w},Volts,239.1,Amps,3.4,PF,0.96,"
    "Mark,2024-07-24_01-10-39_testing,Ch1,Watts,700.0"
)
MLLOG = """\
:::MLLOG {{"time_ms": 1, "key": "power_measurement_start", "value": null}}
:::MLLOG {{"namespace": "", "time_ms": 1715267038172, "key": "power_reading", "value": 2708}}
:::MLLOG {{"namespace": "", "time_ms": 1715267040266, "key": "power_reading", "value": {0}}}
:::MLLOG {{"namespace": "", "time_ms": 1715267042266, "key": "power_reading", "value": "2712.5"}}
"""
DCGM = """\
timestamp,phase,gpu,power_w,temp_c,energy_mj,throttle_reasons,made_up
1775006190.174,warm,0,73.2,39,5000,4,1
1775006190.174,warm,1,,2147483632,7000,0,1
1775006190.274,warm,0,74.0,nan,8000,4,1
1775006190.374,warm,0,75.0,41,1000,4,1
"""
SMI = """\
timestamp, index, name, power.draw [W], temperature.gpu, clocks.sm [MHz], memory.used [MiB], \
utilization.gpu [%], clocks_event_reasons.active
2026/04/25 16:06:06.780, 0, NVIDIA H100, 70.50 W, 31, 345 MHz, 4 MiB, 25 %, 0x0000000000000024
2026/04/25 16:06:06.781, 1, NVIDIA H100, [N/A], 32, 345 MHz, 4 MiB, 0 %, 0x0000000000000000
2026/04/25 16:06:07.780, 0, NVIDIA H100, 71.50 W, 31, 345 MHz, 4 MiB, 25 %, 0x0000000000000024
"""
BARE_SMI = """\
2026/04/25 16:06:06.780, 0 %, 0 %, 2 MiB, 20146 MiB, 27, 11.64 W
2026/04/25 16:06:11.788, 40 %, 10 %, 2 MiB, 20146 MiB, 27, 11.36 W
"""
DMON = """\
# gpu    pwr  gtemp  mtemp     sm  rxpci
# Idx      W      C      C      %   MB/s
    0     31     43      -      0      7
    1    173     50     64     97 209713
# gpu    pwr  gtemp  mtemp     sm  rxpci
# Idx      W      C      C      %   MB/s
    0     32     43      -      0      7
    1    174     50     64     97     72
"""
MAP = """\
time: {column: when, unit: ms}
id: {column: who, prefix: gpu}
signals:
  gpu_power_w: {column: power, unit: mW}
  gpu_energy_j: {column: energy, unit: J, counter: true}
missing: ["", "none"]
"""
TABLE = """\
when,who,power,energy
1700000000000,0,100000,50
1700000000000,1,none,10
1700000001000,0,200000,60
1700000002000,0,300000,5
"""


def spl(*watts: float) -> str:
    return "".join(SPL.format(k=k, w=w) + "\n" for k, w in enumerate(watts))


def load(
    folder: Path, text: str, name: str = "log.txt", **options: str
) -> tuple[ImportReport, Recording]:
    (folder / name).write_text(text)
    report = import_files([folder / name], folder / "out", **options)
    return report, Recording(folder / "out")


def load_mapped(folder: Path, text: str, chart: str = MAP) -> tuple[ImportReport, Recording]:
    (folder / "map.yaml").write_text(chart)
    return load(folder, text, map=str(folder / "map.yaml"))


def start(recording: Recording) -> str:
    assert recording.manifest.start is not None
    return recording.manifest.start


def test_every_format_is_found_in_the_folder() -> None:
    assert set(importers()) >= {"nvidia-smi", "dmon", "dcgm-csv", "spec-ptd", "mllog", "csv"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (spl(1, 2), "spec-ptd"),
        (MLLOG, "mllog"),
        (DCGM, "dcgm-csv"),
        (SMI, "nvidia-smi"),
        (BARE_SMI, "nvidia-smi"),
        (DMON, "dmon"),
        (TABLE, None),
        ("", None),
    ],
)
def test_a_log_is_recognised_by_one_importer(text: str, expected: str | None) -> None:
    fits = [name for name, module in importers().items() if module.sniff(text, Path("x"))]
    assert fits == ([expected] if expected else [])


def test_spec_ptd_gives_wall_power(tmp_path: Path) -> None:
    report, recording = load(tmp_path, spl(2366.2, 2369.4, 5000.0))
    assert report == ImportReport(3, ("node_power_w",), 2.0, {})
    assert start(recording) == "2024-07-24T08:23:00.165000Z"
    _, power_w = recording.series("node_power_w", "node0")
    np.testing.assert_allclose(power_w, [2366.2, 2369.4, 5000.0], rtol=1e-6)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "2024-07-24T08:23:00.165000Z"),
        ("-07:00", "2024-07-24T15:23:00.165000Z"),
        ("America/Los_Angeles", "2024-07-24T15:23:00.165000Z"),
    ],
)
def test_local_times_take_the_zone(tmp_path: Path, zone: str, expected: str) -> None:
    _, recording = load(tmp_path, spl(1, 2), zone=zone)
    assert start(recording) == expected


@pytest.mark.parametrize(
    ("phase_begins", "expected"),
    [
        (1721809360.0, "2024-07-24T08:23:00.165000Z"),
        (1721834560.0, "2024-07-24T15:23:00.165000Z"),
        (0.0, "2024-07-24T15:23:00.165000Z"),
    ],
    ids=["the log is in UTC", "the log is in server time", "the session does not tell"],
)
def test_the_session_beside_a_log_states_its_zone(
    tmp_path: Path, phase_begins: float, expected: str
) -> None:
    (tmp_path / "power").mkdir()
    (tmp_path / "run_1").mkdir()
    (tmp_path / "power" / "server.json").write_text(
        f'{{"timezone": 25200, "messages": ['
        f'{{"cmd": "session,x,start,testing", "cmd_time": {phase_begins}}},'
        f'{{"cmd": "session,x,stop,testing", "cmd_time": {phase_begins + 60}}}]}}'
    )
    _, recording = load(tmp_path, spl(1, 2), name="run_1/spl.txt")
    assert start(recording) == expected


def test_the_day_comes_first_where_the_mark_says_so(tmp_path: Path) -> None:
    text = spl(1, 2).replace("07-24-2024", "08-07-2024").replace("2024-07-24_", "2024-07-08_")
    _, recording = load(tmp_path, text)
    assert start(recording).startswith("2024-07-08")


@pytest.mark.parametrize(
    ("folder", "signal"),
    [("x", "node_power_w"), ("a/smc-dc-power/b", "node_dc_power_w"), ("dc/ac", "node_power_w")],
)
def test_mllog_takes_its_side_from_the_path(tmp_path: Path, folder: str, signal: str) -> None:
    (tmp_path / folder).mkdir(parents=True)
    report, recording = load(tmp_path, MLLOG.format(-43), name=f"{folder}/node_0.txt")
    assert report.rejected == {"empty row": 1, "negative power": 1}
    times, power_w = recording.series(signal, "node0")
    np.testing.assert_array_equal(power_w, [2708, 2712.5])
    np.testing.assert_array_equal(times, [1715267038.172, 1715267042.266])


def test_dcgm_csv_knows_blanks_and_resets(tmp_path: Path) -> None:
    report, recording = load(tmp_path, DCGM)
    assert report.signals == ("gpu_power_w", "gpu_energy_j", "gpu_temp_c", "clocks_event_reasons")
    assert report.rejected == {"gpu_temp_c blank": 1}
    assert recording.ids("gpu") == ("gpu0", "gpu1")
    np.testing.assert_array_equal(recording.series("gpu_energy_j", "gpu0")[1], [5, 8, 9])
    np.testing.assert_array_equal(recording.series("gpu_temp_c", "gpu0")[1], [39, 41])
    assert recording.series("gpu_power_w", "gpu1")[1].size == 0


def test_nvidia_smi_reads_units_in_header_and_cells(tmp_path: Path) -> None:
    _, recording = load(tmp_path, SMI, zone="+02:00")
    assert start(recording) == "2026-04-25T14:06:06.780000Z"
    expected = {
        "gpu_power_w": [70.5, 71.5],
        "gpu_temp_c": [31, 31],
        "sm_clock_hz": [345e6, 345e6],
        "memory_used_bytes": [4 * 2**20] * 2,
        "gpu_utilization": [0.25, 0.25],
        "clocks_event_reasons": [0x24, 0x24],
    }
    for name, values in expected.items():
        np.testing.assert_array_equal(recording.series(name, "gpu0")[1], values)
    assert recording.series("gpu_power_w", "gpu1")[1].size == 0
    bare = SMI.replace(" W", "").replace(" %", "").replace(" MHz", "").replace(" MiB", "")
    (tmp_path / "bare.csv").write_text(bare)
    (tmp_path / "bare").mkdir()
    import_files([tmp_path / "bare.csv"], tmp_path / "bare", zone="+02:00")
    assert Recording(tmp_path / "bare").sha256 == recording.sha256


def test_nvidia_smi_without_header_is_read_in_its_known_layout(tmp_path: Path) -> None:
    _, recording = load(tmp_path, BARE_SMI)
    np.testing.assert_allclose(recording.series("gpu_power_w", "gpu0")[1], [11.64, 11.36])
    np.testing.assert_allclose(recording.series("memory_utilization", "gpu0")[1], [0, 0.1])


def test_dmon_is_one_sample_a_second_from_its_file_s_stamp(tmp_path: Path) -> None:
    report, recording = load(tmp_path, DMON, name="dmon-20260725-230726.load")
    assert start(recording) == "2026-07-25T23:07:26.000000Z"
    times, power_w = recording.series("gpu_power_w", "gpu1")
    np.testing.assert_array_equal(np.diff(times), [1.0])
    np.testing.assert_array_equal(power_w, [173, 174])
    assert recording.series("memory_temp_c", "gpu0")[1].size == 0
    assert report.rejected == {"pcie_rx_bytes_per_s outside 0..1.4e+11": 1}


def test_dmon_with_dates_needs_no_stamp(tmp_path: Path) -> None:
    header = "#Date Time gpu pwr\n#YYYYMMDD HH:MM:SS Idx W\n"
    text = header + "20260101 23:59:59 0 5\n20260102 00:00:01 0 6\n"
    report, recording = load(tmp_path, text)
    assert start(recording) == "2026-01-01T23:59:59.000000Z"
    assert report.span_s == 2.0


def test_a_map_reads_any_table(tmp_path: Path) -> None:
    _, recording = load_mapped(tmp_path, TABLE)
    np.testing.assert_array_equal(recording.series("gpu_power_w", "gpu0")[1], [100, 200, 300])
    np.testing.assert_array_equal(recording.series("gpu_energy_j", "gpu0")[1], [50, 60, 65])
    assert recording.series("gpu_power_w", "gpu1")[1].size == 0
    np.testing.assert_array_equal(recording.series("gpu_energy_j", "gpu1")[1], [10])


def test_several_logs_become_several_nodes(tmp_path: Path) -> None:
    files = [tmp_path / f"{k}.txt" for k in range(3)]
    for k, file in enumerate(files):
        file.write_text(spl(k, k + 1))
    report = import_files(files, tmp_path / "nodes")
    assert report.rows == 6
    assert Recording(tmp_path / "nodes").ids("node") == ("node0", "node1", "node2")
    for file in files:
        file.write_text(DCGM)
    import_files(files, tmp_path / "gpus")
    assert Recording(tmp_path / "gpus").ids("gpu")[:3] == (
        "node0-gpu0",
        "node0-gpu1",
        "node1-gpu0",
    )


def test_gzip_and_windows_text_read_as_plain(tmp_path: Path) -> None:
    _, plain = load(tmp_path, SMI)
    (tmp_path / "z.gz").write_bytes(gzip.compress(SMI.replace("\n", "\r\n").encode()))
    (tmp_path / "w.csv").write_bytes(SMI.encode("utf-16"))
    for name in ("z.gz", "w.csv"):
        import_files([tmp_path / name], tmp_path / f"{name}-out")
        assert Recording(tmp_path / f"{name}-out").sha256 == plain.sha256


def test_a_repeated_time_keeps_the_first_reading(tmp_path: Path) -> None:
    report, recording = load(tmp_path, spl(5, 6, 7).replace("08:23:01", "08:23:00"))
    assert report.rejected == {"repeated time": 1}
    np.testing.assert_array_equal(recording.series("node_power_w", "node0")[1], [5, 7])


def test_a_last_row_that_a_kill_cut_short_is_left_out(tmp_path: Path) -> None:
    report, _ = load(tmp_path, DCGM + "1775006190.4,warm,0,7")
    assert report.rows == 4
    assert report.rejected["half-written last row"] == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            spl(1, 2, 3).replace("Watts,2", "Watts,oops"),
            r"row 2: Watts: expected a number, got 'oops'",
        ),
        (spl(1, 2, 3).replace("08:23:01", "08:22:01"), r"row 2: time runs backwards"),
        (spl(1, 2).replace("07-24-2024 08:23:01", "yesterday"), r"row 2: Time: expected a date"),
        (spl(1, 2) + "junk," * 14 + "\n", r"row 3: expected Time in cell 1"),
        (DCGM.replace("74.0", "warm"), r"row 4: power_w: expected a number, got 'warm'"),
        (DCGM.replace("74.0", "inf"), r"row 4: power_w: expected a finite number"),
        (DCGM.replace("190.374", "190.001"), r"row 5: time runs backwards"),
        (DCGM.replace("1,,", "1,"), r"row 3: expected 8 cells"),
        (DCGM.replace("made_up", "energy_j"), r"row 1: energy_j: a second column for gpu_energy_j"),
        (SMI.replace("71.50 W", "71.50 V"), r"row 4: power.draw \[W\]: expected a number"),
        (SMI.replace("2026/04/25 16:06:07", "16:06:07"), r"row 4: timestamp: expected a date"),
        (DMON.replace("173", "hot"), r"row 4: pwr: expected a number or -, got 'hot'"),
        (DMON.replace("-      0      7", "-      0", 1), r"row 3: expected 6 cells, got 5"),
        (MLLOG.format('"much"'), r"row 3: expected time_ms and a number"),
        (MLLOG.format(1).replace("40266", "30266"), r"row 2: time runs backwards"),
        (TABLE, r"format not recognised"),
        ("", r"format not recognised"),
    ],
)
def test_a_bad_log_is_named_and_leaves_nothing(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "log.txt"))
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["log.txt"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("column: power,", "colum: power,", r"signals.gpu_power_w.col"),
        ("gpu_power_w", "gpu_pwr", "signals.gpu_pwr: expected the name of a signal"),
        ("unit: mW", "unit: degC", "degC measures temperature, expected a power"),
        ("unit: mW", "unit: hp", "signals.gpu_power_w.unit: expected one of W kW"),
        ("unit: ms", "unit: days", "time.unit"),
        ("{column: who, prefix: gpu}", "{prefix: gpu}", "id: expected either column or value"),
        ("gpu_energy_j", "node_power_w", "signals"),
    ],
)
def test_a_bad_map_is_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(InputError, match=rf"map\.yaml: .*{complaint}"):
        load_mapped(tmp_path, TABLE, MAP.replace(old, new))


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"log\.txt: no column 'watts', expected one of when"):
        load_mapped(tmp_path, TABLE, MAP.replace("column: power", "column: watts"))


def test_bad_requests_are_named(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(TABLE)
    with pytest.raises(InputError, match="needs a map"):
        import_files([tmp_path / "log.txt"], tmp_path / "out", format="csv")
    with pytest.raises(InputError, match="unknown format 'xls'"):
        import_files([tmp_path / "log.txt"], tmp_path / "out", format="xls")
    with pytest.raises(InputError, match="unknown zone 'Moon/Base'"):
        import_files([tmp_path / "log.txt"], tmp_path / "out", zone="Moon/Base")
    with pytest.raises(InputError, match=r"gone.txt: cannot be read"):
        import_files([tmp_path / "gone.txt"], tmp_path / "out")
    with pytest.raises(InputError, match="new or empty folder"):
        import_files([tmp_path / "log.txt"], tmp_path)
    assert not (tmp_path / "out").exists()
