"""Packages in a local folder.

Every step down is an `openat` that refuses symbolic links, so nobody who can write into the folder
can redirect a file out of it, not even between a check and its use.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING

from aicmo.errors import FixConfiguration, StoreRefused
from aicmo.storage.contract import (
    CHUNK_BYTES,
    PackageStore,
    Upload,
    check_expiry,
    check_key,
    digest,
    refuse_other_content,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderStore(PackageStore):
    """Files under `root`, which is made on first use; `root` itself may be a symbolic link.

    A crash can leave a hidden `.part` file behind; it never stands under a key.
    """

    serves_links = False

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def url(self, key: str) -> str:
        check_key(key)
        return (self.root / key).as_uri()

    def link(self, key: str, *, expires_seconds: int) -> str:
        check_expiry(expires_seconds)
        return self.url(key)

    def read(self, key: str) -> bytes:
        with _explained(key), self._existing(key) as stored:
            return stored.read()

    def chunks(self, key: str) -> Iterator[bytes]:
        with _explained(key), self._existing(key) as stored:
            while chunk := stored.read(CHUNK_BYTES):
                yield chunk

    def exists_with(self, key: str, sha256: str) -> bool:
        try:
            with _explained(key), self._existing(key) as stored:
                return digest(stored) == sha256
        except _NoSuchFile:
            return False

    def _create(self, key: str, upload: Upload) -> bool:
        with _explained(key), self._folder_of(key, make=True) as folder:
            name = key.rpartition("/")[2]
            try:
                _write_once(folder, name, upload)
            except FileExistsError:
                if self.exists_with(key, upload.sha256):
                    return False
                raise refuse_other_content(key, f"The folder {self.root}") from None
        return True

    @contextmanager
    def _existing(self, key: str) -> Generator[BufferedReader]:
        check_key(key)
        with (
            self._folder_of(key, make=False) as folder,
            open(key.rpartition("/")[2], "rb", opener=_inside(folder)) as stored,
        ):
            yield stored

    @contextmanager
    def _folder_of(self, key: str, *, make: bool) -> Generator[int]:
        if make:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o750)
        folder = os.open(self.root, _FOLDER)
        try:
            for part in key.split("/")[:-1]:
                inner = _enter(folder, part, make=make)
                os.close(folder)
                folder = inner
            yield folder
        finally:
            os.close(folder)


class _NoSuchFile(StoreRefused):
    """Nothing is stored under the key."""


def _inside(folder: int) -> Callable[[str, int], int]:
    """An opener for names in the folder; never follows a link, never waits for a pipe."""

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o640, dir_fd=folder)

    return opener


def _enter(folder: int, name: str, *, make: bool) -> int:
    if make:
        try:
            os.mkdir(name, 0o750, dir_fd=folder)
            os.fsync(folder)
        except FileExistsError:
            pass
    return os.open(name, _FOLDER, dir_fd=folder)


def _write_once(folder: int, name: str, upload: Upload) -> None:
    """Raises FileExistsError when `name` is taken: a hard link, unlike a rename, replaces nothing."""
    part = f".{name[:64]}.{secrets.token_hex(8)}.part"
    try:
        with open(part, "x+b", opener=_inside(folder)) as written:
            shutil.copyfileobj(upload.source, written)
            written.flush()
            os.fsync(written.fileno())
            if digest(written) != upload.sha256:
                raise StoreRefused(f"{name} changed while it was being stored")
        os.link(part, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        os.fsync(folder)
    finally:
        _remove(part, folder)


def _remove(name: str, folder: int) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return


@contextmanager
def _explained(key: str) -> Generator[None]:
    try:
        yield
    except FileNotFoundError:
        raise _NoSuchFile(f"Nothing is stored under {key}") from None
    except OSError as error:
        raise _explain(key, error) from None


def _explain(key: str, error: OSError) -> FixConfiguration | StoreRefused:
    if error.errno in {errno.EACCES, errno.EROFS}:
        return FixConfiguration(
            f"The package folder can't be used: {error.strerror}",
            next_step="Give this user the right to write there, or change AICMO_PACKAGES_URL.",
        )
    if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO}:
        return StoreRefused(
            f"{key} is refused: part of its path is a symbolic link or not what it should be",
            next_step="Remove what stands there; package folders hold plain folders and files.",
        )
    if error.errno in {errno.EPERM, errno.ENOTSUP, errno.EMLINK}:
        return FixConfiguration(
            "The package folder is on a file system without hard links",
            next_step="Keep packages on a local file system, or in a bucket.",
        )
    return StoreRefused(f"{key} couldn't be stored or read: {error.strerror}")
