"""Native bar charts, with their numbers in an embedded workbook."""

from __future__ import annotations

import io
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_TICK_LABEL_POSITION, XL_TICK_MARK
from pptx.enum.dml import MSO_THEME_COLOR
from pptx.util import Pt
from xlsxwriter import Workbook

from aicmo.packaging.deck_text import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from aicmo.packaging.outline import BarChart


def draw_chart(
    insert: Callable[[Any, Any], Any], chart: BarChart, size: float, created: datetime
) -> Any:
    """Draws the bars by `insert(chart_type, chart_data)`; type of `size` points; the graphic frame."""
    data: Any = CategoryChartData()
    data.categories = [plain(bar.label) for bar in chart.bars]
    data.add_series(plain(chart.unit) or "Value", [bar.value for bar in chart.bars])
    frame = insert(XL_CHART_TYPE.BAR_CLUSTERED, data)
    _dress(frame.chart, chart, size)
    # python-pptx's own workbook turns a label such as `=1+1` into a formula and carries the clock.
    frame.chart.part.chart_workbook.update_from_xlsx_blob(_workbook(chart, created))
    return frame


def _dress(drawn: Any, chart: BarChart, size: float) -> None:
    drawn.has_legend = drawn.has_title = False
    drawn.font.size = Pt(size)
    drawn.font.color.theme_color = MSO_THEME_COLOR.TEXT_1
    names, values = drawn.category_axis, drawn.value_axis
    names.reverse_order = True
    names.major_tick_mark = XL_TICK_MARK.NONE
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    names.format.line.color.theme_color = MSO_THEME_COLOR.ACCENT_5
    values.visible = values.has_major_gridlines = False
    amounts = [bar.value for bar in chart.bars]
    values.minimum_scale = min(0.0, *amounts) * 1.15
    values.maximum_scale = (max(0.0, *amounts) or 1.0) * 1.28  # room for the labels
    plot = drawn.plots[0]
    plot.gap_width = 45 if len(amounts) > 2 else 150  # noqa: PLR2004  (one or two bars would be slabs)
    plot.vary_by_categories = False
    series = plot.series[0]
    series.format.fill.solid()
    series.format.fill.fore_color.theme_color = MSO_THEME_COLOR.ACCENT_1
    series.invert_if_negative = False
    top = amounts.index(max(amounts))
    for index, bar in enumerate(chart.bars):
        _label(series.points[index], bar.shown, size)
        if index == top and len(amounts) > 1:
            point = series.points[index].format.fill
            point.solid()
            point.fore_color.theme_color = MSO_THEME_COLOR.ACCENT_2


def _label(point: Any, shown: str, size: float) -> None:
    label = point.data_label
    label.text_frame.text = plain(shown)
    label.text_frame.word_wrap = False
    run = label.text_frame.paragraphs[0].runs[0]
    run.font.size, run.font.bold = Pt(size), True
    run.font.color.theme_color = MSO_THEME_COLOR.TEXT_1
    label.position = XL_LABEL_POSITION.OUTSIDE_END


def _workbook(chart: BarChart, created: datetime) -> bytes:
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book: Any = Workbook(target, options)
    book.set_properties({"created": created})
    sheet = book.add_worksheet()
    sheet.write_string(0, 1, plain(chart.unit) or "Value")
    for row, bar in enumerate(chart.bars, start=1):
        sheet.write_string(row, 0, plain(bar.label))
        sheet.write_number(row, 1, bar.value)
    book.close()
    return target.getvalue()
