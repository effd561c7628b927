"""Makes a written deck the same bytes every time: member order, dates, axis ids, embedded workbooks."""

from __future__ import annotations

import io
import re
import zipfile

_EPOCH = (1980, 1, 1, 0, 0, 0)
_TYPES = "[Content_Types].xml"
_AXIS = re.compile(rb'(<c:(?:axId|crossAx) val=")-(\d+)"')


def normalised(blob: bytes) -> bytes:
    """An Office file with sorted members, the content types first, and 1980 as every date.

    python-pptx writes negative axis ids where ECMA-376 asks for unsigned ones; the sign is dropped.
    """
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(blob)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as written,
    ):
        for name in sorted(source.namelist(), key=lambda name: (name != _TYPES, name)):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o600 << 16
            member.create_system = 3
            written.writestr(member, _content(name, source.read(name)))
    return target.getvalue()


def _content(name: str, content: bytes) -> bytes:
    if name.endswith(".xlsx"):
        return normalised(content)
    if name.startswith("ppt/charts/") and name.endswith(".xml"):
        return _AXIS.sub(rb'\1\2"', content)
    return content
