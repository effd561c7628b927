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
from pptx.enum.text import PP_ALIGN
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.util import Pt

from aicmo.packaging import deck_look as look
from aicmo.packaging.deck_drawing import Canvas, draw_parts, layout_of
from aicmo.packaging.deck_file import normalised
from aicmo.packaging.deck_layout import TITLE, ChapterSlides, Slide, agenda, lay_out
from aicmo.packaging.deck_template import new_deck, on_primary
from aicmo.packaging.deck_text import Para, Style, fitted, plain
from aicmo.packaging.deck_verification import verify_deck
from aicmo.packaging.rendered import RenderedFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from aicmo.packaging.brand import Theme
    from aicmo.packaging.outline import Outline

_COVER_TITLE = Style(40, bold=True, colour="on_primary", heading=True)
_COVER_SUBTITLE = Style(20, colour="on_primary")
_COVER_CLIENT = Style(14, bold=True, colour="on_primary")
_COVER_META = Style(13, colour="on_primary")
_NUMBER = Style(18, bold=True, colour="on_primary")
_LEDE = Style(22, colour="on_primary")
_KICKER = Style(12, bold=True, colour="accent")
_FOOTER = Style(10, colour="on_primary")
_MARK = Style(11, bold=True, colour="accent")
_MARK_ON_PRIMARY = Style(11, bold=True, colour="on_primary")


def render_deck(outline: Outline, theme: Theme, path: Path) -> RenderedFile:
    """Writes the deck to `path` and checks it.

    Raises:
        PackageFileInvalid: the written file fails its verification.
    """
    blob = _Deck(outline, theme).written()
    path.write_bytes(blob)
    slides = verify_deck(path, outline)
    return RenderedFile(path, slides, theme.notes)


class _Deck:
    def __init__(self, outline: Outline, theme: Theme) -> None:
        self.outline = outline
        self.created = datetime.fromisoformat(outline.created)
        self.deck: Any = new_deck(theme, outline.client)
        self.on_primary = MSO_THEME_COLOR.from_xml(on_primary(theme))
        self.groups: list[tuple[str, list[int]]] = []

    def written(self) -> bytes:
        chapters = lay_out(self.outline)
        self._group("Opening")
        self._cover()
        for slide in agenda(self.outline, chapters):
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
        slide = self.deck.slides.add_slide(self.deck.slide_layouts[layout])
        self.groups[-1][1].append(slide.slide_id)
        return Canvas(slide, scale, self.outline.language, self.created)

    def _cover(self) -> None:
        outline, canvas = self.outline, self._slide(look.COVER)
        about = " · ".join(
            text for text in (outline.period, outline.version, outline.confidentiality) if text
        )
        by = f"Prepared by {outline.prepared_by}" if outline.prepared_by else ""
        meta = [Para(text, _COVER_META) for text in (about, by) if text]
        self._line(canvas, look.TITLE, look.COVER_TITLE, outline.title, _COVER_TITLE)
        self._line(canvas, look.BODY, look.COVER_SUBTITLE, outline.subtitle, _COVER_SUBTITLE)
        self._line(canvas, look.KICKER, look.COVER_CLIENT, outline.client, _COVER_CLIENT)
        self._lines(canvas, look.NUMBER, look.COVER_META, meta)
        whole = (outline.client, outline.title, outline.subtitle, about, by)
        self._finish(
            canvas, [text for text in whole if text], (6.9, 0.7, 2.1, 0.32), _MARK_ON_PRIMARY
        )

    def _divider(self, number: int, chapter: ChapterSlides) -> None:
        canvas, told = self._slide(look.CHAPTER), chapter.chapter
        self._line(canvas, look.TITLE, look.CHAPTER_TITLE, told.title, _COVER_TITLE)
        self._line(canvas, look.NUMBER, look.CHAPTER_NUMBER, f"{number:02d}", _NUMBER)
        self._line(canvas, look.BODY, look.CHAPTER_LEDE, told.conclusion, _LEDE)
        self._finish(canvas, [told.title, told.conclusion], look.MARK_BOX, _MARK_ON_PRIMARY)

    def _content(self, slide: Slide) -> None:
        canvas = self._slide(layout_of(slide), slide.scale)
        self._line(canvas, look.TITLE, look.TITLE_BOX, slide.title, TITLE)
        self._line(canvas, look.KICKER, look.KICKER_BOX, slide.kicker, _KICKER)
        draw_parts(canvas, slide)
        self._finish(canvas, slide.notes, look.MARK_BOX, _MARK)

    def _line(self, canvas: Canvas, idx: int, box: look.Box, text: str, style: Style) -> None:
        if text:
            shown = fitted(text, style, box[2], box[3])
            canvas.write(canvas.free.pop(idx), [Para(shown.text, style)], shown.scale)

    def _lines(self, canvas: Canvas, idx: int, box: look.Box, paras: Sequence[Para]) -> None:
        if paras:
            height = box[3] / len(paras)
            shown = [fitted(para.text, para.style, box[2], height) for para in paras]
            scale = min(one.scale for one in shown)
            lines = [Para(one.text, para.style) for one, para in zip(shown, paras, strict=True)]
            canvas.write(canvas.free.pop(idx), lines, scale)

    def _finish(self, canvas: Canvas, notes: Sequence[str], mark: look.Box, style: Style) -> None:
        for holder in canvas.free.values():  # else PowerPoint shows "Click to add text"
            holder._element.getparent().remove(holder._element)  # noqa: SLF001  (no API)
        if self.outline.status == "internal draft":
            self._draft_mark(canvas, mark, style)
        self._furniture(canvas)
        self._notes(canvas, notes)

    def _draft_mark(self, canvas: Canvas, box: look.Box, style: Style) -> None:
        shape = canvas.text(-1, box, (), 0.04)
        shape.name = "Internal draft mark"
        canvas.write(shape, [Para("INTERNAL DRAFT", style)], 1.0)
        shape.line.width = Pt(1)
        shape.line.color.theme_color = MSO_THEME_COLOR.ACCENT_2
        paragraph = shape.text_frame.paragraphs[0]
        paragraph.alignment = PP_ALIGN.CENTER
        if style is _MARK_ON_PRIMARY:
            paragraph.runs[0].font.color.theme_color = self.on_primary

    def _furniture(self, canvas: Canvas) -> None:
        """python-pptx doesn't copy the footer and the slide number from the layout."""
        tree = canvas.slide.shapes._spTree  # noqa: SLF001  (no API)
        for holder in canvas.slide.slide_layout.placeholders:
            idx = holder.placeholder_format.idx
            if idx not in (look.FOOTER, look.SLIDE_NUMBER):
                continue
            copied = deepcopy(holder._element)  # noqa: SLF001
            copied.nvSpPr.cNvPr.set("id", str(tree.max_shape_id + 1))
            tree.append(copied)
            self._fill_furniture(copied, footer=idx == look.FOOTER)

    def _fill_furniture(self, element: Any, *, footer: bool) -> None:
        for properties in element.iter(qn("a:rPr")):
            properties.set("lang", self.outline.language)
        element.spPr.clear()
        if footer:
            outline = self.outline
            parts = (outline.client, outline.title, outline.version, outline.confidentiality)
            line = " · ".join(plain(text) for text in parts if text)
            shown = fitted(line, _FOOTER, look.FOOTER_BOX[2], look.FOOTER_BOX[3])
            next(element.iter(qn("a:t"))).text = shown.text

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
