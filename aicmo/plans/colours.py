"""Colours that can be read: WCAG 2.2's contrast, and what to do about a colour that falls short."""

from __future__ import annotations

from collections.abc import Sequence

TEXT = 4.5
"""The ratio that text needs (WCAG 2.2, 1.4.3)."""
MARK = 3.0
"""The ratio that bars, buttons and rules need (WCAG 2.2, 1.4.11)."""
_WHITE, _BLACK = "#ffffff", "#000000"
_STEPS = 50


def contrast(one: str, other: str) -> float:
    """The WCAG 2.2 contrast ratio of two colours, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """`one` with `share` (0..1) of `other` in it."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def readable(colour: str, grounds: Sequence[str], ratio: float) -> str:
    """`colour`, moved towards black or white until it has `ratio` on every ground."""
    end = _BLACK if _luminance(grounds[0]) > _luminance("#767676") else _WHITE
    for step in range(_STEPS + 1):
        tried = mix(colour, end, step / _STEPS)
        if all(contrast(tried, ground) >= ratio for ground in grounds):
            return tried
    return end


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(value / 255) for value in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4  # noqa: PLR2004  (sRGB)
