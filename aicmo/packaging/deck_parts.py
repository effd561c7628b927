"""The parts a slide is stacked from: each knows its height at a scale, and how to split."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from aicmo.packaging.deck_month import Month
from aicmo.packaging.deck_text import (
    CAPTION,
    CELL,
    FIGURE_VALUE,
    HEAD_CELL,
    SOURCE,
    SPAN_DATES,
    SPAN_LABEL,
    Para,
    height_of,
    indent_of,
    line_height,
    para_height,
    pieces,
    width_of,
    wrap,
)
from aicmo.packaging.deck_text import split as split_paras
from aicmo.packaging.outline import BarChart, Table, TargetChart, Timeline

GAP = 0.2  # between parts and between tiles, inches
PADDING = 0.18  # inside a tile
CELL_X, CELL_Y = 0.1, 0.055
MOST_ROWS = 11
MOST_BARS = 10
MOST_SPANS = 9
MOST_GOALS = 6
_AXES, _BAR, _GOAL = 0.3, 0.42, 0.62  # inches
_BREAK_BELOW = 0.6
_LONG_FIGURE = 14  # characters; a longer one may take two lines
_AFTER_NUMBERS = 0.15  # inches more between right-aligned numbers and a text
_TABLE_MAX, _TILE_MAX, _TEXT_MAX = 1.5, 1.5, 1.6


@dataclass(frozen=True, slots=True)
class Text:
    paras: tuple[Para, ...]

    def text_scale(self, scale: float) -> float:
        return min(scale, _TEXT_MAX)

    def height(self, width: float, scale: float) -> float:
        return height_of(self.paras, width, self.text_scale(scale))

    def split(self, width: float, scale: float, height: float) -> tuple[Text | None, Text | None]:
        head, tail = split_paras(self.paras, width, scale, height)
        return Text(head) if head else None, Text(tail) if tail else None


@dataclass(frozen=True, slots=True)
class Tile:
    """A box of paragraphs; `full` is all its text when the slide shows only the beginning."""

    paras: tuple[Para, ...]
    full: str = ""


@lru_cache(maxsize=1024)
def _longest(tile: Tile) -> float:
    """Inches of the tile's longest word at full size, with its indent."""
    return max(
        width_of(piece, para.style) + indent_of(para.style, 1.0) + 0.02
        for para in tile.paras
        for piece in _unbreakable(para)
    )


def _unbreakable(para: Para) -> list[str]:
    """The pieces of a paragraph; a figure is one, with room for another font's digits."""
    if para.style == FIGURE_VALUE and len(para.text) <= _LONG_FIGURE:
        return [para.text + "0"]
    return _unbroken(para.text) or [""]


@dataclass(frozen=True, slots=True)
class Tiles:
    """Boxes in rows; strong ones stand on the brand's colour."""

    tiles: tuple[Tile, ...]
    columns: int
    strong: bool = False

    def tile_width(self, width: float) -> float:
        return (width - GAP * (self.columns - 1)) / self.columns

    def rows(self) -> list[tuple[Tile, ...]]:
        step = self.columns
        return [self.tiles[i : i + step] for i in range(0, len(self.tiles), step)]

    def row_heights(self, width: float, scale: float) -> list[float]:
        inner, grown = self.tile_width(width) - 2 * PADDING, self.text_scale(scale, width)
        return [
            max(height_of(tile.paras, inner, grown) for tile in row) + 2 * PADDING
            for row in self.rows()
        ]

    def height(self, width: float, scale: float) -> float:
        heights = self.row_heights(width, scale)
        return sum(heights) + GAP * (len(heights) - 1)

    def text_scale(self, scale: float, width: float) -> float:
        """The scale, or a smaller one at which no word is broken; a very long one is."""
        longest = max(_longest(tile) for tile in self.tiles)
        unbroken = (self.tile_width(width) - 2 * PADDING) / longest if longest else scale
        return min(scale, _TILE_MAX, max(unbroken, _BREAK_BELOW))

    def starts_in(self, width: float, scale: float, height: float) -> bool:
        """Whether the first row fits without cutting a tile in two."""
        return self.row_heights(width, scale)[0] <= height

    def widened(self) -> Tiles:
        """Without empty columns, which a last row on a slide of its own would have."""
        return replace(self, columns=min(self.columns, len(self.tiles)))

    def split(self, width: float, scale: float, height: float) -> tuple[Tiles | None, Tiles | None]:
        heights = self.row_heights(width, scale)
        count = _fitting([size + GAP for size in heights], height + GAP)
        if count == 0:
            return self._split_first(width, scale, height)
        if count == len(heights):
            return self, None
        cut = _even(len(heights), count) * self.columns
        rest = self.tiles[cut:]
        return replace(self, tiles=self.tiles[:cut]), replace(self, tiles=rest) if rest else None

    def _split_first(
        self, width: float, scale: float, height: float
    ) -> tuple[Tiles | None, Tiles | None]:
        first, *others = self.tiles
        inner = self.tile_width(width) - 2 * PADDING
        head, tail = split_paras(
            first.paras, inner, self.text_scale(scale, width), height - 2 * PADDING
        )
        if not head:
            return None, self
        if not tail:  # it's a neighbour that is too high
            return replace(self, tiles=(first,)), replace(self, tiles=tuple(others))
        return (
            replace(self, tiles=(Tile(head, full=first.full),)),
            replace(self, tiles=(Tile(tail), *others)),
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table; `table` keeps all of it, so that a continued table keeps its columns."""

    table: Table
    rows: tuple[tuple[str, ...], ...]
    last: bool = True
    captioned: bool = True
    most: int = MOST_ROWS

    @property
    def shown(self) -> tuple[tuple[str, ...], ...]:
        total = self.table.total if self.last else None
        return (*self.rows, total) if total else self.rows

    def text_scale(self, scale: float) -> float:
        return min(scale, _TABLE_MAX)

    def widths(self, width: float, scale: float) -> tuple[float, ...]:
        """Inches per column."""
        leads = self.leads()
        texts = _column_widths(self.table, width - sum(leads), self.text_scale(scale))
        return tuple(map(sum, zip(texts, leads, strict=True)))

    def leads(self) -> tuple[float, ...]:
        """Inches per column that its text begins later by."""
        numeric = self.table.numeric
        places = range(len(self.table.columns))
        return tuple(
            _AFTER_NUMBERS if one - 1 in numeric and one not in numeric else 0.0 for one in places
        )

    def text_widths(self, width: float, scale: float) -> tuple[float, ...]:
        """Inches per column for its text."""
        pairs = zip(self.widths(width, scale), self.leads(), strict=True)
        return tuple(size - lead - 2 * CELL_X for size, lead in pairs)

    def row_heights(self, width: float, scale: float) -> list[float]:
        """The heading row first."""
        widths, grown = self.text_widths(width, scale), self.text_scale(scale)
        heights = [_row_height(self.table.columns, widths, grown, heading=True)]
        bold = [row is self.table.total for row in self.shown]
        pairs = zip(self.shown, bold, strict=True)
        return heights + [_row_height(row, widths, grown, heading=b) for row, b in pairs]

    @property
    def caption(self) -> str:
        return self.table.caption if self.captioned else ""

    @property
    def source(self) -> str:
        return self.table.source

    def height(self, width: float, scale: float) -> float:
        return sum(self.row_heights(width, scale)) + frame_height(self, width, scale)

    def split(self, width: float, scale: float, height: float) -> tuple[Rows | None, Rows | None]:
        height -= frame_height(self, width, scale)
        head, *heights = self.row_heights(width, scale)
        body = heights[: len(self.rows)]
        count = min(_fitting(body, height - head), self.most)
        if count == 0:
            return self._split_first(width, scale, height - head)
        if count >= len(self.rows):  # only the total doesn't fit any more
            count = max(1, len(self.rows) - 1)
        cut = _even(len(self.rows), count)
        if cut == len(self.rows):
            return self, None
        return (
            replace(self, rows=self.rows[:cut], last=False),
            replace(self, rows=self.rows[cut:], captioned=False),
        )

    def _split_first(
        self, width: float, scale: float, height: float
    ) -> tuple[Rows | None, Rows | None]:
        widths, grown = self.text_widths(width, scale), self.text_scale(scale)
        head: list[str] = []
        tail: list[str] = []
        for text, column in zip(self.rows[0], widths, strict=True):
            paras = (Para(text, CELL),)
            kept, rest = split_paras(paras, column, grown, height - 2 * CELL_Y)
            head.append(kept[0].text if kept else "")
            tail.append(rest[0].text if rest else "")
        if not any(head) or not any(tail):
            return None, self
        return (
            replace(self, rows=(tuple(head),), last=False),
            replace(self, rows=(tuple(tail), *self.rows[1:]), captioned=False),
        )


@dataclass(frozen=True, slots=True)
class Bars:
    chart: BarChart
    captioned: bool = True

    @property
    def caption(self) -> str:
        return self.chart.caption if self.captioned else ""

    @property
    def source(self) -> str:
        return self.chart.source

    def height(self, width: float, scale: float) -> float:
        return _AXES + _BAR * len(self.chart.bars) + frame_height(self, width, scale)

    def split(self, width: float, scale: float, height: float) -> tuple[Bars | None, Bars | None]:
        room = height - frame_height(self, width, scale) - _AXES
        fitting = min(MOST_BARS, int(room / _BAR))
        if fitting < 1 or self.height(width, scale) <= height:
            return (None, self) if fitting < 1 else (self, None)
        cut = _even(len(self.chart.bars), fitting)
        bars = self.chart.bars
        return (
            replace(self, chart=replace(self.chart, bars=bars[:cut])),
            Bars(replace(self.chart, bars=bars[cut:]), captioned=False),
        )


@dataclass(frozen=True, slots=True)
class Goals:
    """Pairs of bars: where each measure stands and where it should get."""

    chart: TargetChart
    captioned: bool = True

    @property
    def caption(self) -> str:
        return self.chart.caption if self.captioned else ""

    @property
    def source(self) -> str:
        return self.chart.source

    def height(self, width: float, scale: float) -> float:
        bars = 2 * _AXES + _GOAL * len(self.chart.goals)
        return bars + frame_height(self, width, scale)

    def split(self, width: float, scale: float, height: float) -> tuple[Goals | None, Goals | None]:
        room = height - frame_height(self, width, scale) - 2 * _AXES
        fitting = min(MOST_GOALS, int(room / _GOAL + 1e-6))
        goals = self.chart.goals
        if fitting < 1 or len(goals) <= fitting:
            return (None, self) if fitting < 1 else (self, None)
        cut = _even(len(goals), fitting)
        return (
            replace(self, chart=replace(self.chart, goals=goals[:cut])),
            Goals(replace(self.chart, goals=goals[cut:]), captioned=False),
        )


@dataclass(frozen=True, slots=True)
class Spans:
    timeline: Timeline
    captioned: bool = True

    @property
    def caption(self) -> str:
        return self.timeline.caption if self.captioned else ""

    @property
    def source(self) -> str:
        return ""

    def height(self, width: float, scale: float) -> float:
        return sum(self.row_heights(width, scale)) + frame_height(self, width, scale)

    def row_heights(self, width: float, scale: float) -> list[float]:
        return [
            max(0.55, height_of(p, span_label_width(width), scale) + 0.12) for p in self.labels()
        ]

    def labels(self) -> list[tuple[Para, ...]]:
        return [
            tuple(Para(t, s) for t, s in ((span.label, SPAN_LABEL), (span.shown, SPAN_DATES)) if t)
            for span in self.timeline.spans
        ]

    def split(self, width: float, scale: float, height: float) -> tuple[Spans | None, Spans | None]:
        heights = self.row_heights(width, scale)
        count = min(MOST_SPANS, _fitting(heights, height - frame_height(self, width, scale)))
        if count == 0:
            return None, self
        cut = _even(len(heights), count)
        spans = self.timeline.spans
        if cut == len(spans):
            return self, None
        return (
            replace(self, timeline=replace(self.timeline, spans=spans[:cut])),
            Spans(replace(self.timeline, spans=spans[cut:]), captioned=False),
        )


def span_label_width(width: float) -> float:
    return width * 0.32


@dataclass(frozen=True, slots=True)
class Pair:
    """Two parts side by side, that fit one slide together."""

    left: Rows | Text
    right: Bars | Text
    share: float = 0.56

    def widths(self, width: float) -> tuple[float, float]:
        left = (width - 2 * GAP) * self.share
        return left, width - 2 * GAP - left

    def height(self, width: float, scale: float) -> float:
        left, right = self.widths(width)
        return max(self.left.height(left, scale), self.right.height(right, scale))

    def split(self, width: float, scale: float, height: float) -> tuple[Pair | None, Pair | None]:
        fits = self.height(width, scale) <= height
        return (self, None) if fits else (None, self)


Part = Text | Tiles | Rows | Bars | Goals | Spans | Month | Pair
Framed = Rows | Bars | Goals | Spans | Month


def caption_height(part: Framed, width: float, scale: float) -> float:
    return para_height(Para(part.caption, CAPTION), width, scale) + 0.1 if part.caption else 0.0


def source_height(part: Framed, width: float, scale: float) -> float:
    return para_height(Para(part.source, SOURCE), width, scale) + 0.06 if part.source else 0.0


def frame_height(part: Framed, width: float, scale: float) -> float:
    """What the caption above and the source below take, in inches."""
    return caption_height(part, width, scale) + source_height(part, width, scale)


def _fitting(sizes: Sequence[float], room: float) -> int:
    used = 0.0
    for index, size in enumerate(sizes):
        used += size
        if used > room + 1e-6:
            return index
    return len(sizes)


def _even(total: int, most: int) -> int:
    """The share of the first of the fewest equal shares of at most `most`: 12 by 11 is 6 and 6."""
    return math.ceil(total / math.ceil(total / most))


def _row_height(
    cells: Sequence[str], widths: Sequence[float], scale: float, *, heading: bool
) -> float:
    style = HEAD_CELL if heading else CELL
    tallest = max(
        max(1, len(wrap(text, style, scale, column))) * line_height(text, style, scale)
        for text, column in zip(cells, widths, strict=True)
    )
    return tallest + 2 * CELL_Y


@lru_cache(maxsize=512)
def _column_widths(table: Table, width: float, scale: float) -> tuple[float, ...]:
    """Automatic table layout: no column under its longest word, the rest by how much it has to say."""
    columns = list(
        zip(table.columns, *table.rows, *([table.total] if table.total else []), strict=True)
    )
    least = [min(_widest(column, scale, _unbroken), width / 4) for column in columns]
    wanted = [
        max(_widest(column, scale, _whole), low) for column, low in zip(columns, least, strict=True)
    ]
    if sum(least) >= width:
        return tuple(low * width / sum(least) for low in least)
    if sum(wanted) <= width:
        return tuple(size * width / sum(wanted) for size in wanted)
    more = [math.sqrt(want - low) for want, low in zip(wanted, least, strict=True)]
    spare = width - sum(least)
    return tuple(low + spare * share / sum(more) for low, share in zip(least, more, strict=True))


def _unbroken(text: str) -> list[str]:
    return [piece for word in text.split() for piece in pieces(word)]


def _whole(text: str) -> list[str]:
    return [text]


def _widest(cells: Sequence[str], scale: float, cut: Callable[[str], list[str]]) -> float:
    texts = [piece for cell in cells for piece in cut(cell)]
    widest = max((width_of(text, HEAD_CELL, scale) for text in texts), default=0.0)
    return widest + 2 * CELL_X + 0.02
