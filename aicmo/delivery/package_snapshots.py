"""A package to compare: by its number, its folder or its manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aicmo.database import Database
from aicmo.delivery.package_rows import load_package
from aicmo.errors import FixInput, StoreRefused
from aicmo.models import Package
from aicmo.packaging.assembly import MANIFEST
from aicmo.packaging.comparison import Snapshot
from aicmo.packaging.made_once import sha256_of
from aicmo.settings import get_settings
from aicmo.storage.contract import content_key
from aicmo.storage.opening import open_store

_DATA = "data/project.json"


def snapshot_at(path: Path) -> Snapshot:
    """The package in a folder, or of a manifest.json; what the quality gate found isn't in it.

    Raises:
        FixInput: there is none, or it is one of an older form, without its data.
    """
    folder = path.parent if path.name == MANIFEST else path
    return Snapshot(_read(folder / MANIFEST), _read(folder / _DATA))


def snapshot_of(database: Database, project_id: str, number: int) -> Snapshot:
    """A package of a project by its number, from the output folder or else from the store.

    Raises:
        FixInput: the project has no such package, or its data isn't kept anywhere.
    """
    with database.read() as session:
        row = load_package(session, project_id, number)
    entries = {entry["name"]: entry for entry in row.manifest["files"]}
    if _DATA not in entries:
        raise FixInput(f"Package {number} of {project_id} has no {_DATA} to compare")
    data = json.loads(_data(row, entries[_DATA]["sha256"]))
    return Snapshot(row.manifest, data, row.findings)


def _data(row: Package, sha256: str) -> bytes:
    folder = get_settings().output_dir / "packages" / row.project_id
    file = folder / f"v{row.plan_version}-{row.identity[:12]}" / _DATA
    if file.is_file() and sha256_of(file) == sha256:
        return file.read_bytes()
    store = open_store(get_settings().packages_folder_or_url())
    try:
        return store.read(content_key(row.project_id, sha256, "project.json"))
    except StoreRefused:
        raise FixInput(
            f"The data of package {row.number} of {row.project_id} isn't kept here",
            next_step="Name the package's folder instead of its number.",
        ) from None


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FixInput(
            f"{file} isn't there", next_step="Name a package's folder or its manifest.json."
        ) from None
    except (OSError, ValueError) as error:
        raise FixInput(f"{file} can't be read: {error}") from None
