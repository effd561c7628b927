"""Files that are made once: kept in a folder that is named by what they were made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from aicmo.packaging.folders import fresh_folder

NOTE = "note.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder of files that are as they were made.

    titles, sha256: of each file, by its name in the folder.
    """

    folder: Path
    titles: Mapping[str, str]
    sha256: Mapping[str, str]
    reused: bool


def made_once(place: Path, make: Callable[[Path], Mapping[str, str]]) -> Kept:
    """What `make` writes, or what it wrote into `place` before, if that is still whole.

    Args:
        place: the folder; its name says what the files are made from.
        make: writes files into the folder it is given, and returns their titles by name.
    """
    if kept := _whole(place):
        return kept
    with fresh_folder(place, lambda folder: bool(_whole(folder))) as folder:
        titles = dict(make(folder))
        sums = {name: sha256_of(folder / name) for name in titles}
        note = json.dumps({"titles": titles, "sha256": sums}, ensure_ascii=False)
        (folder / NOTE).write_text(note, encoding="utf-8")
    return Kept(place, titles, sums, reused=False)


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_value(value: Any) -> str:
    """Hex SHA-256 of a value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def program_sha256() -> str:
    """Over the files of packaging: what another program made must not be taken for its own."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(file.relative_to(folder).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _whole(place: Path) -> Kept | None:
    try:
        note = json.loads((place / NOTE).read_text(encoding="utf-8"))
        sums: dict[str, str] = note["sha256"]
        if all(sha256_of(place / name) == sha256 for name, sha256 in sums.items()):
            return Kept(place, note["titles"], sums, reused=True)
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        pass
    return None
