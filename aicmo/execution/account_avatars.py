"""The picture of a pinned account, as previews show it: small, and nothing but pixels."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image, ImageOps

from aicmo.errors import FixInput
from aicmo.public_hosts import PublicHosts

_SIDE = 96
_LARGEST_BYTES, _MOST_PIXELS = 5 * 1024**2, 25_000_000
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
Fetch = Callable[[str, int], bytes]


def read_avatar(url: str, fetch: Fetch | None = None) -> bytes | None:
    """The picture at an https:// address as a PNG of 96 × 96; None if there is none to be had.

    Nobody's work stops for a missing picture.
    """
    if not url:
        return None
    try:
        return _small((fetch or PublicHosts(seconds=10).fetch)(url, _LARGEST_BYTES))
    except (FixInput, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _small(content: bytes) -> bytes | None:
    with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
        if picture.width * picture.height > _MOST_PIXELS:
            return None
        upright = ImageOps.exif_transpose(picture).convert("RGBA")
    fitted = ImageOps.fit(upright, (_SIDE, _SIDE), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    fitted.save(written, "PNG", optimize=True)
    return written.getvalue()
