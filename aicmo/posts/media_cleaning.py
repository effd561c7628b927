"""Files without what they tell of their making: place, camera, names, hidden pictures; not a pixel changes.

Parts are left out of the file; those that decoding needs stay, and so do colour profiles.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from aicmo.plans.films import Box, boxes

_SCAN, _END_OF_PICTURE, _COMMENT, _FILLER = 0xDA, 0xD9, 0xFE, 0xFF
_APPLICATION = range(0xE0, 0xF0)
_NEEDED = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""Of applications' own segments in a JPEG file: the size, the colour profile, the colour transform."""
_NOT_MARKERS = (0x00, *range(0xD0, 0xD8))
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_CONTROL, _TEXT, _APPLICATION_OWN = 0xF9, 0x01, 0xFF
_EXIF_IN_WEBP, _XMP_IN_WEBP = 0x08, 0x04
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"sBIT",
    b"cICP", b"bKGD", b"acTL", b"fcTL", b"fdAT",
}  # fmt: skip
_WEBP_KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_TELLING_BOXES = {b"udta", b"meta", b"uuid"}
"""Of films: phones write the place into `udta` or `meta`, editors their XMP into `uuid`."""


def clean_jpeg(content: bytes) -> bytes:
    """Without EXIF, XMP, comments and the further pictures or film behind the first.

    Raises:
        ValueError: its parts don't follow the standard (ITU-T T.81).
    """
    kept, at = bytearray(b"\xff\xd8"), 2
    while content[at : at + 1] == b"\xff":
        marker, begin = content[at + 1], at
        if marker == _FILLER:  # a filler before a marker
            at += 1
            continue
        if marker == _END_OF_PICTURE:
            return bytes(kept + b"\xff\xd9")
        (length,) = struct.unpack_from(">H", content, at + 2)
        at += 2 + length
        if marker == _SCAN:
            at = _after_scan(content, at)
        if _is_needed(marker, content[begin + 4 : at]):
            kept += content[begin:at]
    raise ValueError("is not a whole JPEG picture")


def _is_needed(marker: int, body: bytes) -> bool:
    if marker in _APPLICATION:
        return marker in _NEEDED and body.startswith(_NEEDED[marker])
    return marker != _COMMENT


def _after_scan(content: bytes, at: int) -> int:
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            raise ValueError("is not a whole JPEG picture")
        if content[at + 1] not in _NOT_MARKERS:
            return at
        at += 2


def clean_png(content: bytes) -> bytes:
    """Without texts, EXIF and times.

    Raises:
        ValueError: its parts don't follow the standard (ISO/IEC 15948).
    """
    kept, at = bytearray(_PNG_START), len(_PNG_START)
    while at + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if kind in _PNG_KEPT:
            kept += content[at:end]
        if kind == b"IEND":
            return bytes(kept)
        at = end
    raise ValueError("is not a whole PNG picture")


def clean_webp(content: bytes) -> bytes:
    """Without EXIF and XMP (RFC 9649).

    Raises:
        ValueError: its parts don't follow the standard.
    """
    kept, at = bytearray(), 12
    (size,) = struct.unpack_from("<I", content, 4)
    end = min(len(content), 8 + size)
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sI", content, at)
        chunk = bytearray(content[at : at + 8 + length + length % 2])
        if kind == b"VP8X":
            chunk[8] &= ~(_EXIF_IN_WEBP | _XMP_IN_WEBP)
        if kind in _WEBP_KEPT:
            kept += chunk
        at += len(chunk)
    if not kept:
        raise ValueError("is not a WebP picture")
    return b"RIFF" + struct.pack("<I", len(kept) + 4) + b"WEBP" + bytes(kept)


def clean_gif(content: bytes) -> bytes:
    """Without comments and XMP; how often it plays stays.

    Raises:
        ValueError: its parts don't follow the standard (GIF89a).
    """
    at = 13 + _colours(content, 10)
    kept = bytearray(content[:at])
    while at < len(content):
        begin, mark = at, content[at]
        if mark == _TRAILER:
            return bytes(kept + b";")
        if mark == _IMAGE:
            at = _after_blocks(content, at + 11 + _colours(content, at + 9))
        elif mark == _EXTENSION:
            at = _after_blocks(content, at + 2)
        else:
            break
        if mark == _IMAGE or _is_shown(content[begin:at]):
            kept += content[begin:at]
    raise ValueError("is not a whole GIF picture")


def _colours(content: bytes, at: int) -> int:
    flags = content[at]
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(content: bytes, at: int) -> int:
    while content[at]:
        at += content[at] + 1
    return at + 1


def _is_shown(extension: bytes) -> bool:
    if extension[1] == _APPLICATION_OWN:
        return extension[3:14] in (b"NETSCAPE2.0", b"ANIMEXTS1.0")
    return extension[1] in (_CONTROL, _TEXT)


def clean_film(content: bytes) -> bytes:
    """With what tells of place and camera written over; each frame stays where it is.

    Raises:
        ValueError: it isn't a whole MP4 film.
    """
    cleaned = bytearray(content)
    for box in _telling(content, 0, len(content)):
        cleaned[box.begin - 4 : box.end] = b"free" + bytes(box.end - box.begin)
    return bytes(cleaned)


def _telling(content: bytes, begin: int, end: int) -> Iterator[Box]:
    for box in boxes(content, begin, end):
        if box.kind in _TELLING_BOXES:
            yield box
        elif box.kind in (b"moov", b"trak"):
            yield from _telling(content, box.begin, box.end)
