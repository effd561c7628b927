"""Pictures and films for tests, made by code, with all that a phone or an editor writes into them."""

from __future__ import annotations

import io
import struct

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

SECRET = b"48.8584 N, by Ann"
"""Stands in every part of a file that tells of its making."""
ORIENTATION = 0x0112


def drawn(width: int = 400, height: int = 300, mode: str = "RGB") -> Image.Image:
    """Red on its left half and blue on its right, with a white stroke at the top."""
    picture = Image.new("RGB", (width, height), "#c01020")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((width // 2, 0, width, height), fill="#1020c0")
    draw.rectangle((0, 0, width, height // 10), fill="white")
    return picture.convert(mode)


def noise(width: int, height: int) -> Image.Image:
    """Grain that hardly can be compressed, the same every time."""
    grain = bytearray()
    state = 1
    for _ in range(width * height * 3 // 4 + 1):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        grain += state.to_bytes(4, "little")
    return Image.frombytes("RGB", (width, height), bytes(grain[: width * height * 3]))


def exif(orientation: int = 1) -> Image.Exif:
    found = Image.Exif()
    found[ORIENTATION] = orientation
    found[0x013B] = SECRET.decode()
    found.get_ifd(0x8825)[29] = SECRET.decode()
    return found


def jpeg(picture: Image.Image | None = None, orientation: int = 1, quality: int = 90) -> bytes:
    """With EXIF, a comment, and another file behind its end, as motion photos have it."""
    written = io.BytesIO()
    (picture or drawn()).save(
        written, "JPEG", quality=quality, exif=exif(orientation), comment=SECRET
    )
    return written.getvalue() + b"....ftypmp42" + SECRET


def png(picture: Image.Image | None = None, orientation: int = 1) -> bytes:
    written, info = io.BytesIO(), PngInfo()
    info.add_text("Author", SECRET.decode())
    info.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    (picture or drawn()).save(written, "PNG", pnginfo=info, exif=exif(orientation))
    return written.getvalue() + SECRET


def webp(picture: Image.Image | None = None) -> bytes:
    written = io.BytesIO()
    (picture or drawn()).save(written, "WEBP", lossless=True, exif=exif(), xmp=SECRET)
    return written.getvalue()


def gif(frames: int = 1, size: tuple[int, int] = (40, 30)) -> bytes:
    shades = [Image.new("RGB", size, (number * 40 % 256, 80, 120)) for number in range(frames)]
    written = io.BytesIO()
    shades[0].save(
        written, "GIF", save_all=True, append_images=shades[1:], loop=0, comment=SECRET,
        disposal=2,
    )  # fmt: skip
    return written.getvalue()


def film(
    seconds: float = 12.5, size: tuple[int, int] = (1280, 720), *, turned: bool = False,
    large_times: bool = False,
) -> bytes:  # fmt: skip
    """An MP4 file's boxes around frames that nobody decodes."""
    scale, times = 600, "Q" if large_times else "I"
    version = bytes([large_times, 0, 0, 0])
    mvhd = version + struct.pack(f">{times}{times}I{times}", 1, 1, scale, round(seconds * scale))
    matrix = (0, 65_536, 0, -65_536, 0, 0, 0, 0, 1 << 30) if turned else (
        65_536, 0, 0, 0, 65_536, 0, 0, 0, 1 << 30
    )  # fmt: skip
    tkhd = version + struct.pack(f">{times}{times}II{times}", 1, 1, 1, 0, round(seconds * scale))
    tkhd += bytes(16) + struct.pack(">9i", *matrix)
    tkhd += struct.pack(">II", size[0] * 65_536, size[1] * 65_536)
    moov = _box(b"mvhd", mvhd + bytes(80)) + _box(b"trak", _box(b"tkhd", tkhd))
    moov += _box(b"udta", _box(b"\xa9xyz", SECRET)) + _box(b"meta", SECRET)
    ends = _box(b"mdat", b"frames" * 50) + _box(b"moov", moov) + _box(b"uuid", SECRET)
    return _box(b"ftyp", b"isom\0\0\2\0isommp42") + ends


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content
