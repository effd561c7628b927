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
from aicmo.packaging.deck_base import Base
from aicmo.packaging.deck_chart import Setting, draw_bars, draw_goals
from aicmo.packaging.deck_layout import Slide, gap_after
from aicmo.packaging.deck_month import DAY, HEADS, INSET_X, INSET_Y, WEEKDAY, Month
from aicmo.packaging.deck_page import Box
from aicmo.packaging.deck_parts import (
    CELL_X,
    CELL_Y,
    GAP,
    PADDING,
    Bars,
    Framed,
    Goals,
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
    HEADING_SPACING,
    OTHER_LINE,
    SOURCE,
    Colour,
    Para,
    Style,
    indent_of,
    lines_of,
    needs_fixed_lines,
    plain,
    sized,
)
from aicmo.packaging.translation import Translation, translation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass
class Canvas:
    """A slide being drawn: its placeholders not yet used, and what every text needs."""

    slide: Any
    base: Base
    scale: float
    language: str
    created: datetime
    free: dict[int, Any]

    def slot(self, colour: Colour) -> MSO_THEME_COLOR:
        return getattr(self.base.slots, colour)

    @property
    def say(self) -> Translation:
        return translation(self.language)

    @property
    def rtl(self) -> bool:
        return self.base.page.mirrored

    def take(self, idx: int, box: Box) -> Any:
        """The layout's placeholder, moved to `box`; a text box if it is used up or not there."""
        holder = self.free.pop(idx, None)
        if holder is None:
            holder = self.slide.shapes.add_textbox(*map(Inches, self.base.page.placed(box)))
            holder.text_frame.word_wrap = True
        else:
            self.place(holder, box)
        return holder

    def place(self, shape: Any, box: Box) -> None:
        shape.left, shape.top, shape.width, shape.height = map(Inches, self.base.page.placed(box))

    def write(self, shape: Any, paras: Sequence[Para], scale: float | None = None) -> None:
        frame = shape.text_frame
        for index, para in enumerate(paras):
            target = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
            self.write_para(target, para, self.scale if scale is None else scale)

    def write_para(self, target: Any, para: Para, scale: float) -> None:
        style, size = para.style, sized(para.style, scale)
        target.space_before = Pt(style.before * scale)
        if needs_fixed_lines(para.text):
            target.line_spacing = Pt(size * OTHER_LINE)
        elif style.heading:
            target.line_spacing = HEADING_SPACING
        if self.rtl:
            target.alignment = PP_ALIGN.RIGHT
            target._p.get_or_add_pPr().set("rtl", "1")  # noqa: SLF001  (no API)
        run = target.add_run()
        run.text = plain(para.text)
        self._dress(run, style, size)
        if style.indent:
            _indent(target, para, scale)

    def _dress(self, run: Any, style: Style, size: float) -> None:
        run.font.size = Pt(size)
        if style.bold and not style.inherits:
            run.font.bold = True
        if not style.inherits:
            run.font.color.theme_color = self.slot(style.colour)
        properties = run._r.get_or_add_rPr()  # noqa: SLF001  (no API for these)
        properties.set("lang", self.language)
        if style.heading and not style.inherits:
            for tag in ("latin", "ea", "cs"):
                face = "lt" if tag == "latin" else tag
                properties.append(parse_xml(f'<a:{tag} {nsdecls("a")} typeface="+mj-{face}"/>'))

    def setting(self) -> Setting:
        size = min(14.0, 12 * self.scale)
        return Setting(self.base.slots, self.say, size, self.created, mirrored=self.rtl)

    def text(self, idx: int, box: Box, paras: Sequence[Para], inset: float = 0.0) -> Any:
        shape = self.take(idx, box)
        frame = shape.text_frame
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = Inches(
            inset
        )
        self.write(shape, paras)
        return shape


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


_LAYOUTS = (
    (Text, look.TEXT),
    (Tiles, look.TILES),
    (Rows | Month | Pair, look.TABLE),
    (Bars | Goals, look.CHART),
)


def layout_of(slide: Slide) -> int:
    """The layout that has the placeholder of the slide's largest part."""
    width = slide.page.body_width
    main = max(slide.parts, key=lambda part: part.height(width, slide.scale))
    return next((layout for kind, layout in _LAYOUTS if isinstance(main, kind)), look.TITLE_ONLY)


def draw_parts(canvas: Canvas, slide: Slide) -> None:
    top = slide.top
    left, _, width, _ = slide.page.body
    spare = slide.page.body_bottom - top - slide.height(slide.scale)
    for part in slide.parts:
        extra = min(max(0.0, spare), _growth(part))
        height = part.height(width, slide.scale) + extra
        draw_part(canvas, part, (left, top, width, height))
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
        case Spans() | Goals():
            rows = part.timeline.spans if isinstance(part, Spans) else part.chart.goals
            return 0.25 * len(rows)
        case Rows():
            return 0.16 * (len(part.shown) + 1)
        case Month():
            return 1.0
        case _:
            return 0.0


def draw_part(canvas: Canvas, part: Part, box: Box) -> None:
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
        case Goals():
            _goals(canvas, part, _framed(canvas, part, box))
        case Spans():
            _spans(canvas, part, _framed(canvas, part, box))
        case Month():
            _month(canvas, part, box)


def _framed(canvas: Canvas, part: Framed, box: Box) -> Box:
    """Draws the caption above and the source below; gives the box between them."""
    x, y, width, height = box
    above = caption_height(part, width, canvas.scale)
    below = source_height(part, width, canvas.scale)
    if part.caption:
        canvas.text(-1, (x, y, width, above), (Para(part.caption, CAPTION),))
    if part.source:
        bottom = y + height - below
        canvas.text(-1, (x, bottom, width, below), (Para(part.source, SOURCE),))
    return x, y + above, width, height - above - below


def _tiles(canvas: Canvas, part: Tiles, box: Box) -> None:
    x, y, width, height = box
    inner = part.tile_width(width)
    heights = part.row_heights(width, canvas.scale)
    stretch = (height - sum(heights) - GAP * (len(heights) - 1)) / len(heights)
    scale, index = part.text_scale(canvas.scale, width), 0
    for row, tall in zip(part.rows(), heights, strict=True):
        for column, tile in enumerate(row):
            place_at = (x + column * (inner + GAP), y, inner, tall + stretch)
            shape = canvas.text(look.FIRST_TILE + index, place_at, (), PADDING)
            _ground(canvas, shape, place_at, strong=part.strong)
            canvas.write(shape, tile.paras, scale)
            index += 1
        y += tall + stretch + GAP


def _ground(canvas: Canvas, shape: Any, box: Box, *, strong: bool) -> None:
    if strong or canvas.base.boxed:
        shape.fill.solid()
        slots = canvas.base.slots
        shape.fill.fore_color.theme_color = slots.ground if strong else slots.tint
    else:
        x, y, width, _ = box
        _bar(canvas, (x, y, width, 0.02), canvas.slot("accent"), "")


def _rows(canvas: Canvas, part: Rows, box: Box) -> None:
    table, scale = part.table, part.text_scale(canvas.scale)
    heights = part.row_heights(box[2], canvas.scale)
    stretch = max(0.0, box[3] - sum(heights)) / len(heights)
    frame = _table_frame(canvas, len(heights), len(table.columns), box)
    rows = canvas.say.plural("{number} row", "{number} rows", len(part.rows))
    describe(frame, f"{table.caption}. {rows}.")
    drawn = frame.table
    drawn.last_row = part.last and table.total is not None
    leads = part.leads()
    for column, width in enumerate(part.widths(box[2], canvas.scale)):
        drawn.columns[column].width = Inches(width)
    for number, (cells, height) in enumerate(
        zip((table.columns, *part.shown), heights, strict=True)
    ):
        drawn.rows[number].height = Inches(height + stretch)
        style = HEAD_CELL if number == 0 or cells is table.total else CELL
        for column, text in enumerate(cells):
            cell = drawn.cell(number, column)
            para = Para(" ".join(lines_of(text)), style)
            _cell(canvas, cell, para, scale, numeric=column in table.numeric)
            setattr(
                cell,
                "margin_right" if canvas.rtl else "margin_left",
                Inches(CELL_X + leads[column]),
            )
            cell.vertical_anchor = MSO_ANCHOR.MIDDLE if stretch else MSO_ANCHOR.TOP


def _table_frame(canvas: Canvas, rows: int, columns: int, box: Box) -> Any:
    holder = canvas.free.pop(look.TABLE_BOX, None)
    if holder is None:
        frame = canvas.slide.shapes.add_table(rows, columns, *map(Inches, box))
    else:
        frame = holder.insert_table(rows, columns)
    canvas.place(frame, box)
    properties = frame.table._tbl.tblPr  # noqa: SLF001  (python-pptx has no API for these)
    frame.table.first_row, frame.table.horz_banding = True, False
    properties.find(qn("a:tableStyleId")).text = canvas.base.table_style
    if canvas.rtl:
        properties.set("rtl", "1")
    return frame


def _cell(canvas: Canvas, cell: Any, para: Para, scale: float, *, numeric: bool) -> None:
    cell.margin_left = cell.margin_right = Inches(CELL_X)
    cell.margin_top = cell.margin_bottom = Inches(CELL_Y)
    paragraph = cell.text_frame.paragraphs[0]
    canvas.write_para(paragraph, para, scale)
    if numeric:
        paragraph.alignment = PP_ALIGN.LEFT if canvas.rtl else PP_ALIGN.RIGHT
    run = paragraph.runs[0] if para.text else None
    if run is not None and para.text.startswith("https://") and " " not in para.text:
        run.hyperlink.address = plain(para.text)


def _month(canvas: Canvas, part: Month, box: Box) -> None:
    x, y, width, height = box
    above = caption_height(part, width, 1.0)
    if part.caption:
        shape = canvas.text(-1, (x, y, width, above), ())
        canvas.write(shape, (Para(part.caption, CAPTION),), 1.0)
    scale = part.text_scale(width, height - above)
    heights = part.row_heights(width, height - above)
    frame = _table_frame(canvas, len(heights) + 1, 7, (x, y + above, width, HEADS + sum(heights)))
    describe(frame, part.grid.caption)
    drawn = frame.table
    for column, name in enumerate(part.grid.weekdays):
        drawn.columns[column].width = Inches(width / 7)
        _day(canvas, drawn.cell(0, column), [Para(name, WEEKDAY)], 1.0)
    drawn.rows[0].height = Inches(HEADS)
    for number, (week, tall) in enumerate(zip(part.grid.weeks, heights, strict=True), start=1):
        drawn.rows[number].height = Inches(tall)
        for column, cell in enumerate(week):
            shown = part.shown(cell, width, tall, scale)
            number_para = [Para(cell.number if cell.inside else "", DAY)]
            drawn_cell = drawn.cell(number, column)
            if cell.entries:
                drawn_cell.fill.solid()
                drawn_cell.fill.fore_color.theme_color = canvas.base.slots.tint
            _day(canvas, drawn_cell, [*number_para, *shown], scale)


def _day(canvas: Canvas, cell: Any, paras: Sequence[Para], scale: float) -> None:
    cell.margin_left = cell.margin_right = Inches(INSET_X)
    cell.margin_top = cell.margin_bottom = Inches(INSET_Y)
    for index, para in enumerate(paras):
        frame = cell.text_frame
        target = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        canvas.write_para(target, para, scale)


def _bars(canvas: Canvas, part: Bars, box: Box) -> None:
    frame = draw_bars(_inserter(canvas, box), part.chart, canvas.setting())
    canvas.place(frame, box)
    values = "; ".join(f"{bar.label}: {bar.shown}" for bar in part.chart.bars)
    describe(frame, f"{part.chart.caption}. {values}.")


def _goals(canvas: Canvas, part: Goals, box: Box) -> None:
    frame = draw_goals(_inserter(canvas, box), part.chart, canvas.setting())
    canvas.place(frame, box)
    values = "; ".join(
        f"{one.label}: {one.shown_baseline} → {one.shown_target}" for one in part.chart.goals
    )
    describe(frame, f"{part.chart.caption}. {values}.")


def _inserter(canvas: Canvas, box: Box) -> Callable[[Any, Any], Any]:
    holder = canvas.free.pop(look.CHART_BOX, None)

    def insert(kind: Any, data: Any) -> Any:
        if holder is None:
            return canvas.slide.shapes.add_chart(kind, *map(Inches, box), data)
        return holder.insert_chart(kind, data)

    return insert


def _spans(canvas: Canvas, part: Spans, box: Box) -> None:
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
        _bar(canvas, (left, middle, room, thick), canvas.base.slots.tint, "")
        start, end = max(0.0, min(1.0, span.start)), max(0.0, min(1.0, span.end))
        size = max(0.06, (end - start) * room)
        drawn = (left + min(start * room, room - size), middle, size, thick)
        _bar(canvas, drawn, canvas.base.slots.mark, f"{span.label}: {span.shown}")
        y += tall


def _bar(canvas: Canvas, box: Box, colour: MSO_THEME_COLOR, meaning: str) -> None:
    placed = canvas.base.page.placed(box)
    bar = canvas.slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *map(Inches, placed))
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
