"""What every package store promises: nothing is overwritten, and what was stored is what was meant.

The same key with the same content is reused; the same key with other content is refused.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import TYPE_CHECKING

from aicmo.errors import FixInput, StoreRefused

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

MAX_LINK_SECONDS = 7 * 24 * 3600
"""The longest life of a presigned link (AWS Signature Version 4, query authentication)."""
CHUNK_BYTES = 1 << 20
"""How much of a file is in memory at a time while it is read."""

_KEY_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_MAX_KEY_LENGTH = 768  # an S3 key has at most 1,024 bytes, and the store's own prefix comes first
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9][A-Za-z0-9.+-]*(; ?charset=[A-Za-z0-9-]+)?")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is in the store.

    url: its lasting address, `file:///…` or `s3://bucket/key`; it grants nobody access.
    sha256: 64 lower-case hexadecimal digits.
    size: bytes.
    reused: the same content was already there under this key (also after a lost answer).
    """

    key: str
    url: str
    sha256: str
    size: int
    reused: bool


@dataclass(frozen=True, slots=True)
class Upload:
    """An opened and verified file on its way into a store; `source` stands at its first byte."""

    source: BufferedIOBase
    sha256: str
    size: int
    media_type: str
    download_name: str


class PackageStore(ABC):
    """A place where packages are kept: a folder or a bucket.

    serves_links: whether its links work for somebody elsewhere.
    """

    serves_links = True

    def put(
        self, key: str, path: Path, *, sha256: str, media_type: str, download_name: str
    ) -> StoredFile:
        """Stores the file at `path` under `key`, once.

        Args:
            key: `content_key(…)`, or any key of that form.
            path: a regular file; a symbolic link isn't followed.
            sha256: what the file must contain, as 64 hexadecimal digits.
            media_type: such as `application/pdf` or `text/html; charset=utf-8`.
            download_name: the name that a browser saves the file under; any text.

        Raises:
            FixInput: the key, the checksum or the media type isn't well formed.
            StoreRefused: the file isn't what `sha256` says, the key holds other content, or the
                store couldn't keep it.
            FixConfiguration: the store isn't reachable with this configuration.
        """
        check_key(key)
        if not _SHA256.fullmatch(sha256):
            raise FixInput("The SHA-256 of a file to store is not 64 lower-case hexadecimal digits")
        if not _MEDIA_TYPE.fullmatch(media_type):
            raise FixInput(f"{media_type[:60]!r} is not a media type such as application/pdf")
        with _opened(path) as source:
            _require_content(source, path, sha256)
            size = os.fstat(source.fileno()).st_size
            created = self._create(key, Upload(source, sha256, size, media_type, download_name))
        return StoredFile(key, self.url(key), sha256, size, reused=not created)

    @abstractmethod
    def url(self, key: str) -> str:
        """The lasting address of `key`."""

    @abstractmethod
    def read(self, key: str) -> bytes:
        """The content under `key`.

        Raises:
            StoreRefused: there is none, or it can't be read.
        """

    @abstractmethod
    def chunks(self, key: str) -> Iterator[bytes]:
        """The content under `key`, a piece at a time.

        Raises:
            StoreRefused: with the first piece: there is none, or it can't be read.
        """

    @abstractmethod
    def exists_with(self, key: str, sha256: str) -> bool:
        """Whether `key` holds exactly the content with this checksum."""

    @abstractmethod
    def link(self, key: str, *, expires_seconds: int) -> str:
        """A link that opens the file for whoever has it, for 1 to 604,800 seconds.

        A bearer secret: show it, don't log it. A `file://` link has no end.
        """

    @abstractmethod
    def _create(self, key: str, upload: Upload) -> bool:
        """Stores the content; False when the very same content was there already.

        Raises:
            StoreRefused: the key holds other content, or the store couldn't keep it.
        """


def content_key(project_id: str, sha256: str, name: str) -> str:
    """`northside-founders/<64 digits>/strategy.pdf`: another content is always another key.

    Raises:
        FixInput: a part has characters that aren't safe in a path and a URL.
    """
    key = f"{project_id}/{sha256}/{name}"
    if not _SHA256.fullmatch(sha256) or any("/" in part for part in (project_id, name)):
        raise FixInput(f"{key[:120]!r} is not project, SHA-256 and file name")
    check_key(key)
    return key


def check_key(key: str) -> None:
    """Accepts letters, digits, `.`, `_`, `-`, in parts of at most 128 characters joined by `/`.

    Raises:
        FixInput: anything else, so that no key leaves its folder or prefix.
    """
    parts = key.split("/")
    if len(key) > _MAX_KEY_LENGTH or not all(_KEY_PART.fullmatch(part) for part in parts):
        raise FixInput(
            f"{key[:120]!r} can't be the key of a stored file",
            next_step="Use letters, digits, '.', '_' and '-'; begin each part with a letter or digit.",
        )


def check_expiry(expires_seconds: int) -> None:
    """Raises FixInput outside 1 to 604,800 seconds."""
    if not 0 < expires_seconds <= MAX_LINK_SECONDS:
        raise FixInput(f"A link can live from 1 to {MAX_LINK_SECONDS} seconds")


def digest(source: BufferedIOBase) -> str:
    """The SHA-256 of everything from the first byte; leaves `source` at the first byte."""
    source.seek(0)
    value = hashlib.file_digest(source, "sha256").hexdigest()
    source.seek(0)
    return value


def refuse_other_content(key: str, where: str) -> StoreRefused:
    """The error for a key that is taken by other content."""
    return StoreRefused(
        f"{where} already holds other content under {key}",
        next_step="Nothing was overwritten; find out who wrote it, move it away, and store again.",
    )


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


@contextmanager
def _opened(path: Path) -> Generator[BufferedIOBase]:
    try:
        source = open(path, "rb", opener=_without_links)  # noqa: SIM115  (closed below)
    except OSError as error:
        raise StoreRefused(f"{path.name} can't be read to store it: {error.strerror}") from None
    with source:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise StoreRefused(f"{path.name} can't be stored: it is not a regular file")
        yield source


def _require_content(source: BufferedIOBase, path: Path, sha256: str) -> None:
    if digest(source) != sha256:
        raise StoreRefused(
            f"{path.name} is not the file that was verified: its SHA-256 is another one",
            next_step="Build the package again.",
        )
