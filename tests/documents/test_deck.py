"""The deck has all of the outline, native and readable, in the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openxml_audit import validate_pptx
from pptx import Presentation
from pptx.enum.dml import MSO_THEME_COLOR
from pptx.oxml.ns import qn

from aicmo.errors import PackageFileInvalid
from aicmo.packaging.brand import Theme, theme_for
from aicmo.packaging.composition import compose
from aicmo.packaging.deck import render_deck
from aicmo.packaging.deck_text import FIGURE_VALUE, SMALLEST, Style, fitted, width_of, wrap
from aicmo.packaging.deck_verification import slide_texts, verify_deck
from aicmo.packaging.outline import (
    Bar,
    BarChart,
    Block,
    Bullets,
    Callout,
    Card,
    Cards,
    Chapter,
    DayCell,
    Entry,
    Figure,
    Figures,
    Goal,
    MonthGrid,
    Outline,
    Paragraph,
    Section,
    Span,
    Table,
    TargetChart,
    Timeline,
)
from tests.documents.fixtures import example_content, example_names, rtl_content, sample_content

ROOT = Path(__file__).parents[2]
LONG_WORD = "Donaudampfschifffahrtsgesellschaft" * 12
HOSTILE = "<a:t>bold</a:t> & ]]> \u202eright to left\u202c \ufffe zero\u200bwidth =1+1 "
HOSTILE += LONG_WORD


def sample_outline(**changes: Any) -> Outline:
    return replace(compose(sample_content(executed=True)), **changes)


def sample_theme() -> Theme:
    return theme_for(sample_content().document.brand)


def outline_of(*blocks: Block, heading: str = "A heading") -> Outline:
    chapter = Chapter("one", "The chapter", "It comes to this.", (Section(heading, blocks),))
    return sample_outline(chapters=(chapter,))


def rendered(outline: Outline, folder: Path) -> Any:
    render_deck(outline, sample_theme(), folder / "deck.pptx")
    return Presentation(str(folder / "deck.pptx"))


def text_of(deck: Any) -> str:
    return "\n".join(" ".join(slide_texts(slide)) for slide in deck.slides)


def tables_of(deck: Any) -> list[Any]:
    return [shape.table for slide in deck.slides for shape in slide.shapes if shape.has_table]


@pytest.fixture(scope="module")
def decks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Decks of the examples after execution, of the whole sample and of hostile text."""
    folder = tmp_path_factory.mktemp("decks")
    paths = {name: folder / f"{name}.pptx" for name in (*example_names(), "sample", "hostile")}
    for name in example_names():
        content = example_content(name, executed=True)
        render_deck(compose(content), theme_for(content.document.brand), paths[name])
    render_deck(sample_outline(), sample_theme(), paths["sample"])
    render_deck(hostile_outline(), sample_theme(), paths["hostile"])
    return paths


@pytest.mark.parametrize("name", example_names())
def test_every_part_of_an_example_is_on_a_slide_or_in_its_notes(
    name: str, decks: dict[str, Path]
) -> None:
    content = example_content(name, executed=True)
    deck = Presentation(str(decks[name]))
    told = re.sub(r"\s+", " ", text_of(deck))
    document = content.document
    wanted = [one.name for one in document.strategy.pillars]
    wanted += [one.title for one in document.items]
    wanted += [one.name for one in document.kpis]
    wanted += [one.name for one in document.phases]
    wanted += [line.name for line in document.budget.lines] if document.budget else []
    wanted += [one.question for one in document.open_questions]
    assert [text for text in wanted if text not in told] == []
    assert len(deck.slides) > 10
    assert "41 sent" in told
    assert "outside the send window" in told


@pytest.mark.parametrize("name", [*example_names(), "hostile", "sample"])
def test_the_schemas_of_office_open_xml_are_kept(name: str, decks: dict[str, Path]) -> None:
    assert validate_pptx(decks[name]).errors == []


def hostile_outline() -> Outline:
    table = Table(HOSTILE, (HOSTILE, "Value"), ((HOSTILE, "1"), ("=1+1", HOSTILE)), source=HOSTILE)
    chart = BarChart(HOSTILE, (Bar("=1+1", 3, "3"), Bar(HOSTILE, -1.5, HOSTILE)), "=2+2")
    blocks = (
        Paragraph(HOSTILE, lead=True),
        Bullets((HOSTILE, "plain"), ordered=True),
        Cards((Card(HOSTILE, HOSTILE * 6, ((HOSTILE, HOSTILE),), HOSTILE),)),
        Figures((Figure(HOSTILE, HOSTILE, HOSTILE),)),
        table,
        chart,
        Timeline(HOSTILE, (Span(HOSTILE, -1, 7, HOSTILE), Span("short", 0.5, 0.5, "a day"))),
    )
    chapter = Chapter("one", HOSTILE, HOSTILE, (Section(HOSTILE, blocks),))
    named = dict.fromkeys(("client", "title", "subtitle", "version", "confidentiality"), HOSTILE)
    return sample_outline(chapters=(chapter,), **named)


def test_hostile_text_is_data(tmp_path: Path) -> None:
    deck = rendered(hostile_outline(), tmp_path)
    told = text_of(deck)
    assert "<a:t>bold</a:t> & ]]>" in told
    assert LONG_WORD in told
    assert "\u202eright to left\u202c" in told
    assert "\ufffe" not in told  # XML can't carry it
    charts = [shape.chart for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    book = load_workbook(io.BytesIO(charts[0].part.chart_workbook.xlsx_part.blob))
    cell = book["Sheet1"]["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


@pytest.mark.parametrize("name", [*example_names(), "hostile", "sample"])
def test_no_type_is_smaller_than_ten_points_and_nothing_leaves_its_box(
    name: str, decks: dict[str, Path]
) -> None:
    deck = Presentation(str(decks[name]))
    sizes = [
        int(run.get("sz")) / 100
        for slide in deck.slides
        for run in slide._element.iter(qn("a:rPr"), qn("a:defRPr"))
        if run.get("sz")
    ]
    assert min(sizes) >= SMALLEST
    assert [box for slide in deck.slides for box in overflowing(slide)] == []
    assert [pair for slide in deck.slides for pair in overlapping(slide)] == []


def overlapping(slide: Any) -> list[str]:
    """Pairs of text shapes, tables and charts of which one covers the other's text."""
    boxes = [
        (shape.name, shape.left, shape.top, shape.left + shape.width, bottom_of(shape))
        for shape in slide.shapes
        if shape.has_chart or shape.has_table or (shape.has_text_frame and shape.text_frame.text)
    ]
    slack = 20000  # EMU, a fiftieth of an inch
    return [
        f"{slide.slide_id}: {one[0]} and {other[0]}"
        for one, other in itertools.combinations(boxes, 2)
        if one[1] < other[3] - slack
        and other[1] < one[3] - slack
        and one[2] < other[4] - slack
        and other[2] < one[4] - slack
    ]


def bottom_of(shape: Any) -> int:
    if shape.has_table:
        return shape.top + sum(row.height for row in shape.table.rows)
    if shape.has_text_frame:
        return shape.top + round(written_height(shape) * 914400)
    return shape.top + shape.height


def overflowing(slide: Any) -> list[str]:
    """The text shapes whose wrapped lines, at their written sizes, are higher than they are."""
    return [
        f"{slide.slide_id} {shape.name}: {shape.text_frame.text[:40]}"
        for shape in slide.shapes
        if shape.has_text_frame and written_height(shape) > shape.height / 914400 + 0.02
    ]


def written_height(shape: Any) -> float:
    frame = shape.text_frame
    # Our layouts' placeholders have no margins; python-pptx reads the standard's tenth of an inch.
    margin = int(frame._txBody.bodyPr.get("lIns") or 0) / 914400
    total = 2 * margin
    for paragraph in frame.paragraphs:
        for run in paragraph.runs:
            heading = run._r.find(f"{qn('a:rPr')}/{qn('a:latin')}") is not None
            style = Style(
                (run.font.size or 0).pt if run.font.size else 10,
                bool(run.font.bold),
                heading=heading,
            )
            left = int(paragraph._p.get_or_add_pPr().get("marL") or 0) / 914400
            width = shape.width / 914400 - 2 * margin - left
            lines = wrap(run.text, style, 1.0, width)
            total += len(lines) * style.size * 1.2 / 72
    return total


def test_thirty_rows_are_split_into_even_tables(tmp_path: Path) -> None:
    rows = tuple((f"2 March, {n}", "Email", f"The piece called {n}") for n in range(30))
    table = Table("Thirty pieces go out", ("When", "Channel", "Piece"), rows, source="The plan")
    deck = rendered(outline_of(table), tmp_path)
    sizes = [len(one.rows) - 1 for one in tables_of(deck) if one.cell(0, 0).text == "When"]
    assert sum(sizes) == 30
    assert max(sizes) <= 11
    assert max(sizes) - min(sizes) <= 1
    titles = [slide.shapes.title.text for slide in deck.slides]
    assert titles.count("Thirty pieces go out (continued)") == len(sizes) - 1
    for n in range(30):
        assert f"The piece called {n}" in text_of(deck)


def test_a_long_table_is_begun_and_says_how_many_rows_there_are(tmp_path: Path) -> None:
    rows = tuple((f"Measure {n}", "12") for n in range(60))
    deck = rendered(outline_of(Table("Sixty measures", ("Measure", "Value"), rows)), tmp_path)
    told = text_of(deck)
    assert "Measure 10" in told
    assert "Measure 11" not in told
    assert "The first 11 of 60; all of them are in the strategy document." in told


def test_long_cards_are_begun_on_slides_and_whole_in_notes(tmp_path: Path) -> None:
    text = "A first sentence. " + "Then come many more words of it. " * 40 + "The very end."
    cards = tuple(Card(f"Piece {n}", text, (("Pillar", "Ease"),), "Email") for n in range(12))
    deck = rendered(outline_of(Cards(cards)), tmp_path)
    shown = shown_text(deck)
    for n in range(12):
        assert f"Piece {n}\n" in shown
    assert "The very end." not in shown
    assert text_of(deck).count("The very end.") == 12


def test_of_many_pieces_the_deck_shows_some_and_counts_all(tmp_path: Path) -> None:
    cards = tuple(Card(f"Piece {n}", "Words.", label=f"Channel {n % 5}") for n in range(40))
    chapter = Chapter("content", "The content", "40 pieces.", (Section("May", (Cards(cards),)),))
    told = shown_text(rendered(sample_outline(chapters=(chapter,)), tmp_path))
    assert told.count("Piece ") == 4
    assert "40 pieces in all: each one is whole in the strategy document." in told


def shown_text(deck: Any) -> str:
    return "\n".join(
        s.text_frame.text for one in deck.slides for s in one.shapes if s.has_text_frame
    )


def test_a_full_day_of_a_month_says_how_many_more_and_cuts_no_title(tmp_path: Path) -> None:
    entries = tuple(
        Entry("09:00", "Email", f"A piece with a title of words, {n}", "Draft") for n in range(30)
    )
    weeks = tuple(
        tuple(
            DayCell(str(7 * week + day), entries if week == 1 and day == 2 else ())
            for day in range(7)
        )
        for week in range(5)
    )
    grid = MonthGrid("May: 30 pieces", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), weeks)
    deck = rendered(outline_of(grid), tmp_path)
    cell = next(one for one in tables_of(deck) if len(one.columns) == 7).cell(2, 2).text
    lines = cell.split("\n")
    assert 3 <= len(lines) < 30
    shown = (len(lines) - 2) // 2  # when and where, then the title
    titles = [f"A piece with a title of words, {n}" for n in range(shown)]
    assert lines[1:-1] == [line for one in titles for line in ("09:00 · Email", one)]
    assert lines[-1] == f"+{30 - shown} more"
    assert "A piece with a title of words, 29" in text_of(deck)  # in the notes


def test_measures_of_different_units_share_no_axis(tmp_path: Path) -> None:
    goals = (
        Goal("Members", 50, 200, "50", "200"),
        Goal("Cost per trial", 45, 30, "$45", "$30", better="lower"),
        Goal("Visits", None, 40, "no baseline yet", "40"),
    )
    deck = rendered(outline_of(TargetChart("Three measures", goals, "The studio")), tmp_path)
    chart = next(s.chart for slide in deck.slides for s in slide.shapes if s.has_chart)
    today, target = chart.plots[0].series
    assert list(today.values) == [0.25, 1.5, None]
    assert list(target.values) == [1.0, 1.0, 1.0]
    assert "$45" in text_of(deck)
    assert "Visits (no baseline yet)" in text_of(deck)


def test_a_decision_stands_on_the_brands_colour(tmp_path: Path) -> None:
    deck = rendered(outline_of(Callout("Approve by 3 March", "Six pieces wait.")), tmp_path)
    box = next(
        s for one in deck.slides for s in one.shapes
        if s.has_text_frame and "Six pieces wait." in s.text_frame.text
    )  # fmt: skip
    assert box.fill.fore_color.theme_color == MSO_THEME_COLOR.TEXT_2
    assert box.text_frame.text.startswith("Decision\n")


def test_the_looks_differ_and_colours_are_the_themes(tmp_path: Path) -> None:
    styles = set[bytes]()
    for name in ("clear", "editorial"):
        content = sample_content(executed=True, theme=name)
        render_deck(compose(content), theme_for(content.document.brand), tmp_path / "deck.pptx")
        with zipfile.ZipFile(tmp_path / "deck.pptx") as deck:
            slides = [
                deck.read(one) for one in deck.namelist() if one.startswith("ppt/slides/slide")
            ]
            styles.add(
                deck.read("ppt/tableStyles.xml") + deck.read("ppt/slideLayouts/slideLayout1.xml")
            )
        assert not any(b"srgbClr" in one for one in slides)
    assert len(styles) == 2


def test_arabic_runs_from_right_to_left(tmp_path: Path) -> None:
    content = rtl_content()
    render_deck(compose(content), theme_for(content.document.brand), tmp_path / "deck.pptx")
    deck: Any = Presentation(str(tmp_path / "deck.pptx"))
    assert all(one._tbl.tblPr.get("rtl") == "1" for one in tables_of(deck))
    slide = deck.slides[3]
    paragraphs = list(slide._element.iter(qn("a:pPr")))
    assert paragraphs
    assert {one.get("rtl") for one in paragraphs} == {"1"}
    kicker = next(s for s in slide.placeholders if s.placeholder_format.idx == 13)
    assert kicker.left + kicker.width > deck.slide_width * 0.9


def test_a_table_cell_longer_than_a_slide_goes_on_over_slides(tmp_path: Path) -> None:
    text = " ".join(f"word{n}" for n in range(1500))
    deck = rendered(outline_of(Table("Long", ("A", "B"), (("x", text),))), tmp_path)
    cells = [one.cell(r, 1).text for one in tables_of(deck) for r in range(1, len(one.rows))]
    assert " ".join(cells[1:]).split() == text.split()  # the first is the agenda's


def test_charts_and_tables_are_native_and_carry_their_numbers(tmp_path: Path) -> None:
    bars = (Bar("Paid social", 8000, "$8,000"), Bar("Events", 6000, "$6,000"))
    deck = rendered(outline_of(BarChart("Paid social takes most", bars, "USD")), tmp_path)
    shape = next(s for slide in deck.slides for s in slide.shapes if s.has_chart)
    assert list(shape.chart.plots[0].categories) == ["Paid social", "Events"]
    assert list(shape.chart.plots[0].series[0].values) == [8000, 6000]
    book = load_workbook(io.BytesIO(shape.chart.part.chart_workbook.xlsx_part.blob))
    assert [c.value for c in book["Sheet1"]["B"]] == ["USD", 8000, 6000]
    meaning = shape._element.xpath(".//p:cNvPr/@descr")[0]
    assert "Paid social: $8,000" in meaning


def test_every_slide_says_internal_draft_until_all_is_approved(tmp_path: Path) -> None:
    draft = rendered(sample_outline(status="internal draft"), tmp_path)
    assert all("INTERNAL DRAFT" in list(slide_texts(slide)) for slide in draft.slides)
    final = rendered(sample_outline(status="final"), tmp_path)
    assert "INTERNAL DRAFT" not in text_of(final)


def test_every_slide_after_the_cover_has_footer_number_title_and_language(tmp_path: Path) -> None:
    deck = rendered(sample_outline(language="pt-BR"), tmp_path)
    for number, slide in enumerate(deck.slides, start=1):
        assert slide.shapes.title.text
        langs = {run.get("lang") for run in slide._element.iter(qn("a:rPr"))}
        assert langs == {"pt-BR"}
        if number > 1:
            assert slide._element.xpath(".//a:fld[@type='slidenum']")
            assert any("Version 3" in text for text in slide_texts(slide))


_SCRIPT = """
import sys, pathlib
from tests.documents.test_deck import sample_outline, sample_theme
from aicmo.packaging.deck import render_deck
render_deck(sample_outline(), sample_theme(), pathlib.Path(sys.argv[1]))
"""


def test_the_same_outline_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = set[str]()
    for seed, zone in (("1", "Asia/Kolkata"), ("2", "America/Chicago")):
        path = tmp_path / f"{seed}.pptx"
        subprocess.run(
            [sys.executable, "-c", _SCRIPT, path],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            check=True,
        )
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_members_are_sorted_and_without_the_clock(tmp_path: Path) -> None:
    rendered(sample_outline(), tmp_path)
    with zipfile.ZipFile(tmp_path / "deck.pptx") as deck:
        names = deck.namelist()
        assert names[0] == "[Content_Types].xml"
        assert names[1:] == sorted(names[1:])
        assert {one.date_time for one in deck.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2026-02-20T00:00:00Z" in deck.read("docProps/core.xml")
        books = [name for name in names if name.endswith(".xlsx")]
        assert books
        for name in books:
            with zipfile.ZipFile(io.BytesIO(deck.read(name))) as book:
                assert {one.date_time for one in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
                assert b"2026-02-20T00:00:00Z" in book.read("docProps/core.xml")


def damaged(kind: str, deck: Any) -> None:
    slide = deck.slides[2]
    if kind == "empty placeholder":
        slide.shapes.title.text_frame.clear()
    elif kind == "one id":
        slide.shapes[1]._element.xpath(".//p:cNvPr")[0].set("id", str(slide.shapes[0].shape_id))
    elif kind == "outside":
        slide.shapes[0].left = deck.slide_width
    elif kind == "alternative text":
        table = next(s for one in deck.slides for s in one.shapes if s.has_table)
        del table._element.xpath(".//p:cNvPr")[0].attrib["descr"]
    elif kind == "as None":
        slide.shapes.title.text = "None"
    elif kind == "template":
        slide.shapes.title.text = "{{ client }}"
    elif kind == "lacks":
        slides = deck.slides._sldIdLst
        slides.remove(slides[3])


@pytest.mark.parametrize(
    "kind",
    ["empty placeholder", "one id", "outside", "alternative text", "as None", "template", "lacks"],
)
def test_a_damaged_deck_is_refused_with_the_reason(kind: str, tmp_path: Path) -> None:
    outline = sample_outline()
    deck = rendered(outline, tmp_path)
    damaged(kind, deck)
    deck.save(str(tmp_path / "deck.pptx"))
    with pytest.raises(PackageFileInvalid, match=kind):
        verify_deck(tmp_path / "deck.pptx", outline)


def test_a_file_that_is_no_deck_is_refused(tmp_path: Path) -> None:
    (tmp_path / "deck.pptx").write_bytes(b"PK nothing")
    with pytest.raises(PackageFileInvalid, match="opened"):
        verify_deck(tmp_path / "deck.pptx", sample_outline())


def test_a_title_shrinks_before_it_is_shortened() -> None:
    style = Style(28, bold=True)
    short = fitted("Two words", style, 12, 0.97)
    assert (short.text, short.scale, short.whole) == ("Two words", 1.0, True)
    longer = fitted("many words of a long title " * 6, style, 12, 0.97)
    assert longer.whole
    assert longer.scale < 1
    endless = fitted("many words of a long title " * 60, style, 12, 0.97)
    assert not endless.whole
    assert endless.text.endswith("…")


def test_a_figure_is_never_broken(tmp_path: Path) -> None:
    figures = tuple(Figure(value, "Budget") for value in ("￥ 1,200,000", "2", "3", "4"))
    deck = rendered(outline_of(Figures(figures)), tmp_path)
    tile = next(
        s for one in deck.slides for s in one.shapes
        if s.has_text_frame and "1,200,000" in s.text_frame.text
    )  # fmt: skip
    size = tile.text_frame.paragraphs[0].runs[0].font.size.pt
    assert width_of("￥ 1,200,000", replace(FIGURE_VALUE, size=size)) < tile.width / 914400 - 0.4


def test_a_title_leaves_no_word_alone_on_its_second_line() -> None:
    title = "7 channels, each with a role of its own; 1 is stopped if it falls short."
    style = Style(28, bold=True, heading=True)
    shown = fitted(title, style, 12.0, 0.98)
    assert len(wrap(title, style, shown.scale, 12.0)) == 1
    longer = fitted(f"{title} And the others are watched week by week.", style, 12.0, 0.98)
    assert longer.scale == 1.0


def test_what_a_slides_title_says_is_not_its_caption_too(tmp_path: Path) -> None:
    table = Table("2 channels, each with a role", ("Channel", "Role"), (("Email", "Invites"),))
    section = Section("Roles", (table,))
    told = "2 channels, each with a role of its own; 1 is stopped."
    chapter = Chapter("channels", "Channel plan", told, (section,))
    deck = rendered(sample_outline(chapters=(chapter,)), tmp_path)
    assert table.caption not in shown_text(deck).split("\n")
    assert told in shown_text(deck)
    assert table.caption in text_of(deck)  # in the notes
