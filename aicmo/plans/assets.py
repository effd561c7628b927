"""The files beside a project document that it refers to: logo, cover picture, templates."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from aicmo.errors import FixDocument, FixInput
from aicmo.problems import Problem

if TYPE_CHECKING:
    from aicmo.plans.document import Brand, ProjectDocument

MAX_BYTES = 20 * 1024**2
MAX_PIXELS = 50_000_000
MAX_TEMPLATE_FILES = 40
_PICTURES = ("PNG", "JPEG", "WEBP")


def read_assets(document: ProjectDocument, folder: Path, source: str) -> dict[str, bytes]:
    """The content of every file that the document refers to, by its path there.

    Args:
        document: a checked document.
        folder: where the document's file lies; nothing outside it is read.
        source: the document's name, for errors.

    Raises:
        FixDocument: with the place of every file that is missing or can't be used.
    """
    found: dict[str, bytes] = {}
    problems: list[Problem] = []
    for place, path in _files(document.brand, folder.resolve()):
        try:
            found[path] = _read(folder.resolve(), path)
            if place != "brand.templates":
                _check_picture(found[path], path)
        except _UnusableFile as error:
            problems.append(Problem(place, str(error)))
    if problems:
        raise FixDocument(source, problems)
    return found


def require_assets(document: ProjectDocument, files: Mapping[str, bytes]) -> None:
    """Raises FixInput if a picture that the document names isn't among the files."""
    for place, path in _pictures(document.brand):
        if path not in files:
            raise FixInput(
                f"{place} names {path}, whose content wasn't given",
                next_step="Read the document with `read_document`, which reads its files as well.",
            )


class _UnusableFile(Exception):
    """Why a file can't be used, in words that follow its place."""


def _pictures(brand: Brand) -> Iterator[tuple[str, str]]:
    for place, path in (("brand.logo", brand.logo), ("brand.cover_picture", brand.cover_picture)):
        if path:
            yield place, path


def _files(brand: Brand, folder: Path) -> Iterator[tuple[str, str]]:
    yield from _pictures(brand)
    if not brand.templates:
        return
    files = sorted(one for one in (folder / brand.templates).rglob("*") if not one.is_dir())
    paths = [one.relative_to(folder).as_posix() for one in files[:MAX_TEMPLATE_FILES]]
    # Without any, or with too many, the folder itself is what can't be read as a file.
    whole = paths if 0 < len(files) <= MAX_TEMPLATE_FILES else [brand.templates]
    yield from (("brand.templates", path) for path in whole)


def _read(folder: Path, path: str) -> bytes:
    file = folder / path
    if not file.exists():
        raise _UnusableFile(f"names {path}, which isn't there")
    if file.is_dir():
        raise _UnusableFile(f"names {path}, which doesn't hold 1 to {MAX_TEMPLATE_FILES} files")
    if not file.resolve().is_relative_to(folder) or not file.is_file():
        raise _UnusableFile(f"names {path}, which is not a file beside the document")
    try:
        if file.stat().st_size > MAX_BYTES:
            raise _UnusableFile(f"names {path}, which is larger than 20 MB")
        return file.read_bytes()
    except OSError as error:
        raise _UnusableFile(f"names {path}, which can't be read: {error.strerror}") from None


def _check_picture(content: bytes, path: str) -> None:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415  (most documents have no picture)

    try:
        with Image.open(io.BytesIO(content), formats=_PICTURES) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise _UnusableFile(f"names {path}, which has more than 50 million pixels")
            picture.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise _UnusableFile(f"names {path}, which is not a PNG, JPEG or WebP picture") from None
