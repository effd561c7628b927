"""Outlines and pictures for the tests of the web page: every block there is, in any language."""

from __future__ import annotations

import io
from dataclasses import replace

from PIL import Image, ImageDraw

from aicmo.packaging.brand import Theme
from aicmo.packaging.outline import (
    Bar,
    BarChart,
    Bullets,
    Callout,
    Card,
    Cards,
    Chapter,
    DayCell,
    Entry,
    Figure,
    Figures,
    Goal,
    MonthGrid,
    Outline,
    Paragraph,
    Section,
    Span,
    Table,
    TargetChart,
    Timeline,
)
from aicmo.packaging.pictures import picture

WORDS = {
    "en": "Launch the spring campaign and bring people back every week",
    "de": "Frühjahrskampagne: Donaudampfschifffahrtsgesellschaftskapitäne gewinnen",
    "ar": "إطلاق حملة الربيع وإعادة العملاء كل أسبوع",
    "ja": "春のキャンペーンを開始し、毎週お客様に来ていただく",
    "hi": "वसंत अभियान शुरू करें और हर सप्ताह लोगों को वापस लाएँ",
}
CHANNELS = ("Email", "LinkedIn", "Instagram")
STANDINGS = ("Approved", "Draft")


def every_block(language: str = "en", pieces: int = 9) -> Outline:
    """An outline with every kind of block; `pieces` items in three channels, every third a draft."""
    words = WORDS[language]
    rows = [(number, CHANNELS[number % 3], STANDINGS[number % 3 == 2]) for number in range(pieces)]
    chapters = (
        Chapter("glance", f"{words[:18]} 1", words, (_numbers(words), _words(words))),
        Chapter("calendar", f"{words[:18]} 2", words, (_calendar(words, rows),)),
        Chapter("content", f"{words[:18]} 3", words, (_pieces(words, rows),)),
        Chapter("measurement", f"{words[:18]} 4", words, (_charts(words),)),
    )
    return Outline(
        project_id="every-block",
        client="Northside Strength Studio",
        title=words,
        subtitle=f"{words}. {words}",
        period="March 2 – May 30, 2026",
        version="Version 3",
        language=language,
        created="2026-02-20T09:30:00+00:00",
        confidentiality="Confidential",
        prepared_by="Harbour & Finch",
        status="final",
        chapters=chapters,
    )


def _numbers(words: str) -> Section:
    figures = (
        Figure("200", words, "from 120"),
        Figure("$20,000", "Budget"),
        Figure("40%", words, "no baseline yet"),
        Figure("9", "Pieces"),
    )
    decision = Callout("Decision needed", f"{words}. Read https://northside.example.com/plan")
    return Section(words, (Figures(figures), decision, Callout(words, words, "warning")))


def _words(words: str) -> Section:
    cards = tuple(Card(f"{words} {n}", f"• {words}\n• {words}", ((words, words),)) for n in "abc")
    return Section(
        words,
        (
            Paragraph(f"{words}. {words}. {words}.", lead=True),
            Paragraph(f"{words}. {words}.\n\n1. {words}\n2. {words}"),
            Bullets((words, words)),
            Cards(cards),
        ),
    )


def _calendar(words: str, rows: list[tuple[int, str, str]]) -> Section:
    table = Table(
        f"{words}: {len(rows)}",
        ("When", "Channel", "Piece", "Status"),
        tuple((f"Mar {n % 28 + 1}", channel, _title(n), status) for n, channel, status in rows),
        source=words,
        filter_by=(1, 3),
    )
    return Section(words, (_month(rows), table))


def _title(number: int) -> str:
    return f"Piece {number + 1}"


def _month(rows: list[tuple[int, str, str]]) -> MonthGrid:
    entries = {
        n % 28 + 1: Entry("07:30", channel, _title(n), status) for n, channel, status in rows
    }
    days = [DayCell(str(d), (entries[d],) if d in entries else ()) for d in range(1, 32)]
    days += [DayCell(str(d), inside=False) for d in range(1, 5)]
    weeks = tuple(tuple(days[start : start + 7]) for start in range(0, 35, 7))
    return MonthGrid("March 2026", ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"), weeks)


def _pieces(words: str, rows: list[tuple[int, str, str]]) -> Section:
    cards = tuple(
        Card(
            _title(n),
            f"{words}\n\nhttps://northside.example.com/p/{n} #{'wellness' * 4}",
            (
                ("Subject", words),
                ("Status", status),
                ("Link", f"https://northside.example.com/{n}"),
            ),
            f"{channel} · Mar {n % 28 + 1}",
        )
        for n, channel, status in rows
    )
    return Section(words, (Cards(cards),))


def _charts(words: str) -> Section:
    bars = tuple(Bar(f"{words} {n}", n * 1000, f"${n},000") for n in (8, 6, 4))
    spans = (Span(words, 0, 0.4, "Mar 2 – 31"), Span("B", 0.4, 1, "Apr 1 – May 30"))
    goals = (
        Goal("Trial to member", 28.5, 40, "28.5%", "40%"),
        Goal("Cost per trial", None, 30, "no baseline yet", "$30", "lower"),
    )
    totals = Table(
        words, (words, "Amount"), ((words, "$8,000"), ("B", "$6,000")),
        numeric=frozenset((1,)), total=("Total", "$14,000"),
    )  # fmt: skip
    return Section(
        words,
        (
            BarChart(words, bars, "USD", source=words),
            Timeline(words, spans),
            TargetChart(words, goals),
            totals,
        ),
    )


def with_pictures(theme: Theme) -> Theme:
    """The theme with a logo and a cover picture."""
    return replace(theme, logo=picture(logo_picture()), cover=picture(cover_picture()))


def cover_picture() -> bytes:
    """A JPEG that looks like something: soft discs before a dusk sky."""
    made = Image.linear_gradient("L").resize((900, 700)).convert("RGB")
    made = Image.blend(made, Image.new("RGB", made.size, "#b5526a"), 0.6)
    draw = ImageDraw.Draw(made, "RGBA")
    for n in range(14):
        x, y, size = n * 137 % 900, n * 211 % 700, 90 + n * 23 % 160
        draw.ellipse((x - size, y - size, x + size, y + size), fill=(255, 225, 190, 34))
    written = io.BytesIO()
    made.save(written, "JPEG", quality=85)
    return written.getvalue()


def logo_picture(ink: str = "#143d59") -> bytes:
    """A PNG with a transparent ground: a disc and a bar."""
    made = Image.new("RGBA", (320, 96), (0, 0, 0, 0))
    draw = ImageDraw.Draw(made)
    draw.ellipse((8, 8, 88, 88), fill=ink)
    draw.rectangle((110, 40, 310, 56), fill=ink)
    written = io.BytesIO()
    made.save(written, "PNG")
    return written.getvalue()
