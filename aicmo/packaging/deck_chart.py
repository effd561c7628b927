"""Native bar charts, with their numbers in an embedded workbook."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pptx.chart.data import CategoryChartData
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_TICK_LABEL_POSITION,
    XL_TICK_MARK,
)
from pptx.enum.dml import MSO_THEME_COLOR
from pptx.util import Pt
from xlsxwriter import Workbook

from aicmo.packaging.deck_text import plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aicmo.packaging.deck_base import Slots
    from aicmo.packaging.outline import BarChart, TargetChart
    from aicmo.packaging.translation import Translation

    Insert = Callable[[Any, Any], Any]

_FEW = 2
_LABEL_ROOM = 1.28


@dataclass(frozen=True, slots=True)
class Setting:
    """What every chart of a slide shares; size in points."""

    slots: Slots
    say: Translation
    size: float
    created: datetime
    mirrored: bool


@dataclass(frozen=True, slots=True)
class _Series:
    name: str
    values: tuple[float | None, ...]
    shown: tuple[str, ...]
    colour: MSO_THEME_COLOR


def draw_bars(insert: Insert, chart: BarChart, setting: Setting) -> Any:
    """Draws the bars by `insert(chart_type, chart_data)`; the largest stands out; the graphic frame."""
    values = tuple(bar.value for bar in chart.bars)
    name = plain(chart.unit) or setting.say.text("Value")
    series = _Series(name, values, tuple(bar.shown for bar in chart.bars), setting.slots.mark)
    frame = _drawn(insert, tuple(bar.label for bar in chart.bars), (series,), setting)
    if len(values) > 1:
        point = frame.chart.plots[0].series[0].points[values.index(max(values))].format.fill
        point.solid()
        point.fore_color.theme_color = setting.slots.accent_mark
    frame.chart.plots[0].gap_width = 45 if len(values) > _FEW else 150  # one bar would be a slab
    return frame


def draw_goals(insert: Insert, chart: TargetChart, setting: Setting) -> Any:
    """Draws baseline and target of each measure as shares of its target: no axis mixes units."""
    say, goals = setting.say, chart.goals
    now = tuple(None if one.baseline is None else one.baseline / one.target for one in goals)
    today = _Series(
        say.text("Today"), now, tuple(one.shown_baseline for one in goals), setting.slots.mark
    )
    target = _Series(
        say.text("Target"), (1.0,) * len(goals), tuple(one.shown_target for one in goals),
        setting.slots.accent_mark,
    )  # fmt: skip
    labels = tuple(
        one.label if one.baseline is not None else f"{one.label} ({one.shown_baseline})"
        for one in goals
    )
    frame = _drawn(insert, labels, (today, target), setting)
    drawn = frame.chart
    drawn.has_legend = True
    drawn.legend.position = XL_LEGEND_POSITION.BOTTOM
    drawn.legend.include_in_layout = False
    drawn.plots[0].gap_width, drawn.plots[0].overlap = 60, -5
    return frame


def _drawn(
    insert: Insert, labels: tuple[str, ...], series: tuple[_Series, ...], setting: Setting
) -> Any:
    data: Any = CategoryChartData()
    data.categories = [plain(label) for label in labels]
    for one in series:
        data.add_series(one.name, one.values)
    frame = insert(XL_CHART_TYPE.BAR_CLUSTERED, data)
    _dress(frame.chart, series, setting)
    # python-pptx's own workbook turns a label such as `=1+1` into a formula and carries the clock.
    frame.chart.part.chart_workbook.update_from_xlsx_blob(_workbook(labels, series, setting))
    return frame


def _dress(drawn: Any, series: tuple[_Series, ...], setting: Setting) -> None:
    drawn.has_legend = drawn.has_title = False
    drawn.font.size = Pt(setting.size)
    drawn.font.color.theme_color = setting.slots.ink
    names, values = drawn.category_axis, drawn.value_axis
    names.reverse_order = True
    names.major_tick_mark = XL_TICK_MARK.NONE
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    names.format.line.color.theme_color = setting.slots.muted
    values.visible = values.has_major_gridlines = False
    values.reverse_order = setting.mirrored
    amounts = [value for one in series for value in one.values if value is not None]
    values.minimum_scale = min(0.0, *amounts) * 1.15
    values.maximum_scale = (max(0.0, *amounts) or 1.0) * _LABEL_ROOM
    plot = drawn.plots[0]
    plot.vary_by_categories = False
    for one, made in zip(plot.series, series, strict=True):
        one.format.fill.solid()
        one.format.fill.fore_color.theme_color = made.colour
        one.invert_if_negative = False
        for index, shown in enumerate(made.shown):
            if made.values[index] is not None:
                _label(one.points[index], shown, setting)


def _label(point: Any, shown: str, setting: Setting) -> None:
    label = point.data_label
    label.text_frame.text = plain(shown)
    label.text_frame.word_wrap = False
    run = label.text_frame.paragraphs[0].runs[0]
    run.font.size, run.font.bold = Pt(setting.size), True
    run.font.color.theme_color = setting.slots.ink
    label.position = XL_LABEL_POSITION.OUTSIDE_END


def _workbook(labels: tuple[str, ...], series: tuple[_Series, ...], setting: Setting) -> bytes:
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book: Any = Workbook(target, options)
    book.set_properties({"created": setting.created})
    sheet = book.add_worksheet("Sheet1")
    for row, label in enumerate(labels, start=1):
        sheet.write_string(row, 0, plain(label))
    for column, one in enumerate(series, start=1):
        sheet.write_string(0, column, one.name)
        for row, value in enumerate(one.values, start=1):
            if value is not None:
                sheet.write_number(row, column, value)
    book.close()
    return target.getvalue()
