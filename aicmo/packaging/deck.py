"""The deck: from the outline to a PowerPoint file that is native throughout and the same every time.

python-pptx is imported in the files called `deck_*` only: a deck takes several hundred lines, which
one file can't hold, and nothing outside this family sees a type of the library.
"""

from __future__ import annotations

import io
from copy import deepcopy
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pptx.enum.dml import MSO_THEME_COLOR
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.enum.text import PP_ALIGN
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.util import Pt

from aicmo.packaging import deck_look as look
from aicmo.packaging.deck_client_template import TEMPLATE, client_base
from aicmo.packaging.deck_covers import logo_width
from aicmo.packaging.deck_drawing import Canvas, draw_parts, layout_of
from aicmo.packaging.deck_file import normalised
from aicmo.packaging.deck_layout import ChapterSlides, Slide, agenda, lay_out
from aicmo.packaging.deck_story import story
from aicmo.packaging.deck_template import own_base
from aicmo.packaging.deck_text import Para, Style, fitted, plain, sized
from aicmo.packaging.deck_verification import verify_deck
from aicmo.packaging.outline import imprint
from aicmo.packaging.rendered import RenderedFile
from aicmo.packaging.translation import translation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from aicmo.packaging.brand import Theme
    from aicmo.packaging.deck_base import Base
    from aicmo.packaging.deck_page import Box
    from aicmo.packaging.outline import Outline
    from aicmo.packaging.translation import Translation

_COVER_TITLE = Style(44, bold=True, heading=True, inherits=True)
_CHAPTER_TITLE = _COVER_TITLE
_COVER_SUBTITLE = Style(20, inherits=True)
_COVER_CLIENT = Style(14, bold=True, inherits=True)
_COVER_META = Style(13, inherits=True)
_NUMBER = {"clear": Style(20, bold=True, inherits=True), "editorial": Style(110, inherits=True)}
_LEDE = Style(22, inherits=True)
_KICKER = Style(12, bold=True, inherits=True)
_FOOTER = Style(10, inherits=True)
_FOOTER_HEIGHT = 0.26
_MARK = Style(11, bold=True, colour="accent")


def render_deck(outline: Outline, theme: Theme, path: Path) -> RenderedFile:
    """Writes the deck to `path` and checks it.

    Raises:
        FixInput: the project's own PowerPoint template can't be used.
        PackageFileInvalid: the written file fails its verification.
    """
    drawn = _Deck(outline, theme)
    path.write_bytes(drawn.written())
    slides = verify_deck(path, outline)
    return RenderedFile(path, slides, theme.notes)


def _base(outline: Outline, theme: Theme, say: Translation) -> Base:
    if TEMPLATE in theme.templates:
        return client_base(theme.templates, mirrored=say.direction == "rtl")
    return own_base(outline, theme, say)


class _Deck:
    def __init__(self, outline: Outline, theme: Theme) -> None:
        self.outline, self.theme = outline, theme
        self.say = translation(outline.language)
        self.created = datetime.fromisoformat(outline.created)
        self.base = _base(outline, theme, self.say)
        self.deck = self.base.deck
        self.groups: list[tuple[str, list[int]]] = []

    def written(self) -> bytes:
        page = self.base.page
        chapters = lay_out(story(self.outline), page, self.say)
        self._group(self.say.text("Opening"))
        self._cover()
        for slide in agenda(self.outline, chapters, page, self.say):
            self._content(slide)
        for number, chapter in enumerate(chapters, start=1):
            self._chapter(number, chapter)
        self._sections()
        self._properties()
        target = io.BytesIO()
        self.deck.save(target)
        return normalised(target.getvalue())

    def _chapter(self, number: int, chapter: ChapterSlides) -> None:
        self._group(chapter.chapter.title)
        if chapter.divider:
            self._divider(number, chapter)
        for slide in chapter.slides:
            self._content(slide)

    def _group(self, name: str) -> None:
        self.groups.append((name, []))

    def _slide(self, layout: int, scale: float = 1.0) -> Canvas:
        laid = self.base.layouts[layout]
        slide = self.deck.slides.add_slide(laid.part)
        self.groups[-1][1].append(slide.slide_id)
        holders = {one.placeholder_format.idx: one for one in slide.placeholders}
        free = {ours: holders.pop(its) for ours, its in laid.theirs.items() if its in holders}
        for spare in holders.values():
            _remove(spare)
        return Canvas(slide, self.base, scale, self.outline.language, self.created, free)

    def _cover(self) -> None:
        outline, canvas = self.outline, self._slide(look.COVER)
        about = " · ".join(
            text for text in (outline.period, outline.version, outline.confidentiality) if text
        )
        by = outline.prepared_by
        by = self.say.text("Prepared by {agency}", agency=by) if by else ""
        meta = [Para(text, _COVER_META) for text in (about, by) if text]
        self._line(canvas, look.COVER, look.TITLE, outline.title, _COVER_TITLE)
        self._line(canvas, look.COVER, look.BODY, outline.subtitle, _COVER_SUBTITLE)
        self._line(canvas, look.COVER, look.KICKER, outline.client, _COVER_CLIENT)
        self._lines(canvas, look.COVER, look.NUMBER, meta)
        whole = (outline.client, outline.title, outline.subtitle, about, by)
        mark = (0.9, 0.26, *look.MARK_SIZE)
        self._finish(canvas, [text for text in whole if text], mark)

    def _divider(self, number: int, chapter: ChapterSlides) -> None:
        canvas, told = self._slide(look.CHAPTER), chapter.chapter
        at, figure = look.CHAPTER, _NUMBER[self.theme.name]
        self._line(canvas, at, look.TITLE, told.title, _CHAPTER_TITLE)
        self._line(canvas, at, look.NUMBER, f"{number:02d}", figure)
        self._line(canvas, at, look.BODY, told.conclusion, _LEDE)
        mark = look.mark_box(self.base.page, 0.0)
        self._finish(canvas, [told.title, told.conclusion], mark)

    def _content(self, slide: Slide) -> None:
        layout = layout_of(slide)
        canvas = self._slide(layout, slide.scale)
        self._line(canvas, layout, look.TITLE, slide.title, self.base.page.title_style)
        self._line(canvas, layout, look.KICKER, slide.kicker, _KICKER)
        draw_parts(canvas, slide)
        mark = look.mark_box(self.base.page, logo_width(self.theme.logo))
        self._finish(canvas, slide.notes, mark)

    def _line(self, canvas: Canvas, layout: int, idx: int, text: str, style: Style) -> None:
        self._lines(canvas, layout, idx, [Para(text, style)] if text else [])

    def _lines(self, canvas: Canvas, layout: int, idx: int, paras: Sequence[Para]) -> None:
        box = self.base.layouts[layout].boxes.get(idx)
        if paras and box and idx in canvas.free:
            width, height = box[2] - 0.1, box[3] / len(paras)
            shown = [fitted(para.text, para.style, width, height) for para in paras]
            scale = min(one.scale for one in shown)
            lines = [Para(one.text, para.style) for one, para in zip(shown, paras, strict=True)]
            canvas.write(canvas.free.pop(idx), lines, scale)

    def _finish(self, canvas: Canvas, notes: Sequence[str], mark: Box) -> None:
        for holder in canvas.free.values():  # else PowerPoint shows "Click to add text"
            _remove(holder)
        if self.outline.status == "internal draft":
            self._draft_mark(canvas, mark)
        self._furniture(canvas)
        self._notes(canvas, notes)

    def _draft_mark(self, canvas: Canvas, box: Box) -> None:
        shape = canvas.text(-1, box, (), 0.04)
        shape.name = "Internal draft mark"
        canvas.write(shape, [Para(self.say.text("INTERNAL DRAFT"), _MARK)], 1.0)
        shape.fill.solid()
        shape.fill.fore_color.theme_color = MSO_THEME_COLOR.BACKGROUND_1
        shape.line.width = Pt(1)
        shape.line.color.theme_color = self.base.slots.accent_mark
        shape.text_frame.word_wrap = False
        shape.text_frame.paragraphs[0].alignment = PP_ALIGN.CENTER

    def _furniture(self, canvas: Canvas) -> None:
        """python-pptx doesn't copy the footer and the slide number from the layout."""
        tree = canvas.slide.shapes._spTree  # noqa: SLF001  (no API)
        for holder in canvas.slide.slide_layout.placeholders:
            kind = holder.placeholder_format.type
            if kind not in (PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER):
                continue
            copied = deepcopy(holder._element)  # noqa: SLF001
            copied.nvSpPr.cNvPr.set("id", str(tree.max_shape_id + 1))
            tree.append(copied)
            copied.spPr.clear()
            if kind == PP_PLACEHOLDER.FOOTER:
                self._write_footer(copied, holder.width / 914400)
            for properties in copied.iter(qn("a:rPr")):
                properties.set("lang", self.outline.language)

    def _write_footer(self, element: Any, width: float) -> None:
        line = " · ".join(plain(text) for text in imprint(self.outline))
        paragraph = element.txBody.p_lst[0]
        for child in list(paragraph):
            paragraph.remove(child)
        run = paragraph.add_r()
        shown = fitted(line, _FOOTER, width, _FOOTER_HEIGHT)
        run.get_or_add_rPr().set("sz", str(round(sized(_FOOTER, shown.scale) * 100)))
        run.t.text = shown.text

    def _notes(self, canvas: Canvas, notes: Sequence[str]) -> None:
        frame = canvas.slide.notes_slide.notes_text_frame
        frame.text = "\n".join(plain(text) for text in dict.fromkeys(notes))
        for paragraph in frame.paragraphs:
            for run in paragraph.runs:
                run._r.get_or_add_rPr().set("lang", self.outline.language)  # noqa: SLF001  (no API)

    def _sections(self) -> None:
        groups = [(plain(name), ids) for name, ids in self.groups if ids]
        presentation = self.deck.part._element  # noqa: SLF001  (no API for sections)
        presentation.append(parse_xml(look.sections_xml(groups)))

    def _properties(self) -> None:
        outline, properties = self.outline, self.deck.core_properties
        properties.title = plain(outline.title)[:255]
        properties.subject = plain(outline.subtitle)[:255]
        properties.author = plain(outline.prepared_by or outline.client)[:255]
        properties.last_modified_by = properties.author
        properties.language = outline.language
        properties.keywords, properties.comments, properties.category = "", "", ""
        properties.created = properties.modified = self.created.replace(tzinfo=None)
        properties.revision = 1
        package = self.deck.part.package
        app = next(p for p in package.iter_parts() if p.partname == "/docProps/app.xml")
        app._blob = look.application_xml(len(self.deck.slides)).encode()  # noqa: SLF001  (no API)


def _remove(holder: Any) -> None:
    holder._element.getparent().remove(holder._element)  # noqa: SLF001  (no API)
