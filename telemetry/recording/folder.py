"""The folder of a recording: made, written to and cleared without ever leaving half a file."""

import fcntl
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
    """Write a file so that its name never stands for half of it, even after a power cut.

    Where it cannot be written, OSError is raised and nothing of it is left.
    """
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        put_in_place(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def sync(file: Path) -> None:
    """Wait until what was written to a file is on the disk."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_in_place(temporary: Path, path: Path) -> None:
    """Give a synced file its final name, for good."""
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def hold(folder: Path) -> int | None:
    """Return a descriptor by which this process alone records here; None if another does.

    The lock is on the folder itself and ends with the process, however that ends.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_held(folder: Path) -> bool:
    """Say whether a process is recording into the folder now."""
    descriptor = hold(folder)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


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
