"""The equipment catalog: YAML files under `catalog/<kind>/`, one a model.

A folder of the user's own with the same layout is read beside the shipped one; a model of
the same name there takes precedence. Kinds are the files of `site_models/kinds`.
"""

import importlib
import os
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from site_models import kinds
from site_models.errors import InputError
from site_models.figure import Equipment, Figure, Strict
from site_models.yaml_file import read_yaml, validated

SHIPPED = Path(__file__).parent / "catalog"
USER_FOLDERS_VARIABLE = "TWIN_CATALOG"
"""Environment variable with further catalog folders, separated like PATH."""

E = TypeVar("E", bound=Equipment)


class Source(Strict):
    """Where a number was read."""

    title: str
    url: str = ""
    note: str = ""


def find_kinds() -> dict[str, type[Equipment]]:
    """Return the schema of each equipment kind, by the name of its folder."""
    found = {}
    for module in pkgutil.iter_modules(kinds.__path__):
        found[module.name] = importlib.import_module(f"{kinds.__name__}.{module.name}").MODEL
    return found


@dataclass(slots=True)
class Catalog:
    """Models by kind and name, each file read when it is first asked for."""

    folders: Sequence[Path]
    _read: dict[tuple[str, str], Equipment] = field(default_factory=dict)

    def get(self, schema: type[E], name: str) -> E:
        """Return a model; InputError if no folder has it or its file is not valid."""
        kind = schema.__module__.rpartition(".")[2]
        if (kind, name) not in self._read:
            path = self._path(kind, name)
            model = validated(schema, read_yaml(path), path)
            _check_sources(model, self.sources(), path)
            self._read[kind, name] = model
        found = self._read[kind, name]
        assert isinstance(found, schema)
        return found

    def names(self, kind: str) -> list[str]:
        """Return the names of the models of a kind, sorted."""
        return sorted({p.stem for folder in self.folders for p in folder.glob(f"{kind}/*.yaml")})

    def used(self) -> dict[str, object]:
        """Return the content of every model that was asked for, by kind and name."""
        return {
            f"{kind}/{name}": model.model_dump(mode="json")
            for (kind, name), model in sorted(self._read.items())
        }

    def sources(self) -> dict[str, Source]:
        """Return the sources that figures may name."""
        found: dict[str, Source] = {}
        for folder in reversed(self.folders):
            path = folder / "sources.yaml"
            if path.exists():
                raw = read_yaml(path)
                found |= {key: validated(Source, entry, path) for key, entry in raw.items()}
        return found

    def _path(self, kind: str, name: str) -> Path:
        for folder in self.folders:
            path = folder / kind / f"{name}.yaml"
            if path.is_file():
                return path
        known = ", ".join(self.names(kind)) or "none"
        raise InputError(f"catalog/{kind}/{name}.yaml: no such model, expected one of: {known}")


def open_catalog(folders: Sequence[Path] = ()) -> Catalog:
    """Return the catalog of the given folders, those of TWIN_CATALOG and the shipped one."""
    named = [Path(p) for p in os.environ.get(USER_FOLDERS_VARIABLE, "").split(os.pathsep) if p]
    for folder in (*folders, *named):
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder, expected a catalog")
    return Catalog((*folders, *named, SHIPPED))


def figures_of(model: Strict, prefix: str = "") -> dict[str, Figure]:
    """Return every figure of a model by its dotted key."""
    found: dict[str, Figure] = {}
    for key in type(model).model_fields:
        value = getattr(model, key)
        if isinstance(value, Figure):
            found[prefix + key] = value
        elif isinstance(value, Strict):
            found |= figures_of(value, f"{prefix}{key}.")
        elif isinstance(value, tuple):
            for n, part in enumerate(value):
                if isinstance(part, Strict):
                    found |= figures_of(part, f"{prefix}{key}.{n}.")
    return found


def _check_sources(model: Equipment, sources: dict[str, Source], path: Path) -> None:
    for key, figure in figures_of(model).items():
        if figure.source not in sources:
            raise InputError(
                f"{path}: {key}: source {figure.source!r} is not in sources.yaml,"
                " expected a key of it"
            )
