"""The site `workstation` with the GPUs that this host's driver finds."""

import atexit
import functools
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from site_models.errors import InputError
from site_models.inventory.drafted import write_drafted
from site_models.inventory.host_site import HOST_SITE, host_site
from telemetry.finding import source_of


def located(site: str, catalogs: Sequence[Path] = ()) -> tuple[str, tuple[Path, ...]]:
    """Return a site and its catalogs, to be loaded and compiled.

    `workstation` becomes a file of the GPUs found, which lives as long as the process; without
    a driver or a GPU, and for any other site, both are returned as they are.
    """
    found = _found() if site == HOST_SITE else None
    if found is None:
        return site, tuple(catalogs)
    return str(found), (*catalogs, found.parent / "catalog")


@functools.cache
def _found() -> Path | None:
    """Return the drafted site of this host; None where there is nothing to draft from."""
    module = source_of("nvml")
    try:
        gpus = module.host_gpus()
    except InputError:
        return None
    if not gpus:
        return None
    scratch = Path(tempfile.mkdtemp(prefix="twin-host-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    return write_drafted(host_site(gpus), scratch / HOST_SITE)
