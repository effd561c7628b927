"""Charts with real text: every bar, span and goal carries its words and its values.

On the web a chart is one SVG. On paper its marks are an SVG and its words are HTML over it:
WeasyPrint draws SVG text letter by letter, which takes Arabic and Devanagari apart.

Colours are attributes and classes: a PDF uses the attributes, a page may restyle the classes for
dark paper. The title of each chart is its text alternative and holds every value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from aicmo.packaging.chart_text import SIZE, lines_of, width_of
from aicmo.packaging.outline import BarChart, Goal, TargetChart, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aicmo.packaging.brand import Palette

WIDE, NARROW = 680, 340
_LINE = 17
_BAR = 12
_ROW_GAP = 16
MM = 170 / WIDE
"""Millimetres of a unit on paper, where a chart is as wide as the page's text."""
_START, _GOAL = 5.5, 7.0
"""Radii of the marks of a goal's start and of the goal."""

Chart = BarChart | Timeline | TargetChart


@dataclass(frozen=True, slots=True)
class _Paper:
    """What a chart is drawn on; x runs from where reading begins, also from the right."""

    colours: Palette
    width: int
    mirrored: bool
    printed: bool

    def text(self, lines: Sequence[str], x: float, top: float, anchor: str, kind: str) -> Markup:
        if self.mirrored:
            x, anchor = self.width - x, {"start": "end", "end": "start"}.get(anchor, anchor)
        if self.printed:
            return self._html(lines, x, top, anchor, kind)
        weight = 600 if kind == "strong" else 400
        fill = self.colours.muted if kind == "muted" else self.colours.ink
        return Markup("").join(
            Markup(
                '<text class="{}" x="{:g}" y="{:g}" font-size="{}" font-weight="{}" fill="{}" '
                'text-anchor="{}">{}</text>'
            ).format(
                "muted" if kind == "muted" else "ink",
                *(round(x, 2), top + SIZE + number * _LINE, SIZE, weight, fill, anchor, line),
            )
            for number, line in enumerate(lines)
        )

    def _html(self, lines: Sequence[str], x: float, top: float, anchor: str, kind: str) -> Markup:
        side, at = ("right", self.width - x) if anchor == "end" else ("left", x)
        at -= self.width / 2 if anchor == "middle" else 0
        return Markup("").join(
            Markup('<p class="word {} {}" style="{}: {:g}mm; top: {:g}mm">{}</p>').format(
                *(anchor, kind, side, round(at * MM, 2), (top + number * _LINE) * MM, line)
            )
            for number, line in enumerate(lines)
        )

    def bar(self, kind: str, fill: str, x: float, y: float, width: float, height: float) -> Markup:
        x = self.width - x - width if self.mirrored else x
        return Markup(
            '<rect class="{}" x="{:.2f}" y="{:g}" width="{:.2f}" height="{:g}" fill="{}"/>'
        ).format(kind, x, y, width, height, fill)

    def circle(self, kind: str, fill: str, x: float, y: float, radius: float) -> Markup:
        x = self.width - x if self.mirrored else x
        return Markup('<circle class="{}" cx="{:.2f}" cy="{:g}" r="{:g}" fill="{}"/>').format(
            kind, x, y, radius, fill
        )


@dataclass(frozen=True, slots=True)
class _Row:
    """said: the row in the text alternative; draw: from its top to marks, words and its height."""

    said: str
    draw: Callable[[float], tuple[Markup, Markup, float]]


def draw(chart: Chart, colours: Palette, width: int = WIDE, *, rtl: bool = False) -> Markup:
    """The chart as one SVG, `width` units wide; `rtl` for a page that is read from the right."""
    rows = _rows(chart, _Paper(colours, width, mirrored=rtl, printed=False))
    marks, words, height = _stacked(rows)
    return _svg(chart.caption, rows, words + marks, width, height)


def print_drawings(chart: Chart, colours: Palette, *, rtl: bool, most: int) -> list[Markup]:
    """The chart for paper, on one scale, in drawings of at most `most` rows: a page holds no more."""
    rows = _rows(chart, _Paper(colours, WIDE, mirrored=rtl, printed=True))
    return [
        _printed(chart.caption, rows[at : at + most]) for at in range(0, max(len(rows), 1), most)
    ]


def _printed(caption: str, rows: Sequence[_Row]) -> Markup:
    marks, words, height = _stacked(rows)
    return Markup('<div class="drawn" style="height: {:g}mm">{}{}</div>').format(
        height * MM, _svg(caption, rows, marks, WIDE, height), words
    )


def _stacked(rows: Sequence[_Row]) -> tuple[Markup, Markup, float]:
    marks, words, top = Markup(), Markup(), 0.0
    for row in rows:
        more, said, height = row.draw(top)
        marks, words, top = marks + more, words + said, top + height + _ROW_GAP
    return marks, words, max(top - _ROW_GAP, 1)


def _svg(caption: str, rows: Sequence[_Row], body: Markup, width: int, height: float) -> Markup:
    values = "; ".join(row.said for row in rows)
    # The direction is fixed, so that "start" means left everywhere: the paper mirrors by itself.
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {w} {h:g}" width="{w}" '
        'height="{h:g}" direction="ltr" font-family="Inter, sans-serif"><title>{title}</title>'
        "{body}</svg>"
    ).format(w=width, h=height, title=f"{caption}. {values}.", body=body)


def _rows(chart: Chart, paper: _Paper) -> list[_Row]:
    if isinstance(chart, TargetChart):
        return [_goal(goal, paper) for goal in chart.goals]
    if isinstance(chart, Timeline):
        return [_bar(s.label, s.shown, s.start, s.end, paper) for s in chart.spans]
    longest = max((bar.value for bar in chart.bars), default=0) or 1
    first = next((bar for bar in chart.bars if bar.value == longest), None)
    return [
        _bar(b.label, b.shown, 0.0, max(b.value, 0) / longest, paper, stands_out=b is first)
        for b in chart.bars
    ]


def _bar(
    label: str,
    shown: str,
    start: float,
    end: float,
    paper: _Paper,
    *,
    stands_out: bool = False,
) -> _Row:
    def drawn(top: float) -> tuple[Markup, Markup, float]:
        width, colours = paper.width, paper.colours
        value_lines = lines_of(shown, width * 0.55)
        taken = max(width_of(line) for line in value_lines) + 12
        label_lines = lines_of(label, width - taken)
        at = top + max(len(label_lines), len(value_lines)) * _LINE + 3
        kind, fill = ("accent-mark", colours.accent_mark) if stands_out else ("mark", colours.mark)
        length = max((end - start) * width, 1)
        words = paper.text(label_lines, 0, top, "start", "plain")
        words += paper.text(value_lines, width, top, "end", "strong")
        marks = paper.bar("track", colours.tint, 0, at, width, _BAR)
        marks += paper.bar(kind, fill, start * width, at, length, _BAR)
        return marks, words, at + _BAR - top

    return _Row(f"{label}: {shown}", drawn)


def _goal(goal: Goal, paper: _Paper) -> _Row:
    """A track from zero to the larger value; without a baseline only the goal stands on it."""
    said = f"{goal.label}: {goal.shown_baseline} → {goal.shown_target}"

    def drawn(top: float) -> tuple[Markup, Markup, float]:
        colours = paper.colours
        label = lines_of(goal.label, paper.width)
        y = top + len(label) * _LINE + _GOAL + 4
        start, end = _places(goal, paper.width)
        marks = paper.bar("track", colours.line, 0, y - 1.5, paper.width, 3)
        if start is not None:
            low, high = sorted((start, end))
            marks += paper.bar("mark", colours.mark, low, y - 2.5, high - low, 5)
            marks += paper.circle("mark", colours.mark, start, y, _START)
            marks += paper.circle("paper", colours.paper, start, y, _START - 2.5)
        marks += paper.circle("accent-mark", colours.accent_mark, end, y, _GOAL)
        values, height = _values(goal, start, end, paper, y + _GOAL + 2)
        words = paper.text(label, 0, top, "start", "strong") + values
        return marks, words, y + _GOAL + 2 + height - top

    return _Row(said, drawn)


def _places(goal: Goal, width: int) -> tuple[float | None, float]:
    """Where the start and the goal stand on the track, inside its ends by a mark's radius."""
    known = [goal.target] if goal.baseline is None else [goal.baseline, goal.target]
    low, high = min(0.0, *known), max(0.0, *known)
    room, reach = width - 2 * _GOAL, (high - low) or 1
    places = [_GOAL + (one - low) / reach * room for one in known]
    return (None, places[0]) if goal.baseline is None else (places[0], places[1])


def _values(
    goal: Goal, start: float | None, end: float, paper: _Paper, top: float
) -> tuple[Markup, float]:
    """Both values under their marks, pushed apart where they would touch, or one below the other."""
    widths = width_of(goal.shown_baseline), width_of(goal.shown_target)
    # Without a baseline its words stand at the end of the track that the goal leaves free.
    begun = start if start is not None else (0.0 if end > paper.width / 2 else float(paper.width))
    first_is_left = begun <= end
    if sum(widths) + 18 > paper.width:
        base = lines_of(goal.shown_baseline, paper.width)
        aim = lines_of(goal.shown_target, paper.width)
        anchor, x = ("end", paper.width) if first_is_left else ("start", 0)
        other, z = ("start", 0) if first_is_left else ("end", paper.width)
        made = paper.text(base, z, top, other, "muted")
        made += paper.text(aim, x, top + len(base) * _LINE, anchor, "strong")
        return made, (len(base) + len(aim)) * _LINE
    lefts = [_inside(x - w / 2, w, paper.width) for x, w in zip((begun, end), widths, strict=True)]
    one, other = (0, 1) if first_is_left else (1, 0)
    if (over := lefts[one] + widths[one] + 18 - lefts[other]) > 0:
        lefts[other] = _inside(lefts[other] + over, widths[other], paper.width)
        lefts[one] = max(min(lefts[one], lefts[other] - widths[one] - 18), 0)
    middles = [left + width / 2 for left, width in zip(lefts, widths, strict=True)]
    made = paper.text([goal.shown_baseline], middles[0], top, "middle", "muted")
    made += paper.text([goal.shown_target], middles[1], top, "middle", "strong")
    return made, _LINE


def _inside(left: float, width: float, whole: int) -> float:
    return max(min(left, whole - width), 0)
