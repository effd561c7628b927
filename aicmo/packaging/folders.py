"""Folders that are either complete or not there."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"


@contextmanager
def fresh_folder(place: Path, is_complete: Callable[[Path], bool]) -> Generator[Path]:
    """A new folder beside `place`; renamed to `place` at the end, removed if anything fails.

    A complete folder is never taken away: two builds of the same content may end at the same time,
    and the second, which finds the first's folder, leaves it to its readers.

    Args:
        place: where the folder will be.
        is_complete: whether a folder at `place` is what this build would put there.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=place.parent, prefix=".building-"))
    try:
        yield building
        building.chmod(0o755)
        with _one_at_a_time(place.parent):
            if not is_complete(place):
                _put(building, place)
    finally:
        shutil.rmtree(building, ignore_errors=True)


@contextmanager
def _one_at_a_time(folder: Path) -> Generator[None]:
    # Without it, a build could take another's finished folder for the damaged one it saw before.
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _put(building: Path, place: Path) -> None:
    try:
        building.rename(place)
    except OSError:
        if not place.is_dir():
            raise
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".old-") as aside:
            place.rename(Path(aside) / place.name)
            building.rename(place)
