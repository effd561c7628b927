"""Files become a package: a fresh folder, checked, renamed into place, with a manifest."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aicmo.errors import PackageFileInvalid
from aicmo.packaging.composition import compose
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.folders import fresh_folder
from aicmo.packaging.rendering import (
    FILE_NAMES,
    MEDIA_TYPES,
    Format,
    RenderedFormat,
    content_sha256,
    sha256_of,
    tool_versions,
)
from aicmo.storage.contract import PackageStore, StoredFile, content_key

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class BuiltPackage:
    """A complete folder; `manifest` is what its manifest.json says."""

    project_id: str
    client: str
    folder: Path
    manifest: dict[str, Any]
    reused: bool

    def path(self, format_: Format) -> Path | None:
        """The file of a format, None if it is missing from the package."""
        name = FILE_NAMES[format_]
        there = any(entry["name"] == name for entry in self.manifest["files"])
        return self.folder / name if there else None


def assemble(
    content: ProjectContent,
    rendered: Sequence[RenderedFormat],
    failures: Mapping[str, str],
    output_dir: Path,
) -> BuiltPackage:
    """Builds the package's folder; the same files and failures give the same folder.

    Args:
        content: what the files were made from.
        rendered: the files that are there.
        failures: reason by format, for those that aren't.
        output_dir: packages go to `packages/<project>/<plan version>-<identity>` under it.

    Raises:
        PackageFileInvalid: a file changed while it was copied.
    """
    manifest = _manifest(content, rendered, failures)
    text = json.dumps(manifest, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    folder = _folder(content, manifest, output_dir)
    brand = content.document.brand.name
    is_complete = partial(_is_complete, text=text, manifest=manifest)
    if is_complete(folder):
        return BuiltPackage(content.document.id, brand, folder, manifest, reused=True)
    with fresh_folder(folder, is_complete) as building:
        _fill(building, rendered, text)
    return BuiltPackage(content.document.id, brand, folder, manifest, reused=False)


def store_package(package: BuiltPackage, store: PackageStore) -> tuple[StoredFile, ...]:
    """Puts every file of the package into the store, the manifest last: it means `complete`.

    Raises:
        StoreRefused: the store refused a file.
        FixConfiguration: the store can't be reached as configured.
    """
    entries = [(entry["name"], entry["sha256"]) for entry in package.manifest["files"]]
    entries.append((MANIFEST, sha256_of(package.folder / MANIFEST)))
    return tuple(
        store.put(
            content_key(package.project_id, sha256, name),
            package.folder / name,
            sha256=sha256,
            media_type=MEDIA_TYPES[name],
            download_name=f"{package.client} - {name}",
        )
        for name, sha256 in entries
    )


def _manifest(
    content: ProjectContent, rendered: Sequence[RenderedFormat], failures: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "project": content.document.id,
        "client": content.document.brand.name,
        "plan_version": content.plan_version,
        "plan_imported_at": content.imported_at.isoformat(),
        "content_sha256": content_sha256(content),
        "status": compose(content).status,
        "complete": not failures,
        "files": [_entry(each) for each in rendered],
        "missing": [
            {"format": name, "reason": reason} for name, reason in sorted(failures.items())
        ],
        "made_with": tool_versions(),
    }


def _entry(rendered: RenderedFormat) -> dict[str, Any]:
    name = FILE_NAMES[rendered.format]
    return {
        "format": rendered.format,
        "name": name,
        "media_type": MEDIA_TYPES[name],
        "size": rendered.size,
        "pages": rendered.pages,
        "sha256": rendered.sha256,
        "warnings": list(rendered.warnings),
    }


def _folder(content: ProjectContent, manifest: Mapping[str, Any], output_dir: Path) -> Path:
    identity = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()[:12]
    name = f"v{content.plan_version}-{identity}"
    return output_dir / "packages" / content.document.id / name


def _is_complete(folder: Path, text: str, manifest: Mapping[str, Any]) -> bool:
    try:
        same = (folder / MANIFEST).read_text(encoding="utf-8") == text
        return same and all(
            sha256_of(folder / entry["name"]) == entry["sha256"] for entry in manifest["files"]
        )
    except OSError:
        return False


def _fill(building: Path, rendered: Sequence[RenderedFormat], manifest: str) -> None:
    for each in rendered:
        copy = building / FILE_NAMES[each.format]
        shutil.copyfile(each.path, copy)
        if sha256_of(copy) != each.sha256:
            raise PackageFileInvalid(f"{copy.name} changed while the package was built")
    (building / MANIFEST).write_text(manifest, encoding="utf-8")
