"""A chart says its values, keeps its scale, invents no start, and is read in any direction."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from aicmo.packaging import charts
from aicmo.packaging.brand import theme_for
from aicmo.packaging.chart_text import lines_of, width_of
from aicmo.packaging.outline import Bar, BarChart, Goal, TargetChart
from tests.documents.fixtures import sample_content

COLOURS = theme_for(sample_content().document.brand).light
SVG = "{http://www.w3.org/2000/svg}"
TRIALS = Goal("Trial to member", 28.5, 40, "28.5%", "40% or more")
COST = Goal("Cost per trial", 30, 20, "$30", "$20", better="lower")
SALES = Goal("Sales closed", None, 12, "no baseline yet", "12 per month")


def drawn(*goals: Goal, rtl: bool = False, width: int = charts.WIDE) -> ET.Element:
    return ET.fromstring(charts.draw(TargetChart("What moves", goals), COLOURS, width, rtl=rtl))


def marks(svg: ET.Element, kind: str) -> list[float]:
    return [
        float(one.get("cx", "")) for one in svg.iter(f"{SVG}circle") if one.get("class") == kind
    ]


def test_the_text_alternative_holds_every_value() -> None:
    title = drawn(TRIALS, COST, SALES).findtext(f"{SVG}title")
    assert title == (
        "What moves. Trial to member: 28.5% → 40% or more; Cost per trial: $30 → $20; "
        "Sales closed: no baseline yet → 12 per month."
    )


def test_a_goal_that_is_lower_lies_before_its_start() -> None:
    [start], [goal] = marks(drawn(COST), "mark"), marks(drawn(COST), "accent-mark")
    assert goal < start
    [start], [goal] = marks(drawn(TRIALS), "mark"), marks(drawn(TRIALS), "accent-mark")
    assert start < goal


def test_without_a_baseline_no_start_is_drawn() -> None:
    svg = drawn(SALES)
    assert marks(svg, "mark") == []
    assert len(marks(svg, "accent-mark")) == 1
    assert [one.text for one in svg.iter(f"{SVG}text")][1] == "no baseline yet"


def test_a_page_read_from_the_right_is_a_mirror() -> None:
    [left], [right] = marks(drawn(TRIALS), "mark"), marks(drawn(TRIALS, rtl=True), "mark")
    assert left + right == pytest.approx(charts.WIDE, abs=0.02)


@pytest.mark.parametrize("width", [charts.WIDE, charts.NARROW])
def test_values_neither_touch_nor_leave_the_drawing(width: int) -> None:
    near = Goal("Near", 39.9, 40, "39.9 percent of all", "40 percent of all")
    for goal in (near, TRIALS, COST, SALES):
        texts = list(drawn(goal, width=width).iter(f"{SVG}text"))[1:]
        spans: dict[str, list[tuple[float, float]]] = {}
        for one in texts:
            half = width_of(one.text or "") / 2
            middle = float(one.get("x", ""))
            if one.get("text-anchor") != "middle":
                continue
            assert middle - half >= -0.01
            assert middle + half <= width + 0.01
            spans.setdefault(one.get("y", ""), []).append((middle - half, middle + half))
        for line in spans.values():
            first, *others = sorted(line)
            assert all(first[1] < other[0] for other in others)


def test_a_long_chart_is_printed_in_drawings_on_one_scale() -> None:
    chart = BarChart("All", tuple(Bar(f"b{n}", n, str(n)) for n in range(1, 31)), "pieces")
    drawings = charts.print_drawings(chart, COLOURS, rtl=False, most=12)
    said = [re.findall(r"b(\d+): ", one) for one in drawings]
    assert [len(one) for one in said] == [12, 12, 6]
    longest = [
        max(map(float, re.findall(r'"(?:accent-)?mark"[^/]* width="([\d.]+)"', d)))
        for d in drawings
    ]
    assert longest == pytest.approx([680 * n / 30 for n in (12, 24, 30)], abs=0.1)


def test_japanese_lines_end_between_characters_but_never_begin_with_a_stop() -> None:
    lines = lines_of("春のキャンペーンを開始し、毎週お客様に来ていただく。", 90)
    assert all(width_of(line) <= 90 + 13 for line in lines)
    assert not any(line[0] in "、。ー" for line in lines)
    assert "".join(lines) == "春のキャンペーンを開始し、毎週お客様に来ていただく。"
