"""From the address in AICMO_PACKAGES_URL to the store behind it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from aicmo.errors import FixConfiguration
from aicmo.settings import get_settings
from aicmo.storage.folder import FolderStore

if TYPE_CHECKING:
    from aicmo.storage.contract import PackageStore

_FORMS = "Write it as file:///folder or s3://bucket/prefix; credentials go into AWS_* variables."


def open_store(url: str) -> PackageStore:
    """The store at `file:///folder` or `s3://bucket/prefix`; opens no connection.

    Raises:
        FixConfiguration: the address isn't of one of these forms, or boto3 finds no valid
            configuration. The text never repeats the address: it may hold a password.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise FixConfiguration("The packages address can't be read", next_step=_FORMS) from None
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise FixConfiguration("The packages address has more than a place in it", next_step=_FORMS)
    if parts.scheme == "file":
        return _open_folder(parts)
    if parts.scheme == "s3":
        return _open_bucket(parts)
    raise FixConfiguration("The packages address is neither file:// nor s3://", next_step=_FORMS)


def _open_folder(parts: SplitResult) -> PackageStore:
    path = unquote(parts.path)
    if parts.netloc not in {"", "localhost"} or not path.startswith("/") or "\0" in path:
        raise FixConfiguration(
            "The packages address is not an absolute local folder", next_step=_FORMS
        )
    return FolderStore(Path(path))


def _open_bucket(parts: SplitResult) -> PackageStore:
    from aicmo.storage.s3 import open_s3_store  # noqa: PLC0415  (boto3 costs 0.2 s to import)

    if not parts.netloc or ":" in parts.netloc:
        raise FixConfiguration("The packages address names no bucket", next_step=_FORMS)
    return open_s3_store(
        bucket=parts.netloc,
        prefix=unquote(parts.path).strip("/"),
        server_side_encryption=get_settings().packages_encryption or None,
    )
