"""Files become a package: a fresh folder, checked, renamed into place, with a manifest."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from aicmo.errors import PackageFileInvalid
from aicmo.packaging.archive import SUMS, checksums, slug, write_archive
from aicmo.packaging.brand import theme_for
from aicmo.packaging.composition import compose
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.folders import fresh_folder
from aicmo.packaging.made_once import sha256_of
from aicmo.packaging.package_files import PackageFile, media_type, of_format
from aicmo.packaging.quality.gate import check_quality
from aicmo.packaging.rendered import tool_versions
from aicmo.packaging.rendering import (
    FILE_NAMES,
    Format,
    RenderedFormat,
    content_sha256,
)
from aicmo.packaging.translation import translation
from aicmo.storage.contract import PackageStore, StoredFile, content_key

MANIFEST = "manifest.json"
_PDF_STANDARDS = "Made as PDF/A-3a and PDF/UA-1 and reopened by us; no certificate"
_UPLOADS_AT_ONCE = 4
_Part = tuple[str, Path, str]
"""Relative name, file, SHA-256."""


@dataclass(frozen=True)
class BuiltPackage:
    """A complete folder; `manifest` is what its manifest.json says.

    findings: of the quality gate. They may name other clients, so no file of the package has them.
    archive: the ZIP of all its files, beside the folder: name to download it by, file, size, sha256.
    """

    project_id: str
    client: str
    folder: Path
    manifest: dict[str, Any]
    reused: bool
    findings: tuple[Mapping[str, str], ...] = ()
    archive: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def identity(self) -> str:
        """SHA-256 of manifest.json."""
        return hashlib.sha256(_text(self.manifest).encode()).hexdigest()

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
    companions: Sequence[PackageFile] = (),
) -> BuiltPackage:
    """Builds the package's folder and its ZIP; the same files and failures give the same bytes.

    Args:
        content: what the files were made from.
        rendered: the formats that are there.
        failures: reason by format or name of a companion, for those that aren't.
        output_dir: packages go to `packages/<project>/v<plan version>-<identity>` under it.
        companions: the other files.

    Raises:
        PackageFileInvalid: a file changed while it was copied.
    """
    say = translation(content.document.language)
    files = [*(of_format(each, say) for each in rendered), *companions]
    outline = compose(content)
    manifest = _manifest(content, outline.status, files, failures)
    text = _text(manifest)
    identity = hashlib.sha256(text.encode()).hexdigest()[:12]
    place = output_dir / "packages" / content.document.id
    folder = place / f"v{content.plan_version}-{identity}"
    is_complete = partial(_is_complete, text=text, manifest=manifest)
    reused = is_complete(folder)
    if not reused:
        with fresh_folder(folder, is_complete) as building:
            _fill(building, files, text)
    return BuiltPackage(
        project_id=content.document.id,
        client=content.document.brand.name,
        folder=folder,
        manifest=manifest,
        reused=reused,
        findings=tuple(asdict(each) for each in check_quality(content, outline)),
        archive=_archive(content, folder, manifest),
    )


def store_package(package: BuiltPackage, store: PackageStore) -> tuple[StoredFile, ...]:
    """Puts every file of the package into the store, the manifest last: it means `complete`.

    Raises:
        StoreRefused: the store refused a file.
        FixConfiguration: the store can't be reached as configured.
    """

    def put(part: _Part) -> StoredFile:
        name, path, sha256 = part
        base = PurePosixPath(name).name
        return store.put(
            content_key(package.project_id, sha256, base),
            path,
            sha256=sha256,
            media_type=media_type(name),
            download_name=f"{package.client} - {base}",
        )

    with ThreadPoolExecutor(max_workers=_UPLOADS_AT_ONCE) as pool:
        stored = tuple(pool.map(put, _parts(package)))
    manifest = package.folder / MANIFEST
    return (*stored, put((MANIFEST, manifest, sha256_of(manifest))))


def _parts(package: BuiltPackage) -> Iterator[_Part]:
    for entry in package.manifest["files"]:
        yield entry["name"], package.folder / entry["name"], entry["sha256"]
    if package.archive:
        sums = package.folder / SUMS
        yield SUMS, sums, sha256_of(sums)
        archive = package.archive
        yield archive["name"], package.folder.parent / archive["file"], archive["sha256"]


def _manifest(
    content: ProjectContent,
    status: str,
    files: Sequence[PackageFile],
    failures: Mapping[str, str],
) -> dict[str, Any]:
    return {
        "schema_version": 2,
        "project": content.document.id,
        "client": content.document.brand.name,
        "title": content.document.name,
        "language": content.document.language,
        "plan_version": content.plan_version,
        "plan_imported_at": content.imported_at.isoformat(),
        "content_sha256": content_sha256(content),
        "status": status,
        "notes": list(theme_for(content.document.brand).notes),
        "complete": not failures,
        "files": [each.entry() for each in files],
        "missing": [_missing(name, reason) for name, reason in sorted(failures.items())],
        "conformance": {each.name: _PDF_STANDARDS for each in files if each.format == "pdf"},
        "made_with": tool_versions(),
    }


def _missing(name: str, reason: str) -> dict[str, str]:
    file = next((file for format_, file in FILE_NAMES.items() if format_ == name), "")
    return {"format": name if file else "", "name": file or name, "reason": reason}


def _text(manifest: Mapping[str, Any]) -> str:
    return json.dumps(manifest, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _is_complete(folder: Path, text: str, manifest: Mapping[str, Any]) -> bool:
    try:
        same = (folder / MANIFEST).read_text(encoding="utf-8") == text
        same = same and (folder / SUMS).read_text(encoding="utf-8") == _sums(manifest, text)
        return same and all(
            sha256_of(folder / entry["name"]) == entry["sha256"] for entry in manifest["files"]
        )
    except OSError:
        return False


def _fill(building: Path, files: Sequence[PackageFile], manifest: str) -> None:
    for each in files:
        copy = building / each.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(each.path, copy)
        if sha256_of(copy) != each.sha256:
            raise PackageFileInvalid(f"{each.name} changed while the package was built")
    (building / MANIFEST).write_text(manifest, encoding="utf-8")
    (building / SUMS).write_text(_sums(json.loads(manifest), manifest), encoding="utf-8")


def _sums(manifest: Mapping[str, Any], text: str) -> str:
    sums = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
    return checksums(sums | {MANIFEST: hashlib.sha256(text.encode()).hexdigest()})


def _archive(content: ProjectContent, folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    name = slug(content.document.brand.name, content.document.id)
    top = f"{name}-v{content.plan_version}"
    archive = folder.parent / f"{name}-{folder.name}.zip"
    names = [MANIFEST, SUMS, *(entry["name"] for entry in manifest["files"])]
    write_archive(folder, names, archive, top)
    return {
        "name": f"{top}.zip",
        "file": archive.name,
        "size": archive.stat().st_size,
        "sha256": sha256_of(archive),
    }
