"""Whether a client's PowerPoint template may be opened: it may carry nothing that runs or reaches out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any, cast

from pptx.oxml import parse_xml

from aicmo.errors import FixInput

MOST_BYTES = 60_000_000
MOST_PARTS = 2_000
_REFUSED = (
    ("vbaproject", "macros"),
    ("/activex/", "ActiveX controls"),
    ("/embeddings/", "embedded objects"),
    ("/externallinks/", "external links"),
)
_STARTS = ("ppaction://program", "ppaction://macro", "ppaction://ole", "ppaction://hlinkfile")


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
    # In UTF-16 each letter has a zero beside it.
    plain = content.replace(b"\0", b"")
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        yield f"a document type in {name}"
        return
    try:
        root = cast("Any", parse_xml(content))
    except SyntaxError:  # of XML
        yield f"XML that can't be read in {name}"
        return
    if name == "[Content_Types].xml" and b"macroEnabled" in plain:
        yield "macros"
    elements = list(root.iter("*"))
    if any(one.get("TargetMode", "").lower() == "external" for one in elements):
        yield f"a link to another place in {name}"
    if any(one.get("action", "").lower().startswith(_STARTS) for one in elements):
        yield f"a button that starts something in {name}"
