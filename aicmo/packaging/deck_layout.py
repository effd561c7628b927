"""From the outline to slides: what stands on which slide, at which size.

Small sections share a slide, large ones are split, and the type grows until the slide is filled or
shrinks a little before anything is split. Nothing is left out: text that a slide only begins is
whole in its speaker notes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

from aicmo.errors import PackageFileInvalid
from aicmo.packaging import deck_blocks as blocks
from aicmo.packaging.deck_parts import GAP, Bars, Part, Rows, Spans, Text, Tiles
from aicmo.packaging.deck_text import LEAD, SUBHEAD, Fitted, Para, Style, fitted, wrap
from aicmo.packaging.outline import Chapter, Outline, Section, Table

SLIDE_WIDTH, SLIDE_HEIGHT = 13.333, 7.5
MARGIN = 0.6
BODY_WIDTH = SLIDE_WIDTH - 2 * MARGIN
BODY_TOP, BODY_BOTTOM = 1.8, 6.8
BODY_HEIGHT = BODY_BOTTOM - BODY_TOP
TITLE = Style(28, bold=True, colour="primary", heading=True)
TITLE_WIDTH = BODY_WIDTH - 0.1
TITLE_HEIGHT = 0.97
_GROWN = (1.6, 1.5, 1.4, 1.3, 1.2, 1.1, 1.0)
_SHRUNK = (0.95, 0.9, 0.85, 0.8)
_DIVIDER_FROM = 4  # slides in a chapter
_LONG_DECK = 14
_LITTLE = 0.4  # of a slide
_SHARED_SCALE, _ALONE_SCALE = 0.95, 0.85
_SHARE_UNTIL = 0.6  # of a slide; a fuller one isn't shared with the next section


@dataclass(slots=True)
class Slide:
    """A content slide.

    kicker: the small line over the title. scale: of all type on the slide but the title's.
    notes: paragraphs of the speaker notes.
    """

    kicker: str
    title: str
    parts: list[Part] = field(default_factory=list["Part"])
    notes: list[str] = field(default_factory=list[str])
    scale: float = 1.0
    continued: bool = False

    def height(self, scale: float) -> float:
        gaps = sum(gap_after(part) for part in self.parts[:-1])
        return sum(part.height(BODY_WIDTH, scale) for part in self.parts) + gaps

    def room(self) -> float:
        return BODY_HEIGHT - (self.height(1.0) + GAP if self.parts else 0.0)

    @property
    def top(self) -> float:
        """Where the body begins: higher under a title of one line."""
        shown = fitted_title(self.title)
        one_line = len(wrap(shown.text, TITLE, shown.scale, TITLE_WIDTH)) == 1
        return BODY_TOP - TITLE_HEIGHT / 2 + 0.1 if one_line else BODY_TOP

    def settle(self) -> None:
        """Takes the largest scale at which everything fits."""
        scales = (*_GROWN, *_SHRUNK)
        room = BODY_BOTTOM - self.top
        self.scale = next((s for s in scales if self.height(s) <= room), _SHRUNK[-1])


@dataclass(frozen=True, slots=True)
class ChapterSlides:
    chapter: Chapter
    slides: tuple[Slide, ...]
    divider: bool


def lay_out(outline: Outline) -> tuple[ChapterSlides, ...]:
    """The content slides of every chapter, and whether a divider opens it."""
    plain = [_chapter_slides(chapter, divided=False) for chapter in outline.chapters]
    if sum(map(len, plain)) < _LONG_DECK:
        return tuple(map(_undivided, outline.chapters, plain))
    return tuple(map(_maybe_divided, outline.chapters, plain))


def _undivided(chapter: Chapter, slides: list[Slide]) -> ChapterSlides:
    return ChapterSlides(chapter, tuple(slides), divider=False)


def _maybe_divided(chapter: Chapter, slides: list[Slide]) -> ChapterSlides:
    if len(slides) < _DIVIDER_FROM:
        return _undivided(chapter, slides)
    return ChapterSlides(chapter, tuple(_chapter_slides(chapter, divided=True)), divider=True)


def _chapter_slides(chapter: Chapter, *, divided: bool) -> list[Slide]:
    builder = _Builder(chapter, divided=divided)
    for section in blocks.joined(chapter.sections):
        builder.add(section)
    return builder.finished()


class _Builder:
    """Fills slides with the sections of one chapter."""

    def __init__(self, chapter: Chapter, *, divided: bool) -> None:
        self.chapter = chapter
        self.slides: list[Slide] = []
        # The divider has told the chapter's conclusion already.
        self.conclusion = "" if divided else chapter.conclusion
        # The section that shares the current slide, and where its parts and notes begin.
        self._shared: tuple[Section, int, int] | None = None

    def add(self, section: Section) -> None:
        parts = list(blocks.parts_of(section, BODY_WIDTH, BODY_HEIGHT))
        if not parts:
            return
        if not self._shares(section, parts):
            self._bring_company(parts)
        if self._shares(section, parts):
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
        if self._shared is None or not _is_little(parts):
            return
        section, first, note = self._shared
        slide = self._current
        if _heights(slide.parts[:first]) < _heights(parts):
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
        if few_words and filled <= _LITTLE * BODY_HEIGHT and isinstance(parts[0], Rows):
            return True  # the table begins here and goes on
        if filled <= _SHARE_UNTIL * BODY_HEIGHT:
            return together.height(1.0) <= BODY_HEIGHT
        # A few lines that would be lost on a slide of their own may shrink their neighbours.
        return _is_little(parts) and together.height(_SHARED_SCALE) <= BODY_HEIGHT

    def _open(self, section: Section, part: Part) -> None:
        kicker, whole = self._headings(section, part)
        title = fitted_title(whole)
        notes = [text for text in (self.chapter.conclusion, kicker) if text]
        self.slides.append(Slide(kicker, title.text, notes=notes))
        if not title.whole:
            self._place(Text((Para(whole, LEAD),)), section)

    def _headings(self, section: Section, part: Part) -> tuple[str, str]:
        chapter, heading = self.chapter.title, section.heading
        titles = ("", chapter, _caption(part))
        both = chapter if heading in titles else f"{chapter} · {heading}"
        if self.conclusion:
            title, self.conclusion = self.conclusion, ""
            return both, title
        caption = _caption(part)
        return (both, caption) if caption else (chapter, heading or chapter)

    def _place(self, part: Part, section: Section) -> None:
        """Puts a part on the current slide, or on new ones if it must be split."""
        rest: Part | None = part
        while rest is not None:
            rest = self._put(rest)
            if rest is not None:
                self._continue(section, part)

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
        if slide.parts and slide.room() < BODY_HEIGHT / 2:
            return part
        scale = _split_scale(part, slide.room())
        head, tail = part.split(BODY_WIDTH, scale, slide.room())
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
        smallest = _SHARED_SCALE if self._current.parts else _ALONE_SCALE
        return with_part.height(smallest) <= BODY_HEIGHT

    def _keep(self, part: Part) -> None:
        part = part.widened() if isinstance(part, Tiles) else part
        self._current.parts.append(part)
        self._current.notes += blocks.notes_of(part)

    def _continue(self, section: Section, part: Part) -> None:
        title = _caption(part) or section.heading or self.chapter.title
        short = fitted_title(title, " (continued)").text
        self.slides.append(
            Slide(self.chapter.title, short, notes=[self.chapter.title], continued=True)
        )


def _subhead(section: Section) -> Text:
    return Text((Para(section.heading, SUBHEAD),))


def gap_after(part: Part) -> float:
    """Inches to the next part: little under a subhead, which belongs to it."""
    return 0.08 if isinstance(part, Text) and part.paras[-1].style is SUBHEAD else GAP


def _is_little(parts: list[Part]) -> bool:
    """Whether the parts would be lost on a slide of their own."""
    return _heights(parts) <= _LITTLE * BODY_HEIGHT


def _heights(parts: list[Part]) -> float:
    return sum(part.height(BODY_WIDTH, 1.0) for part in parts)


def _uncaptioned(part: Part, title: str) -> Part:
    """The part without its caption if that is the slide's title."""
    told = isinstance(part, Rows | Bars | Spans) and part.caption == title
    return replace(part, captioned=False) if told else part


def _split_scale(part: Part, room: float) -> float:
    """The scale to split at: a smaller one if that keeps a tile in one piece."""
    if not isinstance(part, Tiles):
        return 1.0
    scales = (1.0, *_SHRUNK)
    return next((scale for scale in scales if part.starts_in(BODY_WIDTH, scale, room)), 1.0)


def _caption(part: Part) -> str:
    return part.caption if isinstance(part, Rows | Bars | Spans) else ""


def fitted_title(title: str, suffix: str = "") -> Fitted:
    return fitted(title, TITLE, TITLE_WIDTH, TITLE_HEIGHT, suffix)


def agenda(outline: Outline, chapters: tuple[ChapterSlides, ...]) -> list[Slide]:
    """The slides that list the chapters, as a table with what each says and where it begins."""
    slides = _agenda_from(outline, chapters, taken=2)
    return slides if len(slides) == 1 else _agenda_from(outline, chapters, taken=1 + len(slides))


def _agenda_from(outline: Outline, chapters: tuple[ChapterSlides, ...], taken: int) -> list[Slide]:
    rows: list[tuple[str, ...]] = []
    for number, one in enumerate(chapters, start=1):
        rows.append((str(number), one.chapter.title, one.chapter.conclusion, str(taken + 1)))
        taken += len(one.slides) + one.divider
    table = Table("Contents", ("", "Chapter", "What it says", "Slide"), tuple(rows), frozenset({3}))
    builder = _Builder(Chapter("agenda", outline.title, "", ()), divided=False)
    builder.add(Section("Contents", (table,)))
    return builder.finished()
