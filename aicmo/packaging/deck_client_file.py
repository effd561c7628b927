"""Whether a client's PowerPoint template may be opened: it may carry nothing that runs or reaches out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from aicmo.errors import FixInput

MOST_BYTES = 60_000_000
MOST_PARTS = 2_000
_REFUSED = (
    ("vbaproject", "macros"),
    ("/activex/", "ActiveX controls"),
    ("/embeddings/", "embedded objects"),
    ("/externallinks/", "external links"),
)


def check_template(content: bytes) -> None:
    """Refuses macros, embedded objects, external links, document types and zip bombs.

    Raises:
        FixInput: with what has to be removed.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            found = next(_faults(file), None)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise FixInput("deck.pptx isn't a PowerPoint file.", next_step=_SAVE) from error
    if found:
        raise FixInput(f"deck.pptx has {found}.", next_step="Remove it and import the plan again.")


_SAVE = "Save the template in PowerPoint as .pptx."


def _faults(file: zipfile.ZipFile) -> Iterator[str]:
    members = file.infolist()
    if len(members) > MOST_PARTS or sum(one.file_size for one in members) > MOST_BYTES:
        yield f"more than {MOST_PARTS:,} parts or {MOST_BYTES // 1_000_000} MB when unpacked"
        return
    for member in members:
        name = member.filename.lower()
        yield from (f"{what} ({member.filename})" for mark, what in _REFUSED if mark in f"/{name}")
        if name.endswith((".xml", ".rels")):
            yield from _xml_faults(member.filename, file.read(member))


def _xml_faults(name: str, content: bytes) -> Iterator[str]:
    if (
        b"<!DOCTYPE" in content
        or b"<!ENTITY" in content
        or content[:2] in (b"\xff\xfe", b"\xfe\xff")
    ):
        yield f"a document type in {name}"
    if name == "[Content_Types].xml" and b"macroEnabled" in content:
        yield "macros"
    if name.endswith(".rels") and b'TargetMode="External"' in content.replace(b"'", b'"'):
        yield f"a link to another place in {name}"
