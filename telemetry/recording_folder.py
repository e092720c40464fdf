"""The folder of a recording: made, written to and cleared without ever leaving half a file."""

import os
import platform
import shutil
from pathlib import Path

from site_models.errors import InputError

TEMPORARY_SUFFIX = ".tmp"


def host_facts() -> dict[str, str]:
    """Return what a manifest says of the machine that recorded."""
    return {
        "name": platform.node(),
        "system": platform.platform(terse=True),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that its name never stands for half of it, even after a power cut."""
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def make_folder(folder: Path) -> bool:
    """Return whether the folder was made here; an empty one may already be there."""
    try:
        if folder.is_dir():
            if any(folder.iterdir()):
                raise InputError(f"{folder}: expected a new or empty folder for the recording")
            return False
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made a folder: {error.strerror}") from error
    return True


def clear_folder(folder: Path, made: bool) -> None:
    """Remove all that the writer put into the folder, and the folder if it made it."""
    for child in folder.iterdir():
        if child.is_dir():
            shutil.rmtree(child)
        else:
            child.unlink()
    if made:
        folder.rmdir()
