"""Charts as SVG with real text: every bar and span carries its words and its value.

Colours are attributes and classes: a PDF uses the attributes, a page may restyle the classes for
dark paper. The title of each chart is its text alternative and holds every value.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from markupsafe import Markup

from aicmo.packaging.outline import BarChart, Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aicmo.packaging.brand import Palette

WIDE, NARROW = 680, 340
_SIZE, _LINE = 13, 17
_BAR = 12
_ROW_GAP = 16
_CHARACTER = 7.4
"""Mean width of a character of a bold sans face at 13 units, measured on Inter and rounded up."""

_Row = tuple[str, str, float, float, bool]
"""What it is called, what it shows, where the bar starts and ends (0..1), whether it stands out."""


def draw(chart: BarChart | Timeline, colours: Palette, width: int = WIDE) -> Markup:
    """The chart as SVG, `width` units wide."""
    if isinstance(chart, BarChart):
        return bar_chart(chart, colours, width)
    return timeline(chart, colours, width)


def bar_chart(chart: BarChart, colours: Palette, width: int = WIDE) -> Markup:
    """Bars on a zero base, each under its name; the longest stands out."""
    most = max((bar.value for bar in chart.bars), default=0) or 1
    first = next((bar for bar in chart.bars if bar.value == most), None)
    rows = [(b.label, b.shown, 0.0, max(b.value, 0) / most, b is first) for b in chart.bars]
    values = "; ".join(f"{bar.label}: {bar.shown}" for bar in chart.bars)
    return _drawn(f"{chart.caption}. {values}.", rows, colours, width)


def timeline(chart: Timeline, colours: Palette, width: int = WIDE) -> Markup:
    """Spans on one common stretch of time, in the order given."""
    rows = [(one.label, one.shown, one.start, one.end, False) for one in chart.spans]
    values = "; ".join(f"{one.label}: {one.shown}" for one in chart.spans)
    return _drawn(f"{chart.caption}. {values}.", rows, colours, width)


def _drawn(title: str, rows: Sequence[_Row], colours: Palette, width: int) -> Markup:
    parts: list[Markup] = []
    top = 0
    for row in rows:
        drawn, height = _row(row, top, colours, width)
        parts.append(drawn)
        top += height + _ROW_GAP
    height = max(top - _ROW_GAP, 1)
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {w} {h}" '
        'width="{w}" height="{h}" font-family="Inter, sans-serif"><title>{title}</title>{body}</svg>'
    ).format(w=width, h=height, title=title, body=Markup("").join(parts))


def _row(row: _Row, top: int, colours: Palette, width: int) -> tuple[Markup, int]:
    label, shown, start, end, stands_out = row
    value_lines = textwrap.wrap(shown, _characters(width * 0.55)) or [""]
    taken = max(len(line) for line in value_lines) * _CHARACTER + 12
    label_lines = textwrap.wrap(label, _characters(width - taken)) or [""]
    lines = max(len(label_lines), len(value_lines))
    bar_top = top + lines * _LINE + 3
    texts = [_text(label_lines, 0, top, colours.ink, "start")]
    texts.append(_text(value_lines, width, top, colours.ink, "end"))
    kind, fill = ("accent-mark", colours.accent_mark) if stands_out else ("mark", colours.mark)
    track = _bar("track", colours.tint, 0, bar_top, width)
    bar = _bar(kind, fill, start * width, bar_top, max((end - start) * width, 1))
    return Markup("").join([*texts, track, bar]), bar_top + _BAR - top


def _characters(units: float) -> int:
    return max(int(units / _CHARACTER), 8)


def _text(lines: Sequence[str], x: float, top: int, fill: str, anchor: str) -> Markup:
    weight = 600 if anchor == "end" else 400
    return Markup("").join(
        Markup(
            '<text class="ink" x="{}" y="{}" font-size="{}" font-weight="{}" fill="{}" '
            'text-anchor="{}">{}</text>'
        ).format(f"{x:g}", top + _SIZE + number * _LINE, _SIZE, weight, fill, anchor, line)
        for number, line in enumerate(lines)
    )


def _bar(kind: str, fill: str, x: float, y: int, width: float) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" fill="{}"/>').format(
        kind, f"{x:.2f}", y, f"{width:.2f}", _BAR, fill
    )
