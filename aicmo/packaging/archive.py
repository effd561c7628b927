"""All files of a package in one: SHA256SUMS to check them by, and the ZIP to send them in."""

from __future__ import annotations

import os
import re
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

SUMS = "SHA256SUMS"
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP can say: no clock in the file
_PLAIN_FILE = 0o100644 << 16
_PACKED = frozenset({".csv", ".html", ".ics", ".json", ".pdf"})
"""What deflating makes smaller; the others are packed already."""

_DAMAGED = (OSError, EOFError, RuntimeError, UnicodeError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged ZIP raises: RuntimeError where it seems encrypted or packed in another way."""


def checksums(sha256: Mapping[str, str]) -> str:
    """The text that `sha256sum -c` reads.

    Args:
        sha256: by relative name.
    """
    return "".join(f"{sum_}  {name}\n" for name, sum_ in sorted(sha256.items()))


def slug(client: str, otherwise: str) -> str:
    """A client's name as the name of a file: `Café Łódź & Co` is `cafe-odz-co`."""
    ascii_ = unicodedata.normalize("NFKD", client).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_.lower()).strip("-")[:60].strip("-") or otherwise


def write_archive(folder: Path, names: Iterable[str], archive: Path, top: str) -> None:
    """The files of a folder as a ZIP, unless it is there; the same files give the same bytes.

    Args:
        folder: where the files are.
        names: of the files, relative to the folder.
        archive: the file to write; it is complete or not there.
        top: the folder that unpacking makes.
    """
    wanted = {f"{top}/{name}": folder / name for name in sorted(names)}
    if _is_whole(archive, wanted):
        return
    handle, part = tempfile.mkstemp(dir=archive.parent, prefix=".archive-")
    os.close(handle)
    try:
        with zipfile.ZipFile(part, "w") as packed:
            for name, file in wanted.items():
                packed.writestr(_entry(name), file.read_bytes())
        Path(part).chmod(0o644)
        Path(part).replace(archive)
    finally:
        Path(part).unlink(missing_ok=True)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _FIRST_DAY)
    entry.external_attr = _PLAIN_FILE
    entry.create_system = 3  # Unix, on every machine
    packed = Path(name).suffix in _PACKED
    entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    return entry


def _is_whole(archive: Path, wanted: Mapping[str, Path]) -> bool:
    try:
        with zipfile.ZipFile(archive) as packed:
            return packed.namelist() == list(wanted) and packed.testzip() is None
    except _DAMAGED:
        return False
