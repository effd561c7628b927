"""A strategy PDF in parts that are laid out side by side: each chapter, and a long chapter's sections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aicmo.packaging.outline import texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aicmo.packaging.outline import Chapter, Outline, Section

LONG = 6000
"""Characters after which a chapter's next section starts a part, and so a page: about six pages."""


@dataclass(frozen=True, slots=True)
class Part:
    """A chapter, or those of its sections that follow the first `skipped` ones."""

    number: int
    chapter: Chapter
    skipped: int
    sections: tuple[Section, ...]

    @property
    def name(self) -> str:
        """What no other part is called: `calendar-0`."""
        return f"{self.chapter.key}-{self.skipped}"

    @property
    def opens(self) -> bool:
        """Whether it begins with the chapter's heading."""
        return self.skipped == 0


@dataclass(frozen=True, slots=True)
class Target:
    """A place that something links to; x and y in CSS pixels from the page's content box."""

    name: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A line of the PDF's bookmarks; x and y as a target's."""

    label: str
    level: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page that is laid out already; `page_name` is its `page` property, "" for the usual one."""

    chapter: str
    page_name: str
    targets: tuple[Target, ...]
    bookmarks: tuple[Bookmark, ...]


def parts_of(outline: Outline) -> tuple[Part, ...]:
    """The parts, in order; where they begin depends on the outline alone."""
    return tuple(
        part
        for number, chapter in enumerate(outline.chapters, start=1)
        for part in _parts(number, chapter)
    )


def sheets_of(parts: Sequence[Part], told: Sequence[Mapping[str, Any]]) -> list[Sheet]:
    """The pages of laid-out parts, from what `pdf_layout.lay_out` wrote of each.

    A target that goes on over several pages counts on the first.
    """
    known = set[str]()
    sheets: list[Sheet] = []
    for part, one in zip(parts, told, strict=True):
        for page in one["sheets"]:
            targets = [Target(**each) for each in page["targets"] if each["name"] not in known]
            known.update(each.name for each in targets)
            bookmarks = tuple(Bookmark(**each) for each in page["bookmarks"])
            sheets.append(Sheet(part.chapter.title, page["page_name"], tuple(targets), bookmarks))
    return sheets


def _parts(number: int, chapter: Chapter) -> Iterator[Part]:
    begun, length = 0, 0
    for place, section in enumerate(chapter.sections):
        if length > LONG:
            yield Part(number, chapter, begun, chapter.sections[begun:place])
            begun, length = place, 0
        length += sum(len(text) for text in texts(section))
    yield Part(number, chapter, begun, chapter.sections[begun:])
