"""Packages that are stored, without being rendered: what a link leads to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from aicmo.database import Database
from aicmo.models import Package, PackageVisit
from aicmo.packaging.links import NewLink, create_link
from aicmo.packaging.package_files import media_type
from aicmo.storage.contract import PackageStore, content_key
from tests.projects import NOW, imported

FILES = {
    "strategy.pdf": b"%PDF-1.7 the strategy",
    "deck.pptx": b"PK the deck",
    "summary.html": b"<script>alert(1)</script>",
    "data/items.csv": b"id,title\n",
}
ARCHIVE = b"PK all of it"
TITLES = {"strategy.pdf": "Strategy", "deck.pptx": "Presentation", "summary.html": "Summary"}


def stored_package(
    database: Database,
    store: PackageStore,
    folder: Path,
    *,
    project: str = "studio",
    files: Mapping[str, bytes] = FILES,
    status: str = "final",
    title: str = "Studio launch",
    language: str = "en",
    missing: Sequence[str] = (),
    **changes: Any,
) -> Package:
    """A package of a project, with its files in the store; `changes` are the document's.

    missing: names of files that could not be made.
    """
    imported(database, id=project, language=language, **changes)
    entries = [_entry(store, folder, project, name, content) for name, content in files.items()]
    archive = _entry(store, folder, project, f"{project}-v1.zip", ARCHIVE)
    manifest = {"title": title, "language": language, "plan_version": 1, "files": entries}
    manifest["missing"] = [{"format": "", "name": name, "reason": "no ink"} for name in missing]
    with database.write() as session:
        earlier = select(Package.number).where(Package.project_id == project)
        number = len(session.scalars(earlier).all()) + 1
        identity = hashlib.sha256(f"{manifest}{number}".encode()).hexdigest()
        package = Package(
            project_id=project, number=number, identity=identity, plan_version=1, status=status,
            manifest=manifest, archive=archive, built_by="Ann", built_at=NOW,
            store_url=store.url(content_key(project, identity, "manifest.json")),
        )  # fmt: skip
        session.add(package)
    return package


def linked(database: Database, package: Package, days: float = 14) -> NewLink:
    return create_link(
        database, package, expires_in=timedelta(days=days), actor="Ann", recipient="Anna"
    )


def visits(database: Database) -> list[tuple[str, str]]:
    """Kind and file of every visit that was counted, in order."""
    with database.read() as session:
        rows = session.execute(
            select(PackageVisit.kind, PackageVisit.file).order_by(PackageVisit.id)
        )
        return [(row[0], row[1]) for row in rows]


def _entry(
    store: PackageStore, folder: Path, project: str, name: str, content: bytes
) -> dict[str, Any]:
    sha256 = hashlib.sha256(content).hexdigest()
    base = name.rpartition("/")[2]
    file = folder / f"{sha256[:8]}-{base}"
    file.write_bytes(content)
    store.put(
        content_key(project, sha256, base), file, sha256=sha256, media_type=media_type(name),
        download_name=name,
    )  # fmt: skip
    return {
        "name": name, "title": TITLES.get(name, name), "media_type": media_type(name),
        "size": len(content), "pages": 12 if name.endswith(".pdf") else 0, "sha256": sha256,
    }  # fmt: skip
