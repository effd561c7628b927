"""What the web page's templates ask for beyond the outline: filters, links, charts, pictures."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING

from PIL import Image, ImageStat

from aicmo.packaging import charts
from aicmo.packaging.chapter_parts import EMPTY_CELL
from aicmo.packaging.outline import BarChart, Cards, Table, TargetChart, Timeline
from aicmo.packaging.pictures import Picture
from aicmo.packaging.translation import translation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from aicmo.packaging.brand import Theme
    from aicmo.packaging.outline import Outline

Drawn = BarChart | Timeline | TargetChart

_MOST_VALUES = 12
"""Of a filter: more buttons than that would be slower to read than the table."""
_PALE = 190
"""Of 255, the mean luminance from which a logo can't stand on white."""
_COVER_EDGE, _LOGO_EDGE = 1400, 480
"""Pixels: twice the width at which each is shown on a large screen, for fine displays."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A column by whose values rows can be narrowed down; each value with its number of rows."""

    column: int
    name: str
    values: tuple[tuple[str, int], ...]


class Page:
    """One page's own things. Names and anchors are counted, so that they are the same every time."""

    def __init__(self, outline: Outline, theme: Theme) -> None:
        self.logo = _smaller(theme.logo, _LOGO_EDGE) if theme.logo else None
        self.cover = _smaller(theme.cover, _COVER_EDGE) if theme.cover else None
        self.logo_is_pale = bool(theme.logo and _is_pale(theme.logo))
        self._say = translation(outline.language)
        self._colours = theme.light
        self._anchors = _anchors(outline)
        self._names = count(1)

    def next_name(self) -> str:
        """A name for the next group of buttons."""
        return f"filter-{next(self._names)}"

    def anchor(self, title: str) -> str | None:
        """Where the piece of this title stands; None if none or several have it."""
        return self._anchors.get(title)

    def filters(self, table: Table) -> tuple[Filter, ...]:
        return filters_of(table)

    def choice(self, value: str) -> str:
        """What a filter's button says for a value."""
        return self._say.text("Not stated") if value == EMPTY_CELL else value

    def row_class(self, row: Sequence[str], filters: Sequence[Filter]) -> str:
        """Classes that say which values of which filters the row has."""
        return " ".join(
            f"is-{group}-{place}"
            for group, one in enumerate(filters)
            for place, (value, _) in enumerate(one.values)
            if row[one.column] == value
        )

    def draw(self, chart: Drawn) -> list[tuple[str, Markup]]:
        """The chart for wide and for narrow screens, by its class."""
        sizes = (("wide", charts.WIDE), ("narrow", charts.NARROW))
        return [
            (name, charts.draw(chart, self._colours, width, rtl=self._say.direction == "rtl"))
            for name, width in sizes
        ]

    def data(self, chart: Drawn) -> Table:
        """The values of a chart as a table."""
        say = self._say.text
        if isinstance(chart, TargetChart):
            columns = (say("Measure"), say("Today"), say("Target"))
            rows = tuple((one.label, one.shown_baseline, one.shown_target) for one in chart.goals)
            return Table("", columns, rows, numeric=frozenset((1, 2)))
        if isinstance(chart, Timeline):
            rows = tuple((one.label, one.shown) for one in chart.spans)
            return Table("", (say("Phase"), say("Time")), rows)
        rows = tuple((one.label, one.shown) for one in chart.bars)
        return Table("", (say("Name"), say("Value")), rows, numeric=frozenset((1,)))


def filters_of(table: Table) -> tuple[Filter, ...]:
    """A table's filters: of the columns that ask for one and have a choice to offer."""
    found = (_filter(table, column) for column in table.filter_by)
    return tuple(one for one in found if 1 < len(one.values) <= _MOST_VALUES)


def _filter(table: Table, column: int) -> Filter:
    values = Counter(row[column] for row in table.rows)
    return Filter(column, table.columns[column], tuple(values.items()))


def _anchors(outline: Outline) -> dict[str, str]:
    titles = [
        card.title
        for chapter in outline.chapters
        if chapter.key == "content"
        for section in chapter.sections
        for block in section.blocks
        if isinstance(block, Cards)
        for card in block.cards
    ]
    times = Counter(titles)
    return {
        title: f"piece-{number}"
        for number, title in enumerate(titles, start=1)
        if times[title] == 1
    }


@lru_cache(maxsize=8)
def _smaller(given: Picture, edge: int) -> Picture:
    """The picture as WebP, no longer than `edge`: a page travels by mail and opens on a phone."""
    with Image.open(io.BytesIO(given.content)) as opened:
        made = opened.copy()
    made.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    made.save(written, "WEBP", quality=80, method=6, lossless=given.media_type == "image/png")
    return Picture(written.getvalue(), "image/webp", made.width, made.height)


def _is_pale(logo: Picture) -> bool:
    """Whether what can be seen of a transparent logo is too pale for a white ground."""
    with Image.open(io.BytesIO(logo.content)) as opened:
        seen = opened.convert("LA")
    return ImageStat.Stat(seen.getchannel("L"), seen.getchannel("A")).mean[0] > _PALE and (
        seen.getchannel("A").getextrema()[0] == 0
    )
