"""What a bad site file gets told: one line with the file, the key and what was expected."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.site import SHIPPED

Change = Callable[[dict[str, Any]], None]
PILOT = (SHIPPED / "pilot.yaml").read_text()


def put(value: Any, *path: str | int) -> Change:
    """Return a change that sets one key of the raw site."""

    def change(raw: Any) -> None:
        for key in path[:-1]:
            raw = raw[key]
        raw[path[-1]] = value

    return change


def drop(*path: str | int) -> Change:
    """Return a change that takes one key out of the raw site."""

    def change(raw: Any) -> None:
        for key in path[:-1]:
            raw = raw[key]
        del raw[path[-1]]

    return change


def more(item: dict[str, Any], *path: str | int) -> Change:
    """Return a change that adds an item to a list of the raw site."""

    def change(raw: Any) -> None:
        for key in path:
            raw = raw[key]
        raw.append(item)

    return change


def complaint(text: str, folder: Path, catalogs: tuple[Path, ...] = ()) -> str:
    """Return what compiling a site of that text says; one line that names the file."""
    path = folder / "broken.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        compile_site(str(path), catalogs)
    said = str(error.value)
    assert "\n" not in said
    assert said.startswith(str(path))
    return said.removeprefix(str(path))


RACK = ("halls", 0, "rows", 0, "racks", 0)
CDU = ("halls", 0, "cdus", 0)
WATER = ("facility_water", 0)
SPARE_FEED = {"name": "spare", "stage": "busway", "rating_w": 1e5, "parent": "utility"}
BAD = {
    "a misspelt key": (
        put(1.0, *WATER, "suply_setpoint_c"),
        r"facility_water\.0\.suply_setpoint_c: unknown key",
    ),
    "a missing key": (
        drop(*CDU, "supply_setpoint_c"),
        r"halls\.0\.cdus\.0\.supply_setpoint_c: missing",
    ),
    "text for a number": (
        put("warm", *WATER, "supply_setpoint_c"),
        r"facility_water\.0\.supply_setpoint_c: .*number",
    ),
    "a number for text": (put(7, "name"), r": name: expected text"),
    "a negative volume": (
        put(-1.0, *WATER, "supply_volume_m3"),
        r"supply_volume_m3: expected a number above 0",
    ),
    "no number at all": (
        put(float("nan"), *WATER, "return_volume_m3"),
        r"return_volume_m3: .*finite number",
    ),
    "a share over one": (
        put(1.5, "halls", 0, "air", "recirculation"),
        r"halls\.0\.air\.recirculation: expected a share 0\.\.1",
    ),
    "half a rack": (put(2.5, *RACK, "count"), r"racks\.0\.count: expected a whole number"),
    "no racks": (put(0, *RACK, "count"), r"racks\.0\.count: expected 1 or more"),
    "no hall": (put([], "halls"), r"halls: .*at least 1"),
    "a CDU that is not there": (
        put("cdu-9", *RACK, "cdu"),
        r"halls\.0\.rows\.0\.racks\.0\.cdu: no cdu 'cdu-9', expected one of: cdu-1, cdu-2",
    ),
    "a liquid rack without CDU": (
        drop(*RACK, "cdu"),
        r"racks\.0\.cdu: missing, expected the CDU of a1",
    ),
    "an unknown feed of racks": (
        put(["pdo"], *RACK, "feeds"),
        r"racks\.0\.feeds: no feed 'pdo', expected one of: .*utility",
    ),
    "no feed of racks": (put([], *RACK, "feeds"), r"racks\.0\.feeds: .*at least 1"),
    "an unknown feed of a pump": (
        put("pdo", *WATER, "pump_feed"),
        r"facility_water\.fws\.pump_feed: no feed 'pdo'",
    ),
    "an unknown feed of coolers": (
        put("pdo", *WATER, "coolers", 0, "feed"),
        r"fws\.coolers\.0\.feed: no feed 'pdo'",
    ),
    "an unknown feed of a CDU": (put("pdo", *CDU, "feed"), r"cdus\.cdu-1\.feed: no feed 'pdo'"),
    "an unknown feed of the fans": (
        put("pdo", "halls", 0, "air", "feed"),
        r"halls\.0\.air\.feed: no feed 'pdo'",
    ),
    "an unknown parent": (
        put("grid", "feeds", 2, "parent"),
        r"feeds\.ups\.parent: no feed 'grid', expected one of: utility",
    ),
    "a feed that feeds itself": (
        put("ups", "feeds", 2, "parent"),
        r"feeds: .*ups.* feed one another, expected a tree",
    ),
    "a ring of feeds": (
        put("mechanical-ups", "feeds", 1, "parent"),
        r"feeds: .*switchboard.*ups.* feed one another",
    ),
    "a feed twice": (
        more({**SPARE_FEED, "name": "ups"}, "feeds"),
        r"feeds: feed 'ups' given twice",
    ),
    "a rack twice": (put("a1", *RACK, "name"), r"racks\.0\.name: rack 'a1' given twice"),
    "a CDU twice": (put("cdu-2", *CDU, "name"), r"cdus\.cdu-2\.name: cdu 'cdu-2' given twice"),
    "a CRAH twice": (
        put("crah-2", "halls", 0, "crahs", 0, "name"),
        r"crahs\.crah-2\.name: crah 'crah-2' given twice",
    ),
    "a row twice": (
        put("row-b", "halls", 0, "rows", 0, "name"),
        r"halls\.0\.rows\.1\.name: row 'row-b' given twice",
    ),
    "facility water twice": (
        put("chw", *WATER, "name"),
        r"facility_water\.chw\.name: facility water 'chw' given twice",
    ),
    "an unknown facility water": (
        put("fws9", *CDU, "facility_water"),
        r"cdu-1\.facility_water: no facility water 'fws9', expected one of: fws, chw",
    ),
    "an unknown fluid's temperature": (
        put(400.0, *WATER, "supply_setpoint_c"),
        r"fws\.supply_setpoint_c: 405 C, expected .* for water",
    ),
    "something out of service that is not there": (
        put(["cdu-1", "cdu-7"], "out_of_service"),
        r"out_of_service\.1: nothing is named 'cdu-7'",
    ),
    "too many racks for a CDU": (
        put(12, *RACK, "count"),
        r"cdus\.cdu-1: \d+ kW of rated load, expected at most 1368 kW",
    ),
    "no room units": (
        put([], "halls", 0, "crahs"),
        r"halls\.hall: \d+ kW of rated load, expected at most 0 kW",
    ),
    "too little heat rejection": (
        put([], *WATER, "coolers"),
        r"facility_water\.fws: \d+ kW of rated load, expected at most 471 kW",
    ),
    "too small a UPS": (
        put(1.0e6, "feeds", 2, "rating_w"),
        r"feeds\.ups: \d+ kW of rated load, expected at most 1000 kW",
    ),
    "a CDU colder than its water": (
        put(34.0, *CDU, "supply_setpoint_c"),
        r"cdu-1: setpoint 34 C, expected above the 35 C that fws supplies",
    ),
    "air colder than its water": (
        put(15.0, "halls", 0, "air", "supply_setpoint_c"),
        r"crah-1: setpoint 15 C, expected above the 17 C that chw supplies",
    ),
    "a pattern of names without end": (put({"node": "{rack-{i}"}, "naming"), r"naming\.node: "),
    "a pattern of names with an unknown part": (
        put({"gpu": "{host}-{j}"}, "naming"),
        r"naming\.gpu: ",
    ),
    "GPUs of one name": (put({"gpu": "gpu{j}"}, "naming"), r"naming\.gpu: 'gpu0' given twice"),
    "nodes of one name": (put({"node": "n{i}"}, "naming"), r"node 'n0' given twice"),
    "a place that is no number": (
        put([float("inf"), 4.2], *CDU, "at_m"),
        r"cdus\.0\.at_m\.0: .*finite number",
    ),
    "a place of one number": (put([4.2], *CDU, "at_m"), r"cdus\.0\.at_m"),
    "a CRAH named as a cooler": (
        put("fws-cooler1", "halls", 0, "crahs", 0, "name"),
        r"cdus, crahs, coolers, towers, economisers: 'fws-cooler1' given twice",
    ),
    "a hall named as water": (
        put("fws", "halls", 0, "name"),
        r"halls, facility_water, cdus: 'fws' given twice",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_site_gets_one_line_with_file_and_key(case: str, tmp_path: Path) -> None:
    change, expected = BAD[case]
    raw = yaml.safe_load(PILOT)
    change(raw)
    assert re.search(expected, complaint(yaml.safe_dump(raw, sort_keys=False), tmp_path))


def test_the_shipped_file_itself_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "copy.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(PILOT)))
    assert len(compile_site(str(path)).gpu_names) == 832


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: pilot\n", "name: pilot\nname: other\n", r"line 3: key 'name' given twice"),
        ("name: pilot\n", "name: [pilot\n", r"line \d+: "),
        ("name: pilot\n", "name: \tpilot: x\n", r"line \d+: "),
    ],
)
def test_text_that_is_no_site_names_its_line(
    old: str, new: str, expected: str, tmp_path: Path
) -> None:
    assert re.search(expected, complaint(PILOT.replace(old, new, 1), tmp_path))


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "42\n"])
def test_a_file_without_keys_is_told_so(text: str, tmp_path: Path) -> None:
    assert "expected a mapping of keys" in complaint(text, tmp_path)


def test_a_site_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(InputError, match=r"piloti: no such site, .* campus-100k, .*pilot"):
        compile_site("piloti")


def test_an_unknown_model_names_the_models_of_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(PILOT.replace("model: xdu1350", "model: xdu1530"))
    with pytest.raises(InputError) as error:
        compile_site(str(path))
    said = str(error.value)
    assert re.search(r"catalog/cdu/xdu1530\.yaml: no such model, expected one of: .*xdu1350", said)


def test_a_negative_resistance_in_the_user_s_catalog_is_named(tmp_path: Path) -> None:
    shipped = SHIPPED.parent / "catalog" / "gpu" / "gb200_gpu.yaml"
    raw = yaml.safe_load(shipped.read_text())
    raw["liquid"]["die_resistance_k_per_w"]["value"] = -0.012
    own = tmp_path / "mine" / "gpu" / "gb200_gpu.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(yaml.safe_dump(raw))
    with pytest.raises(InputError) as error:
        compile_site("pilot", [tmp_path / "mine"])
    assert str(error.value) == (
        f"{own}: liquid.die_resistance_k_per_w: expected a number above 0, got -0.012"
    )


def test_a_catalog_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: no such folder, expected a catalog"):
        compile_site("pilot", [tmp_path / "nowhere"])


REPEATS = {
    "a count of text": ({"count": "many"}, r"repeat\.count: expected a whole number from 1"),
    "no count": ({"index": "n"}, r"repeat: expected index, count, first and step_m"),
    "a misspelt key": ({"count": 2, "steps": [0, 1]}, r"repeat: expected index, count, first"),
    "no mapping": (3, r"repeat: expected index, count, first and step_m"),
    "a first of text": ({"count": 2, "first": "a"}, r"repeat\.first: expected a whole number"),
    "a step of one number": ({"count": 2, "step_m": [1.0]}, r"repeat\.step_m: expected \[x, y\]"),
    "a step of text": ({"count": 2, "step_m": ["a", "b"]}, r"repeat\.step_m: expected \[x, y\]"),
    "a wrap of none": ({"count": 2, "wrap": 0}, r"repeat\.wrap: expected a whole number from 1"),
    "an index of words": ({"count": 2, "index": "the row"}, r"repeat\.index: expected a letter"),
}


@pytest.mark.parametrize("case", REPEATS)
def test_a_bad_repeat_is_named_with_its_place(case: str, tmp_path: Path) -> None:
    rule, expected = REPEATS[case]
    raw = yaml.safe_load(PILOT)
    raw["halls"][0]["cdus"][0]["repeat"] = rule
    assert re.search(expected, complaint(yaml.safe_dump(raw, sort_keys=False), tmp_path))


def test_a_repeat_of_things_without_a_proper_place_is_named(tmp_path: Path) -> None:
    raw = yaml.safe_load(PILOT)
    raw["halls"][0]["cdus"][0] |= {"repeat": {"count": 2}, "at_m": "here"}
    said = complaint(yaml.safe_dump(raw, sort_keys=False), tmp_path)
    assert "at_m" in said
