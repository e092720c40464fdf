"""Raw YAML of drafted rack models, made from shipped ones."""

import re
from typing import Any

from site_models.kinds.node import Node


def scaled(figure: dict[str, Any], share: float, key: str) -> dict[str, Any]:
    """Return a figure of another model times a share, as an estimate."""
    note = f"{share:g} times that of {key}"
    return {**figure, "value": figure["value"] * share, "basis": "estimated", "note": note}


def other_trays(nodes: list[dict[str, Any]], key: str, rack: str) -> list[dict[str, Any]]:
    """Return the trays of a rack-scale system that no inventory lists, one entry each."""
    return [
        {"model": entry["model"], "count": 1, "prefix": f"{rack}-{entry['prefix']}{number}"}
        for entry in nodes
        if entry["model"] != key
        for number in range(entry["count"])
    ]


def stack(raw: dict[str, Any], nodes: list[Node], power_w: float) -> None:
    """Set rating, height and mass of a rack of servers from what stands in it."""
    raw["rating_w"] = {
        **raw["rating_w"],
        "value": power_w,
        "unit": "W",
        "basis": "computed",
        "source": "E",
        "note": "sum of the ratings of its nodes",
    }
    raw["mass_kg"] = {**raw["mass_kg"], "value": 130 + 130 * len(nodes), "unit": "kg"}
    tall_mm = round(1e3 * sum(float(node.height_m) for node in nodes)) + 200
    if tall_mm > raw["height_m"]["value"]:
        raw["height_m"] = {**raw["height_m"], "value": tall_mm, "note": "what stands in it"}


def file_name(name: str) -> str:
    """Return a rack's name with what a file cannot carry replaced."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("._-") or "rack"


def unused(model: str, entries: dict[str, dict[str, Any]]) -> str:
    """Return the key of a rack model that no entry has yet."""
    number, key = 1, model
    while f"rack/{key}" in entries:
        number += 1
        key = f"{model}-{number}"
    return key
