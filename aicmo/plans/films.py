"""What an MP4 film says of itself: how long it runs and how large it is (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_QUICKTIME = b"qt  "
_SIXTEEN_SIXTEEN = 65_536  # fixed point, 16 bits before and 16 after the point


@dataclass(frozen=True, slots=True)
class Film:
    """seconds: its length. width, height: pixels as it is shown, turned if it says so."""

    seconds: float
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the file: `begin` is the first byte of its content, `end` the first after it."""

    kind: bytes
    begin: int
    end: int


def is_film(content: bytes) -> bool:
    """Whether these are the bytes of an MP4 film, or another file of its family."""
    return content[4:8] == b"ftyp"


def read_film(content: bytes) -> Film:
    """What the film's header tells.

    Raises:
        ValueError: it isn't an MP4 film, or not a whole one.
    """
    if not is_film(content) or content[8:12] == _QUICKTIME:
        raise ValueError("is not an MP4 film")
    try:
        top = {box.kind: box for box in boxes(content, 0, len(content))}
        inside = list(boxes(content, top[b"moov"].begin, top[b"moov"].end))
        header = next(box for box in inside if box.kind == b"mvhd")
        seconds = _seconds(content, header)
        sizes = [_size(content, box) for box in inside if box.kind == b"trak"]
    except (struct.error, KeyError, StopIteration, ZeroDivisionError):
        raise ValueError("is not a whole MP4 film") from None
    width, height = max(sizes, default=(0, 0))
    if not (b"mdat" in top and seconds and width and height):
        raise ValueError("is not a whole MP4 film")
    return Film(seconds, width, height)


def boxes(content: bytes, begin: int, end: int) -> Iterator[Box]:
    """The parts between two places of a file.

    Raises:
        ValueError: one is cut short.
    """
    while begin < end:
        size, kind = struct.unpack_from(">I4s", content, begin)
        head = 8
        if size == 1:
            (size,), head = struct.unpack_from(">Q", content, begin + 8), 16
        elif size == 0:
            size = end - begin
        if size < head or begin + size > end:
            raise ValueError("is not a whole MP4 film")
        yield Box(kind, begin + head, begin + size)
        begin += size


def _seconds(content: bytes, header: Box) -> float:
    # version 1 has 64 bits for each of its times, version 0 has 32
    form, at = (">IQ", 20) if content[header.begin] == 1 else (">II", 12)
    scale, duration = struct.unpack_from(form, content, header.begin + at)
    return duration / scale


def _size(content: bytes, track: Box) -> tuple[int, int]:
    inside = boxes(content, track.begin, track.end)
    header = next(box for box in inside if box.kind == b"tkhd")
    at = header.begin + (52 if content[header.begin] == 1 else 40)
    straight, _, _, turned = struct.unpack_from(">iiii", content, at)
    width, height = (
        round(side / _SIXTEEN_SIXTEEN) for side in struct.unpack_from(">II", content, at + 36)
    )
    return (height, width) if straight == 0 and turned != 0 else (width, height)
