"""Pictures made fit for every format: upright, in RGB, small enough, without their metadata."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageOps

MAX_EDGE = 2000
"""Pixels of the longer edge: 300 dpi over 17 cm, which is the width of a page's text."""


@dataclass(frozen=True, slots=True)
class Picture:
    """content: PNG if it has transparent parts, else JPEG; width, height: pixels."""

    content: bytes
    media_type: str
    width: int
    height: int

    @property
    def data_url(self) -> str:
        """The picture as a `data:` URL (RFC 2397)."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.content).decode()}"


@lru_cache(maxsize=16)
def picture(content: bytes) -> Picture:
    """The picture in PNG, JPEG or WebP bytes, encoded anew: the same bytes give the same picture."""
    with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as opened:
        upright = ImageOps.exif_transpose(opened)
        transparent = upright.has_transparency_data
        made = upright.convert("RGBA" if transparent else "RGB")
    made.thumbnail((MAX_EDGE, MAX_EDGE), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    if transparent:
        made.save(written, "PNG", optimize=True)
    else:
        made.save(written, "JPEG", quality=85, optimize=True)
    media_type = "image/png" if transparent else "image/jpeg"
    return Picture(written.getvalue(), media_type, made.width, made.height)
