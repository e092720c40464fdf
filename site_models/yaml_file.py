"""Strict YAML in, validated models out; every complaint is one line with file and key."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from site_models.complaints import complaint
from site_models.errors import InputError

M = TypeVar("M", bound=BaseModel)


class _UniqueKeys(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """Safe loader that refuses a key given twice: plain YAML keeps the last one in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key!r} given twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return dict(super().construct_mapping(node, deep=deep))


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file; InputError if there is none or it does not parse."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({_reason(error)})") from None
    try:
        return yaml.load(text, Loader=_UniqueKeys)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"{path}: line {line}: {error.problem}") from None
    except yaml.YAMLError:
        raise InputError(f"{path}: expected YAML text") from None


def validated(model: type[M], raw: Any, path: Path) -> M:
    """Return the model of some raw YAML; InputError naming file and key otherwise."""
    if not isinstance(raw, dict):
        raise InputError(f"{path}: expected a mapping of keys, got {type(raw).__name__}")
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        said = complaint(error.errors(include_url=False), model)
        raise InputError(f"{path}: {said}") from None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or "not UTF-8 text"
