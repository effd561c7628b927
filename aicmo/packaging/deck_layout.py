"""From the outline to slides: what stands on which slide, at which size.

Small sections share a slide, large ones are split, and the type grows until the slide is filled or
shrinks a little before anything is split. Nothing is left out: text that a slide only begins is
whole in its speaker notes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from aicmo.errors import PackageFileInvalid
from aicmo.packaging import deck_blocks as blocks
from aicmo.packaging.deck_parts import GAP, Framed, Part, Rows, Text, Tiles
from aicmo.packaging.deck_text import LEAD, SUBHEAD, Fitted, Para, fitted, wrap
from aicmo.packaging.outline import Cards, Chapter, Outline, Paragraph, Section, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aicmo.packaging.deck_page import Page
    from aicmo.packaging.translation import Translation

_GROWN = (1.6, 1.5, 1.4, 1.3, 1.2, 1.1, 1.0)
_SHRUNK = (0.95, 0.9, 0.85, 0.8)
_DIVIDER_FROM = 4  # slides in a chapter
_TITLE_SLACK = 0.1
_MOST_CHAPTERS = 16  # on one slide
_LARGE = 0.85  # of a title's size
_LONG_DECK = 14
_LITTLE = 0.4  # of a slide
_TITLE_LENGTH = 90  # characters
_WORD = re.compile(r"\w+")
_SHARED_SCALE, _ALONE_SCALE = 0.95, 0.85
_SHARE_UNTIL = 0.6  # of a slide; a fuller one isn't shared with the next section


@dataclass(slots=True)
class Slide:
    """A content slide.

    kicker: the small line over the title. scale: of all type on the slide but the title's.
    notes: paragraphs of the speaker notes. smallest: the scale that sections may share it at.
    """

    page: Page
    kicker: str
    title: str
    parts: list[Part] = field(default_factory=list["Part"])
    notes: list[str] = field(default_factory=list[str])
    scale: float = 1.0
    smallest: float = _SHARED_SCALE
    continued: bool = False

    def height(self, scale: float) -> float:
        gaps = sum(gap_after(part) for part in self.parts[:-1])
        return sum(part.height(self.page.body_width, scale) for part in self.parts) + gaps

    def room(self) -> float:
        return self.page.body_height - (self.height(1.0) + GAP if self.parts else 0.0)

    @property
    def top(self) -> float:
        """Where the body begins: higher under a title of one line."""
        page, shown = self.page, fitted_title(self.title, self.page)
        lines = wrap(shown.text, page.title_style, shown.scale, page.title[2] - _TITLE_SLACK)
        return page.body_top(one_line=len(lines) == 1)

    def settle(self) -> None:
        """Takes the largest scale at which everything fits."""
        scales = (*_GROWN, *_SHRUNK)
        room = self.page.body_bottom - self.top
        self.scale = next((s for s in scales if self.height(s) <= room), _SHRUNK[-1])


@dataclass(frozen=True, slots=True)
class ChapterSlides:
    chapter: Chapter
    slides: tuple[Slide, ...]
    divider: bool


def lay_out(outline: Outline, page: Page, say: Translation) -> tuple[ChapterSlides, ...]:
    """The content slides of every chapter, and whether a divider opens it."""
    laid = [_chapter_slides(one, page, say, divided=False) for one in outline.chapters]
    pairs = zip(outline.chapters, laid, strict=True)
    if sum(map(len, laid)) < _LONG_DECK:
        return tuple(_undivided(chapter, slides) for chapter, slides in pairs)
    return tuple(_maybe_divided(chapter, slides, page, say) for chapter, slides in pairs)


def _undivided(chapter: Chapter, slides: list[Slide]) -> ChapterSlides:
    return ChapterSlides(chapter, tuple(slides), divider=False)


def _maybe_divided(
    chapter: Chapter, slides: list[Slide], page: Page, say: Translation
) -> ChapterSlides:
    if len(slides) < _DIVIDER_FROM:
        return _undivided(chapter, slides)
    divided = _chapter_slides(chapter, page, say, divided=True)
    return ChapterSlides(chapter, tuple(divided), divider=True)


def _chapter_slides(
    chapter: Chapter, page: Page, say: Translation, *, divided: bool
) -> list[Slide]:
    builder = _Builder(chapter, page, say, divided=divided)
    for section in blocks.joined(chapter.sections):
        builder.add(section)
    return builder.finished()


class _Builder:
    """Fills slides with the sections of one chapter."""

    def __init__(self, chapter: Chapter, page: Page, say: Translation, *, divided: bool) -> None:
        self.chapter, self.page, self.say = chapter, page, say
        self.slides: list[Slide] = []
        # The divider has told the chapter's conclusion already.
        self.conclusion = "" if divided else chapter.conclusion
        # The section that shares the current slide, and where its parts and notes begin.
        self._shared: tuple[Section, int, int] | None = None

    def add(self, section: Section) -> None:
        parts = list(blocks.parts_of(section, self.page, self.say))
        if parts:
            self.add_parts(section, parts)

    def add_parts(self, section: Section, parts: list[Part]) -> None:
        if not self._shares(section, parts):
            self._bring_company(parts)
        if self._shares(section, parts):
            if self._completes(parts):
                self._current.smallest = _ALONE_SCALE
            self._shared = (section, len(self._current.parts), len(self._current.notes))
            if not blocks.names_itself(section):
                self._current.parts.append(_subhead(section))
        else:
            self._shared = None
            self._open(section, parts[0])
        first, *others = self._untold(parts)
        self._place(_uncaptioned(first, self._current.title), section)
        for part in others:
            self._place(part, section)

    def _bring_company(self, parts: list[Part]) -> None:
        """Moves the section that shares the full slide to a new one, which a small one then joins."""
        if self._shared is None or not self._is_little(parts):
            return
        section, first, note = self._shared
        slide = self._current
        if self._heights(slide.parts[:first]) < self._heights(parts):
            return  # it would be the one left alone
        self._shared = None
        moved = [part for part in slide.parts[first:] if part != _subhead(section)]
        del slide.parts[first:], slide.notes[note:]
        self._open(section, moved[0])
        for part in moved:
            self._place(_uncaptioned(part, self._current.title), section)

    def finished(self) -> list[Slide]:
        for slide in self.slides:
            slide.settle()
        for before, slide in pairwise(self.slides):
            if slide.continued:  # a continued table keeps its type
                slide.scale = min(slide.scale, max(1.0, before.scale))
        return self.slides

    def _is_little(self, parts: list[Part]) -> bool:
        """Whether the parts would be lost on a slide of their own."""
        return self._heights(parts) <= _LITTLE * self.page.body_height

    def _heights(self, parts: list[Part]) -> float:
        return sum(part.height(self.page.body_width, 1.0) for part in parts)

    @property
    def _current(self) -> Slide:
        return self.slides[-1]

    def _shares(self, section: Section, parts: list[Part]) -> bool:
        if not self.slides:
            return False
        added = [_subhead(section), *parts]
        together = replace(self._current, parts=[*self._current.parts, *added])
        filled = self._current.height(1.0)
        few_words = all(isinstance(part, Text) for part in self._current.parts)
        if few_words and filled <= _LITTLE * self.page.body_height and isinstance(parts[0], Rows):
            return True  # the table begins here and goes on
        if self._completes(parts):
            return together.height(_ALONE_SCALE) <= self.page.body_height
        if filled <= _SHARE_UNTIL * self.page.body_height:
            return together.height(1.0) <= self.page.body_height
        # A few lines that would be lost on a slide of their own may shrink their neighbours.
        return self._is_little(parts) and together.height(_SHARED_SCALE) <= self.page.body_height

    def _completes(self, parts: list[Part]) -> bool:
        """Whether parts of a few large words come to a slide that has little on it."""
        filled = self._current.height(1.0) <= _LITTLE * self.page.body_height
        return filled and all(isinstance(one, Text) or _is_callout(one) for one in parts)

    def _open(self, section: Section, part: Part) -> None:
        kicker, whole = self._headings(section, part)
        title = fitted_title(whole, self.page)
        notes = [text for text in (self.chapter.conclusion, kicker) if text]
        self.slides.append(Slide(self.page, kicker, title.text, notes=notes))
        if not title.whole:
            self._place(Text((Para(whole, LEAD),)), section)

    def _headings(self, section: Section, part: Part) -> tuple[str, str]:
        chapter, heading = self.chapter.title, section.heading
        titles = ("", chapter, _caption(part))
        both = chapter if heading in titles else f"{chapter} · {heading}"
        if self.conclusion:
            title, self.conclusion = self.conclusion, ""
            return both, title
        told = _caption(part) or self._lead(section) or _names(section)
        return (both, told) if told else (chapter, heading or chapter)

    def _lead(self, section: Section) -> str:
        """The sentence that opens a section, if it can be a title."""
        match section.blocks:
            case (Paragraph(text, lead), *_) if (lead or _is_sentence(text)) and (
                fitted_title(text, self.page).scale >= _LARGE
            ):
                return " ".join(text.split())
            case _:
                return ""

    def _place(self, part: Part, section: Section) -> None:
        """Puts a part on the current slide, or on new ones if it must be split."""
        rest: Part | None = part
        while rest is not None:
            rest = self._put(rest)
            if rest is not None:
                self._continue(section, part, begun=rest is not part)
                rest = _uncaptioned(rest, self._current.title)

    def _untold(self, parts: list[Part]) -> list[Part]:
        """The parts without a first sentence that is the slide's title already."""
        first, *others = parts
        if isinstance(first, Text) and first.paras[0].text == self._current.title:
            rest = first.paras[1:]
            return ([Text(rest), *others] if rest else others) or parts
        return parts

    def _put(self, part: Part) -> Part | None:
        """Puts what fits on the current slide and gives back the rest."""
        slide = self._current
        if self._fits_whole(part):
            self._keep(part)
            return None
        if slide.parts and slide.room() < self.page.body_height / 2:
            return part
        scale = _split_scale(part, self.page.body_width, slide.room())
        head, tail = part.split(self.page.body_width, scale, slide.room())
        if head is None:
            return self._refused(part)
        self._keep(head)
        slide.notes += blocks.cut_text(part, head, tail)
        return tail

    def _refused(self, part: Part) -> Part:
        if not self._current.parts:
            raise PackageFileInvalid("The deck has a part that no slide is large enough for.")
        return part

    def _fits_whole(self, part: Part) -> bool:
        if blocks.too_many(part):
            return False
        with_part = replace(self._current, parts=[*self._current.parts, part])
        smallest = self._current.smallest if self._current.parts else _ALONE_SCALE
        return with_part.height(smallest) <= self.page.body_height

    def _keep(self, part: Part) -> None:
        part = part.widened() if isinstance(part, Tiles) else part
        self._current.parts.append(part)
        self._current.notes += blocks.notes_of(part, self.say)

    def _continue(self, section: Section, part: Part, *, begun: bool) -> None:
        title = _caption(part) or section.heading or self.chapter.title
        suffix = f" ({self.say.text('continued')})" if begun else ""
        short = fitted_title(title, self.page, suffix)
        self.slides.append(
            Slide(
                self.page,
                self.chapter.title,
                short.text,
                notes=[self.chapter.title],
                continued=begun,
            )
        )


def _subhead(section: Section) -> Text:
    return Text((Para(section.heading, SUBHEAD),))


def _is_callout(part: Part) -> bool:
    return isinstance(part, Tiles) and part.strong


def gap_after(part: Part) -> float:
    """Inches to the next part: little under a subhead, which belongs to it."""
    return 0.08 if isinstance(part, Text) and part.paras[-1].style is SUBHEAD else GAP


def _uncaptioned(part: Part, title: str) -> Part:
    """The part without its caption if that is the slide's title."""
    told = isinstance(part, Framed) and set(_WORD.findall(part.caption)) <= set(
        _WORD.findall(title)
    )
    return replace(part, captioned=False) if told else part


def _is_sentence(text: str) -> bool:
    return len(text) <= _TITLE_LENGTH and text.rstrip().endswith((".", "。", "।", "!", "?"))


def _names(section: Section) -> str:
    """A title that says which things a slide of cards shows, if their names are short enough."""
    match section.blocks:
        case (Cards(cards), *_) if len(cards) > 1 and not blocks.names_itself(section):
            told = f"{section.heading}: {' · '.join(card.title for card in cards)}"
            return told if section.heading and len(told) <= _TITLE_LENGTH else ""
        case _:
            return ""


def _split_scale(part: Part, width: float, room: float) -> float:
    """The scale to split at: a smaller one if that keeps a tile in one piece."""
    if not isinstance(part, Tiles):
        return 1.0
    scales = (1.0, *_SHRUNK)
    return next((scale for scale in scales if part.starts_in(width, scale, room)), 1.0)


def _caption(part: Part) -> str:
    return part.caption if isinstance(part, Framed) else ""


def fitted_title(title: str, page: Page, suffix: str = "") -> Fitted:
    _, _, width, height = page.title
    return fitted(title, page.title_style, width - _TITLE_SLACK, height, suffix)


def agenda(
    outline: Outline, chapters: tuple[ChapterSlides, ...], page: Page, say: Translation
) -> list[Slide]:
    """The slides that list the chapters, as a table with what each says and where it begins."""
    slides: list[Slide] = []
    for _ in range(2):  # a second time if the list itself takes more than one slide
        rows = tuple(_agenda_rows(chapters, taken=1 + max(1, len(slides))))
        columns = ("", say.text("Chapter"), say.text("What it says"), say.text("Slide"))
        table = Table(say.text("Contents"), columns, rows, frozenset({3}))
        builder = _Builder(Chapter("agenda", outline.title, "", ()), page, say, divided=False)
        builder.add_parts(Section(table.caption, ()), [Rows(table, rows, most=_MOST_CHAPTERS)])
        slides = builder.finished()
    return slides


def _agenda_rows(chapters: tuple[ChapterSlides, ...], taken: int) -> Iterator[tuple[str, ...]]:
    for number, one in enumerate(chapters, start=1):
        yield str(number), one.chapter.title, one.chapter.conclusion, str(taken + 1)
        taken += len(one.slides) + one.divider
