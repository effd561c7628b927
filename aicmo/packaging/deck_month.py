"""A month on one slide: weeks as high as they have something to say, and no title cut short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from aicmo.packaging.deck_text import Para, Style, height_of, para_height, width_of
from aicmo.packaging.outline import DayCell, Entry, MonthGrid
from aicmo.packaging.translation import Translation

_SCALES = (1.5, 1.4, 1.3, 1.2, 1.1, 1.0)
HEADS = 0.3  # inches
INSET_X, INSET_Y = 0.06, 0.04
DAY = Style(11, bold=True, colour="muted")
WEEKDAY = Style(11, bold=True, inherits=True)
WHEN = Style(10, colour="muted", before=3)
ENTRY = Style(10, bold=True)
MORE = Style(10, bold=True, colour="accent", before=1)


@dataclass(frozen=True)
class Month:
    """A grid that fills the body of its slide; a day shows whole entries and how many more it has."""

    grid: MonthGrid
    say: Translation
    tall: float
    captioned: bool = True
    source: str = ""

    @property
    def caption(self) -> str:
        return self.grid.caption if self.captioned else ""

    def height(self, width: float, scale: float) -> float:
        del width, scale  # the grid keeps its type and takes what the slide has
        return self.tall

    def split(self, width: float, scale: float, height: float) -> tuple[Month | None, Month | None]:
        return (self, None) if self.height(width, scale) <= height + 1e-6 else (None, self)

    def text_scale(self, width: float, height: float) -> float:
        """The largest type at which every day shows all it has, and no word is broken.

        The smallest if there is none.
        """
        room, longest = height - HEADS, _longest(self) / (width / 7 - 2 * INSET_X)
        fitting = (
            one
            for one in _SCALES
            if one * longest <= 1 and sum(_wanted_heights(self, width, one)) <= room
        )
        return next(fitting, _SCALES[-1])

    def row_heights(self, width: float, height: float) -> list[float]:
        """The weeks' heights in a grid of this size: what they need, levelled where it is too much."""
        wanted = _wanted_heights(self, width, self.text_scale(width, height))
        return _levelled(wanted, height - HEADS)

    def shown(self, cell: DayCell, width: float, height: float, scale: float) -> list[Para]:
        """The whole entries that a day has room for in a row of this height, and how many more."""
        inner, room = width / 7 - 2 * INSET_X, height - 2 * INSET_Y + 1e-6
        room -= para_height(Para(cell.number, DAY), inner, scale)
        sizes = [height_of(_entry_paras(entry), inner, scale) for entry in cell.entries]
        count = len(sizes)
        if sum(sizes) > room:
            room -= para_height(Para(self.more(99), MORE), inner, scale)
            count = next(i for i in range(len(sizes)) if sum(sizes[: i + 1]) > room)
        paras = [para for entry in cell.entries[:count] for para in _entry_paras(entry)]
        left = len(sizes) - count
        return [*paras, Para(self.more(left), MORE)] if left else paras

    def more(self, number: int) -> str:
        return self.say.plural("+{number} more", "+{number} more", number)


def _entry_paras(entry: Entry) -> list[Para]:
    when = " · ".join(part for part in (entry.time, entry.channel) if part)
    lines = ((when, WHEN), (entry.title, ENTRY))
    return [Para(text, style) for text, style in lines if text]


def _levelled(wanted: Sequence[float], spare: float) -> list[float]:
    if sum(wanted) <= spare:
        return _raised(wanted, spare)
    level, left = 0.0, sorted(wanted)
    while left:  # the lowest weeks get what they want, the others an equal share of the rest
        level = spare / len(left)
        if left[0] > level:
            break
        spare -= left.pop(0)
    return [min(size, level) for size in wanted]


def _raised(wanted: Sequence[float], spare: float) -> list[float]:
    """The weeks as even as they can be: only those that need more are higher than the others."""
    level, left = 0.0, sorted(wanted, reverse=True)
    while left:
        level = spare / len(left)
        if left[0] <= level:
            break
        spare -= left.pop(0)
    return [max(size, level) for size in wanted]


@lru_cache(maxsize=256)
def _longest(month: Month) -> float:
    """Inches of the longest word of any day at full size."""
    entries = (one for week in month.grid.weeks for cell in week for one in cell.entries)
    paras = (para for entry in entries for para in _entry_paras(entry))
    words = (width_of(word, para.style) for para in paras for word in para.text.split())
    return max(words, default=0.0) + 0.02


@lru_cache(maxsize=256)
def _wanted_heights(month: Month, width: float, scale: float) -> tuple[float, ...]:
    inner = width / 7 - 2 * INSET_X
    weeks = month.grid.weeks
    return tuple(max(_wanted(cell, inner, scale) for cell in week) + 2 * INSET_Y for week in weeks)


def _wanted(cell: DayCell, inner: float, scale: float) -> float:
    entries = [para for one in cell.entries for para in _entry_paras(one)]
    return height_of((Para(cell.number, DAY), *entries), inner, scale)
