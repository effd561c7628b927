"""The files of a package: each with its title in the client's language and its media type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from aicmo.packaging.rendering import FILE_NAMES, RenderedFormat
from aicmo.packaging.translation import Translation

MEDIA_TYPES: Mapping[str, str] = {
    "": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ics": "text/calendar; charset=utf-8",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".webp": "image/webp",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}


@dataclass(frozen=True, slots=True)
class PackageFile:
    """One file on its way into a package.

    name: where it goes, relative to the package's folder, with forward slashes.
    format: pdf, pptx or html; empty for a companion.
    pages: pages or slides; 0 where there are none.
    warnings: what a person should look at, though the file is good.
    """

    name: str
    path: Path
    title: str
    sha256: str
    format: str = ""
    pages: int = 0
    warnings: tuple[str, ...] = ()

    def entry(self) -> dict[str, Any]:
        """What the manifest says of it; `size` in bytes."""
        return {
            "format": self.format,
            "name": self.name,
            "title": self.title,
            "media_type": media_type(self.name),
            "size": self.path.stat().st_size,
            "pages": self.pages,
            "sha256": self.sha256,
            "warnings": list(self.warnings),
        }


def media_type(name: str) -> str:
    """By the end of a file's name."""
    return MEDIA_TYPES[PurePosixPath(name).suffix]


def of_format(rendered: RenderedFormat, say: Translation) -> PackageFile:
    """A rendered format as a file of the package."""
    titles = {
        "pdf": say.text("Strategy"),
        "pptx": say.text("Presentation"),
        "html": say.text("Summary"),
    }
    return PackageFile(
        name=FILE_NAMES[rendered.format],
        path=rendered.path,
        title=titles[rendered.format],
        sha256=rendered.sha256,
        format=rendered.format,
        pages=rendered.pages,
        warnings=rendered.warnings,
    )
