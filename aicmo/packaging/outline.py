"""The one model all renderers draw: chapters of blocks, with every word and number already final.

No renderer reads the project: same numbers in every format by construction. Text is plain (never
markup); a renderer escapes it. A cell or detail that is an https:// address as a whole is a link.
`Paragraph.text` and `Card.text` may hold line breaks: a blank line parts paragraphs, a line that
starts with `• ` or `1. ` is a list point.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Literal, cast

from aicmo.packaging.translation import translation

_MARKERS = (
    (re.compile(r"\{\{|\{%"), "shows a template's marks"),
    (re.compile(r"\bNone\b"), "shows a missing value as None"),
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    points: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A named thing with its text and details: a pillar, a persona, an offer, a calendar item."""

    title: str
    text: str = ""
    details: tuple[tuple[str, str], ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True)
class Cards:
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number to remember: `200`, `members by day 90`, `no baseline yet`."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose caption states what it shows; `numeric` are the right-aligned columns.

    filter_by: columns by whose values a reader may narrow the rows down, where the format can.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    total: tuple[str, ...] | None = None
    source: str = ""
    filter_by: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: float
    shown: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars with their values written on them; the caption states the finding."""

    caption: str
    bars: tuple[Bar, ...]
    unit: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, as fractions 0..1 of the whole campaign."""

    label: str
    start: float
    end: float
    shown: str


@dataclass(frozen=True, slots=True)
class Timeline:
    caption: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Goal:
    """A measure on its way from a baseline (None if there is none yet) to a target."""

    label: str
    baseline: float | None
    target: float
    shown_baseline: str
    shown_target: str
    better: Literal["higher", "lower"] = "higher"


@dataclass(frozen=True, slots=True)
class TargetChart:
    """Each measure on a scale of its own: where it stands and where it should get."""

    caption: str
    goals: tuple[Goal, ...]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece in a day of a calendar: `07:30`, `Email`, its title, `Approved`."""

    time: str
    channel: str
    title: str
    standing: str


@dataclass(frozen=True, slots=True)
class DayCell:
    """A day of a month grid; `inside` is false for the days of the neighbouring months."""

    number: str
    entries: tuple[Entry, ...] = ()
    inside: bool = True


@dataclass(frozen=True, slots=True)
class MonthGrid:
    """A month in weeks of seven days, from the first day of the week in the client's country."""

    caption: str
    weekdays: tuple[str, ...]
    weeks: tuple[tuple[DayCell, ...], ...]


@dataclass(frozen=True, slots=True)
class Callout:
    """A box that must not be missed: a decision that is needed, a warning."""

    title: str
    text: str
    kind: Literal["decision", "warning"] = "decision"


Block = (
    Paragraph
    | Bullets
    | Cards
    | Figures
    | Table
    | BarChart
    | Timeline
    | TargetChart
    | MonthGrid
    | Callout
)


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter; `conclusion` is its message in a sentence, the title of its first slide."""

    key: str
    title: str
    conclusion: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole deliverable.

    status: `internal draft` puts a watermark on every page, slide and on the HTML page.
    created: ISO 8601 UTC, from the plan, never from the clock.
    """

    project_id: str
    client: str
    title: str
    subtitle: str
    period: str
    version: str
    language: str
    created: str
    confidentiality: str
    prepared_by: str
    status: Literal["final", "internal draft"]
    chapters: tuple[Chapter, ...]


def texts(part: object) -> Iterator[str]:
    """Every text of an outline or a part of it."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, (tuple, frozenset)):
        for one in cast("tuple[object, ...]", part):
            yield from texts(one)
    elif is_dataclass(part):
        for one in fields(part):
            yield from texts(getattr(part, one.name))


def imprint(outline: Outline) -> list[str]:
    """What a footer says: client, title, version, who made it, how confidential it is."""
    say, made_by = translation(outline.language), outline.prepared_by
    made_by = say.text("Prepared by {agency}", agency=made_by) if made_by else ""
    parts = (outline.client, outline.title, outline.version, made_by, outline.confidentiality)
    return [part for part in parts if part]


def marker_in(text: str, outline: Outline) -> str | None:
    """A template's mark or a missing value in a file's text, unless the outline has it as well."""
    for marker, finding in _MARKERS:
        if marker.search(text) and not any(marker.search(one) for one in texts(outline)):
            return finding
    return None


def squeezed(text: str) -> str:
    """The text without white space and hyphens, which line ends change (pdfium: to U+0002)."""
    return re.sub(r"[\s\x02\u00ad\u2010\ufffe-]+", "", text)
