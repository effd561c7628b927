"""Draws one laid-out slide: text into the layout's placeholders, tables and charts as native ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pptx.enum.dml import MSO_THEME_COLOR
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Inches, Pt

from aicmo.packaging import deck_look as look
from aicmo.packaging.deck_chart import draw_chart
from aicmo.packaging.deck_layout import BODY_BOTTOM, BODY_WIDTH, MARGIN, Slide, gap_after
from aicmo.packaging.deck_parts import (
    CELL_X,
    CELL_Y,
    GAP,
    PADDING,
    Bars,
    Pair,
    Part,
    Rows,
    Spans,
    Text,
    Tiles,
    caption_height,
    source_height,
    span_label_width,
)
from aicmo.packaging.deck_text import (
    CAPTION,
    CELL,
    HEAD_CELL,
    SOURCE,
    Para,
    indent_of,
    lines_of,
    plain,
    sized,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_THEME = {
    "ink": MSO_THEME_COLOR.TEXT_1,
    "muted": MSO_THEME_COLOR.ACCENT_5,
    "primary": MSO_THEME_COLOR.ACCENT_4,
    "accent": MSO_THEME_COLOR.ACCENT_6,
}


@dataclass
class Canvas:
    """A slide being drawn: its placeholders not yet used, and what every text needs."""

    slide: Any
    scale: float
    language: str
    created: datetime

    def __post_init__(self) -> None:
        self.free = {one.placeholder_format.idx: one for one in self.slide.placeholders}

    def take(self, idx: int, box: look.Box) -> Any:
        """The layout's placeholder, moved to `box`; a text box if it is used up or not there."""
        holder = self.free.pop(idx, None)
        if holder is None:
            holder = self.slide.shapes.add_textbox(*map(Inches, box))
            holder.text_frame.word_wrap = True
        else:
            place(holder, box)
        return holder

    def write(self, shape: Any, paras: Sequence[Para], scale: float | None = None) -> None:
        frame = shape.text_frame
        for index, para in enumerate(paras):
            target = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
            write_para(target, para, self.scale if scale is None else scale, self.language)

    def text(self, idx: int, box: look.Box, paras: Sequence[Para], inset: float = 0.0) -> Any:
        shape = self.take(idx, box)
        frame = shape.text_frame
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = Inches(
            inset
        )
        self.write(shape, paras)
        return shape


def place(shape: Any, box: look.Box) -> None:
    shape.left, shape.top, shape.width, shape.height = map(Inches, box)


def write_para(target: Any, para: Para, scale: float, language: str) -> None:
    style = para.style
    size = sized(style, scale)
    target.space_before = Pt(style.before * scale)
    run = target.add_run()
    run.text = plain(para.text)
    run.font.size, run.font.bold = Pt(size), style.bold
    if style.colour != "on_primary":  # those keep their layout's colour
        run.font.color.theme_color = _THEME[style.colour]
    properties = run._r.get_or_add_rPr()  # noqa: SLF001  (python-pptx has no API for these)
    properties.set("lang", language)
    if style.heading:
        properties.append(parse_xml(f'<a:latin {nsdecls("a")} typeface="+mj-lt"/>'))
    if style.indent:
        _indent(target, para, scale)


def _indent(target: Any, para: Para, scale: float) -> None:
    properties = target._p.get_or_add_pPr()  # noqa: SLF001  (python-pptx has no API for bullets)
    indent = look.emu(indent_of(para.style, scale))
    properties.set("marL", str(indent))
    properties.set("indent", str(-indent if para.bullet else 0))
    if para.bullet == "•":
        properties.append(
            parse_xml(f'<a:buClr {nsdecls("a")}><a:schemeClr val="accent2"/></a:buClr>')
        )
        properties.append(parse_xml(f'<a:buFont {nsdecls("a")} typeface="Arial"/>'))
        properties.append(parse_xml(f'<a:buChar {nsdecls("a")} char="•"/>'))
    elif para.bullet:
        start = int(para.bullet.rstrip("."))
        properties.append(
            parse_xml(f'<a:buAutoNum {nsdecls("a")} type="arabicPeriod" startAt="{start}"/>')
        )


def layout_of(slide: Slide) -> int:
    """The layout that has the placeholder of the slide's largest part."""
    main = max(slide.parts, key=lambda part: part.height(BODY_WIDTH, slide.scale))
    match main:
        case Text():
            return look.TEXT
        case Tiles():
            return look.TILES
        case Rows() | Pair(left=Rows()):
            return look.TABLE
        case Bars():
            return look.CHART
        case _:
            return look.TITLE_ONLY


def draw_parts(canvas: Canvas, slide: Slide) -> None:
    top = slide.top
    spare = BODY_BOTTOM - top - slide.height(slide.scale)
    for part in slide.parts:
        extra = min(max(0.0, spare), _growth(part))
        height = part.height(BODY_WIDTH, slide.scale) + extra
        draw_part(canvas, part, (MARGIN, top, BODY_WIDTH, height))
        spare -= extra
        top += height + gap_after(part)


def _growth(part: Part) -> float:
    """Inches that a part may grow by to fill its slide."""
    match part:
        case Tiles():
            return 0.45 * len(part.rows())
        case Bars() | Pair(right=Bars()):
            bars = part if isinstance(part, Bars) else part.right
            return 0.3 * len(bars.chart.bars) if isinstance(bars, Bars) else 0.0
        case Spans():
            return 0.25 * len(part.timeline.spans)
        case _:
            return 0.0


def draw_part(canvas: Canvas, part: Part, box: look.Box) -> None:
    match part:
        case Text():
            shape = canvas.text(look.BODY, box, ())
            canvas.write(shape, part.paras, part.text_scale(canvas.scale))
        case Tiles():
            _tiles(canvas, part, box)
        case Pair():
            left, right = part.widths(box[2])
            draw_part(canvas, part.left, (box[0], box[1], left, box[3]))
            draw_part(canvas, part.right, (box[0] + box[2] - right, box[1], right, box[3]))
        case Rows():
            _rows(canvas, part, _framed(canvas, part, box))
        case Bars():
            _bars(canvas, part, _framed(canvas, part, box))
        case Spans():
            _spans(canvas, part, _framed(canvas, part, box))


def _framed(canvas: Canvas, part: Rows | Bars | Spans, box: look.Box) -> look.Box:
    """Draws the caption above and the source below; gives the box between them."""
    x, y, width, height = box
    above = caption_height(part, width, canvas.scale)
    below = source_height(part, width, canvas.scale)
    if part.caption:
        canvas.text(-1, (x, y, width, above), (Para(part.caption, CAPTION),))
    if part.source:
        bottom = y + height - below
        if isinstance(part, Rows):  # a table ends where its rows end
            bottom = y + part.height(width, canvas.scale) - below
        canvas.text(-1, (x, bottom, width, below), (Para(part.source, SOURCE),))
    return x, y + above, width, height - above - below


def _tiles(canvas: Canvas, part: Tiles, box: look.Box) -> None:
    x, y, width, height = box
    inner = part.tile_width(width)
    heights = part.row_heights(width, canvas.scale)
    stretch = (height - sum(heights) - GAP * (len(heights) - 1)) / len(heights)
    scale, index = part.text_scale(canvas.scale), 0
    for row, tall in zip(part.rows(), heights, strict=True):
        for column, tile in enumerate(row):
            place_at = (x + column * (inner + GAP), y, inner, tall + stretch)
            shape = canvas.text(look.FIRST_TILE + index, place_at, (), PADDING)
            shape.fill.solid()
            shape.fill.fore_color.theme_color = MSO_THEME_COLOR.BACKGROUND_2
            canvas.write(shape, tile.paras, scale)
            index += 1
        y += tall + stretch + GAP


def _rows(canvas: Canvas, part: Rows, box: look.Box) -> None:
    heights = part.row_heights(box[2], canvas.scale)
    frame = _table_frame(canvas, len(heights), len(part.table.columns), (*box[:3], sum(heights)))
    describe(frame, f"Table. {part.table.caption}. {len(part.rows)} rows.")
    table = frame.table
    table.first_row, table.horz_banding = True, False
    table.last_row = part.last and part.table.total is not None
    table._tbl.tblPr.find(qn("a:tableStyleId")).text = look.TABLE_STYLE  # noqa: SLF001  (no API)
    for column, width in enumerate(part.widths(box[2], canvas.scale)):
        table.columns[column].width = Inches(width)
    shown = (part.table.columns, *part.shown)
    for number, (cells, height) in enumerate(zip(shown, heights, strict=True)):
        table.rows[number].height = Inches(height)
        strong = number == 0 or cells is part.table.total
        for column, text in enumerate(cells):
            style = HEAD_CELL if strong else CELL
            cell = table.cell(number, column)
            right = column in part.table.numeric
            _cell(
                canvas,
                cell,
                Para(" ".join(lines_of(text)), style),
                part.text_scale(canvas.scale),
                right=right,
            )


def _table_frame(canvas: Canvas, rows: int, columns: int, box: look.Box) -> Any:
    holder = canvas.free.pop(look.TABLE_BOX, None)
    if holder is None:
        return canvas.slide.shapes.add_table(rows, columns, *map(Inches, box))
    frame = holder.insert_table(rows, columns)
    place(frame, box)
    return frame


def _cell(canvas: Canvas, cell: Any, para: Para, scale: float, *, right: bool) -> None:
    cell.margin_left = cell.margin_right = Inches(CELL_X)
    cell.margin_top = cell.margin_bottom = Inches(CELL_Y)
    cell.vertical_anchor = MSO_ANCHOR.TOP
    paragraph = cell.text_frame.paragraphs[0]
    write_para(paragraph, para, scale, canvas.language)
    if right:
        paragraph.alignment = PP_ALIGN.RIGHT


def _bars(canvas: Canvas, part: Bars, box: look.Box) -> None:
    holder = canvas.free.pop(look.CHART_BOX, None)

    def insert(kind: Any, data: Any) -> Any:
        if holder is None:
            return canvas.slide.shapes.add_chart(kind, *map(Inches, box), data)
        return holder.insert_chart(kind, data)

    frame = draw_chart(insert, part.chart, min(14.0, 12 * canvas.scale), canvas.created)
    place(frame, box)
    values = "; ".join(f"{bar.label}: {bar.shown}" for bar in part.chart.bars)
    describe(frame, f"Bar chart. {part.chart.caption}. {values}.")


def _spans(canvas: Canvas, part: Spans, box: look.Box) -> None:
    x, y, width, height = box
    label = span_label_width(width)
    heights = part.row_heights(width, canvas.scale)
    stretch = (height - sum(heights)) / len(heights)
    rows = zip(part.timeline.spans, part.labels(), heights, strict=True)
    for span, paras, tall in rows:
        tall += stretch  # noqa: PLW2901  (the row as drawn)
        text = canvas.text(-1, (x, y, label, tall), paras)
        text.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
        left, room, thick = x + label + GAP, width - label - GAP, min(0.42, tall * 0.6)
        middle = y + (tall - thick) / 2
        _bar(canvas, (left, middle, room, thick), MSO_THEME_COLOR.BACKGROUND_2, "")
        start, end = max(0.0, min(1.0, span.start)), max(0.0, min(1.0, span.end))
        size = max(0.06, (end - start) * room)
        drawn = (left + min(start * room, room - size), middle, size, thick)
        _bar(canvas, drawn, MSO_THEME_COLOR.ACCENT_1, f"{span.label}: {span.shown}")
        y += tall


def _bar(canvas: Canvas, box: look.Box, colour: MSO_THEME_COLOR, meaning: str) -> None:
    bar = canvas.slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *map(Inches, box))
    bar.fill.solid()
    bar.fill.fore_color.theme_color = colour
    bar.line.fill.background()
    bar._element.remove(bar._element.find(qn("p:style")))  # noqa: SLF001  (it brings a shadow)
    describe(bar, meaning)


def describe(shape: Any, meaning: str) -> None:
    """Sets the alternative text; without a meaning the shape is marked as decorative."""
    properties = shape._element.xpath(".//p:cNvPr")[0]  # noqa: SLF001  (no API for alternative text)
    if meaning:
        properties.set("descr", " ".join(lines_of(meaning)))
    else:
        properties.append(parse_xml(look.decorative_xml()))
