"""Equal parts of a site written once: `repeat: {index: n, count: 14, step_m: [0, 40]}`.

A mapping in a list that has the key stands for `count` copies. In each, `{n}` in any text
becomes the copy's number, from `first` or 1 (`{n:02d}` pads it), and its own `at_m` moves by
the step. With `wrap: 7, wrap_step_m: [0, 50]` every seventh copy begins a new line there.
"""

import re
from typing import Any

from site_models.errors import InputError

_KEYS = {"index", "count", "first", "step_m", "wrap", "wrap_step_m"}


def expanded(raw: Any, where: str) -> Any:
    """Return raw YAML with every repeat written out; InputError naming the place."""
    if isinstance(raw, dict):
        return {key: expanded(item, f"{where}: {key}") for key, item in raw.items()}
    if not isinstance(raw, list):
        return raw
    out: list[Any] = []
    for position, item in enumerate(raw):
        if isinstance(item, dict) and "repeat" in item:
            copies = _copies(item, f"{where}.{position}")
        else:
            copies = [item]
        out.extend(expanded(copy, f"{where}.{position}") for copy in copies)
    return out


def _copies(item: dict[str, Any], where: str) -> list[dict[str, Any]]:
    rule = item["repeat"]
    if not isinstance(rule, dict) or not set(rule) <= _KEYS or "count" not in rule:
        raise InputError(f"{where}.repeat: expected index, count, first and step_m")
    count, index = rule["count"], rule.get("index", "n")
    step_m = rule.get("step_m", [0.0, 0.0])
    if not isinstance(count, int) or not 1 <= count <= 100_000:
        raise InputError(f"{where}.repeat.count: expected a whole number from 1, got {count!r}")
    first = rule.get("first", 1)
    if not isinstance(first, int):
        raise InputError(f"{where}.repeat.first: expected a whole number, got {first!r}")
    if not isinstance(index, str) or not index.isidentifier():
        raise InputError(f"{where}.repeat.index: expected a letter, got {index!r}")
    step_x, step_y = _pair(step_m, f"{where}.repeat.step_m")
    wrap = rule.get("wrap", count)
    if not isinstance(wrap, int) or wrap < 1:
        raise InputError(f"{where}.repeat.wrap: expected a whole number from 1, got {wrap!r}")
    line_x, line_y = _pair(rule.get("wrap_step_m", [0.0, 0.0]), f"{where}.repeat.wrap_step_m")
    body = {key: value for key, value in item.items() if key != "repeat"}
    pattern = re.compile(r"\{" + index + r"(?::(\d+)d)?\}")
    copies = []
    for shift in range(count):
        copy = _written(body, pattern, first + shift)
        if "at_m" in copy:
            x, y = _pair(copy["at_m"], f"{where}.at_m")
            line, place = divmod(shift, wrap)
            x += place * step_x + line * line_x
            copy["at_m"] = [x, y + place * step_y + line * line_y]
        copies.append(copy)
    return copies


def _pair(raw: Any, where: str) -> tuple[float, float]:
    if isinstance(raw, list) and len(raw) == 2 and all(isinstance(x, int | float) for x in raw):
        return raw[0], raw[1]
    raise InputError(f"{where}: expected [x, y], got {raw!r}")


def _written(raw: Any, pattern: re.Pattern[str], number: int) -> Any:
    if isinstance(raw, str):
        return pattern.sub(lambda match: f"{number:0{match.group(1) or 1}d}", raw)
    if isinstance(raw, dict):
        return {key: _written(item, pattern, number) for key, item in raw.items()}
    if isinstance(raw, list):
        return [_written(item, pattern, number) for item in raw]
    return raw
