"""The files that a project document refers to: logo, cover picture, templates, media of posts."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aicmo.errors import FixDocument, FixInput
from aicmo.plans.films import is_film, read_film
from aicmo.plans.items import PostContent
from aicmo.problems import Problem
from aicmo.public_hosts import PublicHosts

if TYPE_CHECKING:
    from aicmo.plans.document import Brand, ProjectDocument

MAX_BYTES = 20 * 1024**2
MAX_FILM_BYTES = 200 * 1024**2
MAX_PIXELS = 50_000_000
MAX_TEMPLATE_FILES = 40
_OF_THE_BRAND = {"PNG": "PNG", "JPEG": "JPEG", "WEBP": "WebP"}
_OF_POSTS = {**_OF_THE_BRAND, "GIF": "GIF"}


def read_assets(
    document: ProjectDocument, folder: Path, source: str, hosts: PublicHosts | None = None
) -> dict[str, bytes]:
    """The content of every file that the document refers to, by its path or address there.

    Args:
        document: a checked document.
        folder: where the document's file lies; nothing outside it is read.
        source: the document's name, for errors.
        hosts: fetches what is named by its address; without it, from the public internet.

    Raises:
        FixDocument: with the place of every file that is missing or can't be used.
    """
    place = _Place(folder.resolve(), hosts or PublicHosts())
    return _read_all(_files(document, folder.resolve()), place, source)


def read_media(document: ProjectDocument, folder: Path, source: str) -> dict[str, bytes]:
    """The media of the posts alone, by their paths in `folder`; otherwise as `read_assets`."""
    return _read_all(_media(document), _Place(folder.resolve(), PublicHosts()), source)


def _read_all(files: Iterable[_File], place_of: _Place, source: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    problems: dict[str, Problem] = {}
    for file in files:
        if file.path in problems or file.path in found:
            continue
        try:
            content = place_of.read(file)
            file.check(content, file.path)
            found[file.path] = content
        except _UnusableFile as error:
            problems[file.path] = Problem(file.place, str(error))
    if problems:
        raise FixDocument(source, list(problems.values()))
    return found


def require_assets(document: ProjectDocument, files: Mapping[str, bytes]) -> None:
    """Raises FixInput if a picture or film that the document names isn't among the files."""
    for file in (*_pictures(document.brand), *_media(document)):
        if file.path not in files:
            raise FixInput(
                f"{file.place} names {file.path}, whose content wasn't given",
                next_step="Read the document with `read_document`, which reads its files as well.",
            )


def belongs_to_brand(brand: Brand, path: str) -> bool:
    """Whether a file is the brand's own, and not one of a post alone."""
    pictures = {file.path for file in _pictures(brand)}
    return path in pictures or bool(brand.templates and path.startswith(f"{brand.templates}/"))


class _UnusableFile(Exception):
    """Why a file can't be used, in words that follow its place."""


def _accept(content: bytes, path: str) -> None:
    del content, path


def _check_logo(content: bytes, path: str) -> None:
    _check_picture(content, path, _OF_THE_BRAND)


def _check_card(content: bytes, path: str) -> None:
    _check_picture(content, path, _OF_POSTS)


def _check_medium(content: bytes, path: str) -> None:
    if not is_film(content):
        _check_picture(content, path, _OF_POSTS, " or MP4 film")
        return
    try:
        read_film(content)
    except ValueError as error:
        raise _UnusableFile(f"names {path}, which {error}") from None


@dataclass(frozen=True, slots=True)
class _File:
    """A file that the document names: where, by which path or address, and what it has to be."""

    place: str
    path: str
    check: Callable[[bytes, str], None]
    max_bytes: int = MAX_BYTES


def _files(document: ProjectDocument, folder: Path) -> Iterator[_File]:
    yield from _pictures(document.brand)
    yield from _templates(document.brand, folder)
    yield from _media(document)


def _pictures(brand: Brand) -> Iterator[_File]:
    for place, path in (("brand.logo", brand.logo), ("brand.cover_picture", brand.cover_picture)):
        if path:
            yield _File(place, path, _check_logo)


def _templates(brand: Brand, folder: Path) -> Iterator[_File]:
    if not brand.templates:
        return
    files = sorted(one for one in (folder / brand.templates).rglob("*") if not one.is_dir())
    paths = [one.relative_to(folder).as_posix() for one in files[:MAX_TEMPLATE_FILES]]
    # Without any, or with too many, the folder itself is what can't be read as a file.
    whole = paths if 0 < len(files) <= MAX_TEMPLATE_FILES else [brand.templates]
    yield from (_File("brand.templates", path, _accept) for path in whole)


def _media(document: ProjectDocument) -> Iterator[_File]:
    for at, item in enumerate(document.items):
        if isinstance(item.content, PostContent):
            yield from _media_of(item.content, f"items[{at}].content")


def _media_of(content: PostContent, place: str) -> Iterator[_File]:
    parts = [(place, content.media)]
    parts += [(f"{place}.thread[{at}]", part.media) for at, part in enumerate(content.thread)]
    for where, media in parts:
        for at, medium in enumerate(media):
            field = "url" if medium.url else "file"
            if medium.source:
                yield _File(
                    f"{where}.media[{at}].{field}", medium.source, _check_medium, MAX_FILM_BYTES
                )
    if content.card and content.card.picture:
        yield _File(f"{place}.card.picture", content.card.picture, _check_card)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where files are read: the document's folder and, by address, public hosts."""

    folder: Path
    hosts: PublicHosts

    def read(self, file: _File) -> bytes:
        if file.path.startswith("https://"):
            return self._fetched(file)
        return self._beside(file)

    def _fetched(self, file: _File) -> bytes:
        try:
            return self.hosts.fetch(file.path, file.max_bytes)
        except FixInput as error:
            raise _UnusableFile(f"names an address that can't be used: {error}") from None

    def _beside(self, named: _File) -> bytes:
        path, file = named.path, self.folder / named.path
        if not file.exists():
            raise _UnusableFile(f"names {path}, which isn't there")
        if file.is_dir():
            raise _UnusableFile(f"names {path}, which doesn't hold 1 to {MAX_TEMPLATE_FILES} files")
        if not file.resolve().is_relative_to(self.folder) or not file.is_file():
            raise _UnusableFile(f"names {path}, which is not a file beside the document")
        try:
            if file.stat().st_size > named.max_bytes:
                raise _too_large(path, named.max_bytes)
            return file.read_bytes()
        except OSError as error:
            raise _UnusableFile(f"names {path}, which can't be read: {error.strerror}") from None


def _too_large(path: str, max_bytes: int) -> _UnusableFile:
    return _UnusableFile(f"names {path}, which is larger than {max_bytes // 1024**2} MB")


def _check_picture(content: bytes, path: str, formats: Mapping[str, str], other: str = "") -> None:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415  (most documents have no picture)

    if len(content) > MAX_BYTES:
        raise _too_large(path, MAX_BYTES)
    try:
        with Image.open(io.BytesIO(content), formats=tuple(formats)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise _UnusableFile(f"names {path}, which has more than 50 million pixels")
            picture.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        *names, last = formats.values()
        named = f"{', '.join(names)} or {last}"
        raise _UnusableFile(f"names {path}, which is not a {named} picture{other}") from None
