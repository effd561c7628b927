"""Folders that are either complete or not there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def fresh_folder(place: Path) -> Generator[Path]:
    """A new folder beside `place`; renamed to `place` at the end, removed if anything fails.

    Two builds of the same content may end at the same time: the second finds the first's folder,
    which has the same files, and leaves it.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=place.parent, prefix=".building-"))
    try:
        yield building
        building.chmod(0o755)
        _replace(building, place)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _replace(building: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    try:
        building.rename(place)
    except OSError:
        if not place.is_dir():
            raise
