"""The content calendar: a grid for each month, then every piece in one table."""

from __future__ import annotations

from calendar import Calendar
from itertools import groupby
from typing import TYPE_CHECKING

from aicmo.packaging.chapter_parts import Material, present, section, table
from aicmo.packaging.client_words import standing
from aicmo.packaging.outline import Chapter, DayCell, Entry, MonthGrid, Section
from aicmo.packaging.wording import CHANNEL_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from aicmo.plans.items import Item


def calendar(material: Material) -> Chapter | None:
    items, say = material.items(), material.say
    if not items:
        return None
    return Chapter(
        key="calendar",
        title=say.text("Content calendar"),
        conclusion=_going_out(material),
        sections=present(
            (
                section(say.text("Month by month"), *_grids(material)),
                _table(items, material),
            )
        ),
    )


def _going_out(material: Material) -> str:
    items, say = material.items(), material.say
    used = len({item.channel for item in items})
    return say.plural(
        "{number} piece {on_channels} goes out, {days}.",
        "{number} pieces {on_channels} go out, {days}.",
        len(items),
        on_channels=say.plural("on {number} channel", "on {number} channels", used),
        days=material.days_of(items),
    )


def _grids(material: Material) -> Iterator[MonthGrid]:
    def month_of(item: Item) -> tuple[int, int]:
        return material.day_of(item).year, material.day_of(item).month

    for (year, month), items in groupby(material.items(), key=month_of):
        yield _grid(year, month, list(items), material)


def _grid(year: int, month: int, items: Sequence[Item], material: Material) -> MonthGrid:
    say = material.say
    days = {day: list(of_day) for day, of_day in groupby(items, key=material.day_of)}
    first_weekday = say.locale.first_week_day
    weeks = Calendar(first_weekday).monthdatescalendar(year, month)
    names = say.locale.days["stand-alone"]["abbreviated"]
    return MonthGrid(
        caption=say.plural(
            "{month}: {number} piece",
            "{month}: {number} pieces",
            len(items),
            month=say.month(material.day_of(items[0])),
        ),
        weekdays=tuple(names[(first_weekday + at) % 7] for at in range(7)),
        weeks=tuple(
            tuple(_cell(day, month, days.get(day, []), material) for day in week) for week in weeks
        ),
    )


def _cell(day: date, month: int, items: Sequence[Item], material: Material) -> DayCell:
    return DayCell(
        number=material.say.number(day.day),
        entries=tuple(_entry(item, material) for item in items),
        inside=day.month == month,
    )


def _entry(item: Item, material: Material) -> Entry:
    say = material.say
    return Entry(
        time=say.time(say.sends_at(item)),
        channel=CHANNEL_NAMES[item.channel],
        title=item.title,
        standing=standing(material.status(item), say),
    )


def _table(items: Sequence[Item], material: Material) -> Section | None:
    say = material.say
    many_years = len({material.day_of(item).year for item in items}) > 1
    rows = [
        (
            say.moment(say.sends_at(item), with_year=many_years),
            CHANNEL_NAMES[item.channel],
            item.title,
            item.pillar,
            material.audience_of(item),
            standing(material.status(item), say),
        )
        for item in items
    ]
    when, channel, piece = say.text("When"), say.text("Channel"), say.text("Piece")
    pillar, status = say.text("Pillar"), say.text("Status")
    caption = say.plural(
        "{number} piece, {days}",
        "{number} pieces, {days}",
        len(items),
        days=material.days_of(items),
    )
    return section(
        say.text("What goes out, and when"),
        table(
            caption,
            (when, channel, piece, pillar, say.text("For"), status),
            rows,
            source=say.text("Times are in {zone}.", zone=say.zone_name()),
            filter_by=(channel, pillar, status),
        ),
    )
