"""Sources by their scheme: each is one file of `telemetry/sources`."""

import importlib
import pkgutil
from typing import Any

from site_models.errors import InputError
from telemetry import sources


def find_sources() -> dict[str, Any]:
    """Return the source modules by scheme: files of `telemetry/sources` with a SCHEME."""
    modules = [
        importlib.import_module(f"{sources.__name__}.{found.name}")
        for found in pkgutil.iter_modules(sources.__path__)
    ]
    return {module.SCHEME: module for module in modules if hasattr(module, "SCHEME")}


def source_of(scheme: str) -> Any:
    """Return the module of a scheme; InputError naming those there are.

    A file with the scheme's own name is imported alone, so that who records with one driver
    needs no other.
    """
    names = {found.name for found in pkgutil.iter_modules(sources.__path__)}
    name = scheme.replace("-", "_")
    if name in names:
        module = importlib.import_module(f"{sources.__name__}.{name}")
        if getattr(module, "SCHEME", None) == scheme:
            return module
    found = find_sources()
    if scheme not in found:
        raise InputError(f"source {scheme!r}: expected one of: {', '.join(sorted(found))}")
    return found[scheme]


def is_live(module: Any) -> bool:
    """Return whether a source paces itself by the clock: LIVE in its file."""
    return bool(getattr(module, "LIVE", False))
