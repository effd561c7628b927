"""The plan as a workbook to sort, filter and calculate with: calendar.xlsx.

Client text is always written as text: none of it can become a formula, a link or a number.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aicmo.packaging.brand import theme_for
from aicmo.packaging.chapter_parts import Material
from aicmo.packaging.chapters_content import crm_text
from aicmo.packaging.client_words import standing
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.wording import CHANNEL_NAMES, Wording, client_text, plain_text
from aicmo.plans.items import CrmContent, EmailContent, Item, PostContent

NAME = "calendar.xlsx"
_SHORT_DATE = 14  # Excel's built-in format that follows the reader's own country
_MAX_CELL = 32_767  # characters (Excel specifications and limits)
_OPTIONS = {
    "in_memory": True,
    "remove_timezone": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


@dataclass(frozen=True, slots=True)
class _Book:
    """The workbook that is being written, with its formats by name."""

    workbook: Any
    formats: Mapping[str, Any]
    material: Material

    @property
    def say(self) -> Wording:
        return self.material.say


def write_workbook(content: ProjectContent, folder: Path) -> dict[str, str]:
    """Writes calendar.xlsx; the same content gives the same bytes. Returns its title by name."""
    from xlsxwriter import Workbook  # noqa: PLC0415  (only packages need it)

    say = Wording.of(content.document)
    written = io.BytesIO()
    workbook: Any
    with Workbook(written, _OPTIONS) as workbook:
        workbook.set_properties(
            {
                "title": content.document.name,
                "company": content.document.brand.name,
                "created": content.imported_at.replace(tzinfo=None, microsecond=0),
            }
        )
        book = _Book(workbook, _formats(workbook, content), Material(content, say))
        _calendar(book)
        _texts(book)
        _kpis(book)
        _budget(book)
    (folder / NAME).write_bytes(written.getvalue())
    return {NAME: say.text("Content calendar as a workbook")}


def _formats(workbook: Any, content: ProjectContent) -> dict[str, Any]:
    theme = theme_for(content.document.brand)
    text = {"font_name": "Arial", "font_size": 10, "font_color": theme.ink, "valign": "top"}
    line = {"bottom": 1, "bottom_color": theme.line}
    head = {"bold": True, "bg_color": theme.primary, "font_color": theme.on_primary}
    total = {"bold": True, "top": 2, "top_color": theme.light.mark}
    made = {
        "head": text | head | {"text_wrap": True, "valign": "vcenter"},
        "text": text | line | {"text_wrap": True},
        "date": text | line | {"num_format": _SHORT_DATE, "align": "left"},
        "time": text | line | {"num_format": "hh:mm", "align": "left"},
        "number": text | line | {"num_format": "#,##0.##"},
        "money": text | line | {"num_format": "#,##0.00"},
        "share": text | line | {"num_format": "0.0%"},
        "total": text | total,
        "total money": text | total | {"num_format": "#,##0.00"},
        "total share": text | total | {"num_format": "0.0%"},
    }
    return {name: workbook.add_format(properties) for name, properties in made.items()}


def _sheet(book: _Book, name: str, columns: Sequence[tuple[str, float]], rows: int) -> Any:
    """A sheet with a frozen head, filters and widths; it prints on pages of one width."""
    sheet = book.workbook.add_worksheet(name[:31])
    for number, (title, width) in enumerate(columns):
        sheet.set_column(number, number, width)
        sheet.write_string(0, number, title, book.formats["head"])
    sheet.set_row(0, 24)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(rows, 1), len(columns) - 1)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    if book.say.translation.direction == "rtl":
        sheet.right_to_left()
    return sheet


def _write(book: _Book, sheet: Any, row: int, values: Sequence[tuple[str, Any]]) -> None:
    """A row of values, each with the name of its format; text is cut where Excel would refuse it."""
    for column, (name, value) in enumerate(values):
        if isinstance(value, datetime):
            sheet.write_datetime(row, column, value, book.formats[name])
        elif isinstance(value, str):
            shown = client_text(value, book.say)[:_MAX_CELL]
            sheet.write_string(row, column, shown, book.formats[name])
        elif value is None:
            sheet.write_blank(row, column, None, book.formats[name])
        else:
            sheet.write_number(row, column, float(value), book.formats[name])


def _calendar(book: _Book) -> None:
    say = book.say
    columns = (
        (say.text("Date"), 12), (say.text("Time"), 8), (say.text("Channel"), 14),
        (say.text("Title"), 44), (say.text("Pillar"), 22), (say.text("Theme"), 22),
        (say.text("Audience"), 22), (say.text("Status"), 16),
    )  # fmt: skip
    items = book.material.items()
    sheet = _sheet(book, say.text("Calendar"), columns, len(items))
    audiences = {one.id: one.name for one in book.material.document.audiences}
    for row, item in enumerate(items, start=1):
        moment = say.sends_at(item)
        _write(book, sheet, row, (
            ("date", moment.replace(hour=0, minute=0, second=0)), ("time", moment),
            ("text", CHANNEL_NAMES[item.channel]), ("text", item.title), ("text", item.pillar),
            ("text", item.theme), ("text", audiences.get(item.audience or "")),
            ("text", standing(book.material.status(item), say)),
        ))  # fmt: skip


def _texts(book: _Book) -> None:
    say = book.say
    columns = (
        (say.text("Title"), 36), (say.text("Channel"), 14), (say.text("Subject"), 36),
        (say.text("Text"), 80), (say.text("Link"), 36), (say.text("Picture or film"), 36),
    )  # fmt: skip
    items = book.material.items()
    sheet = _sheet(book, say.text("Content"), columns, len(items))
    for row, item in enumerate(items, start=1):
        subject, text, link, media = _parts(item, say)
        values = (item.title, CHANNEL_NAMES[item.channel], subject, text, link, media)
        _write(book, sheet, row, [("text", value) for value in values])


def _parts(item: Item, say: Wording) -> tuple[str | None, str | None, str | None, str | None]:
    """Subject, text, link and pictures of an item."""
    match item.content:
        case EmailContent() as email:
            body = plain_text(email.body) if email.format == "markdown" else email.body
            return email.subject, body, email.cta.url if email.cta else None, None
        case PostContent() as post:
            media = [one.brief or one.alt_text or one.source for one in post.media]
            return None, post.text, post.link, "\n".join(media) or None
        case CrmContent() as crm:
            return None, crm_text(crm, say), None, None


def _kpis(book: _Book) -> None:
    kpis, say = book.material.document.kpis, book.say
    if not kpis:
        return
    columns = (
        (say.text("Measure"), 36), (say.text("Baseline"), 12), (say.text("Target"), 12),
        (say.text("Upper target"), 14), (say.text("Unit"), 22), (say.text("Source"), 36),
    )  # fmt: skip
    sheet = _sheet(book, say.text("Measures"), columns, len(kpis))
    for row, kpi in enumerate(kpis, start=1):
        _write(book, sheet, row, (
            ("text", kpi.name), ("number", kpi.baseline), ("number", kpi.target),
            ("number", kpi.target_max), ("text", kpi.unit), ("text", kpi.source),
        ))  # fmt: skip


def _budget(book: _Book) -> None:
    budget, say, formats = book.material.document.budget, book.say, book.formats
    if budget is None:
        return
    amount = say.text("Amount in {currency}", currency=budget.currency)
    columns = (
        (say.text("Budget line"), 40), (amount, 18), (say.text("Share"), 10), (say.text("Note"), 48),
    )  # fmt: skip
    last = len(budget.lines) + 1
    sheet = _sheet(book, say.text("Budget"), columns, len(budget.lines))
    total = sum(line.amount for line in budget.lines)
    for row, line in enumerate(budget.lines, start=1):
        values = (("text", line.name), ("money", line.amount), ("share", None), ("text", line.note))
        _write(book, sheet, row, values)
        share = f"=IF(B${last + 1}=0,0,B{row + 1}/B${last + 1})"
        sheet.write_formula(
            row, 2, share, formats["share"], float(line.amount / total) if total else 0
        )
    sums = (
        (say.text("Total of the lines"), f"=SUM(B2:B{last})", total),
        (say.text("Planned budget"), None, budget.total),
        (say.text("Not yet allocated"), f"=B{last + 2}-B{last + 1}", budget.total - total),
    )
    for row, (title, formula, value) in enumerate(sums, start=last):
        _write(book, sheet, row, (("total", title), ("total money", value)))
        if formula:
            sheet.write_formula(row, 1, formula, formats["total money"], float(value))
