"""Shows that a calendar in CSV or XLSX becomes items, or is refused by row and column."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from aicmo.errors import FixDocument, FixInput
from aicmo.plans.columns import COLUMNS
from aicmo.plans.crm import CrmSetup
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import EmailContent, PostContent
from aicmo.plans.reading import read_document
from aicmo.plans.sheets import as_text, from_text
from aicmo.plans.spreadsheet import with_calendar, write_template
from tests.unit.plan_documents import plain_document

DOCUMENT = ProjectDocument.model_validate(plain_document())
NORTHSIDE = Path(__file__).parents[2] / "aicmo/plans/examples/northside-founders.yaml"
HEADING = ["id", "channel", "title", "send_at", "audience", "subject", "body", "text"]
EMAIL = ["e1", "email", "News", "2026-03-03 07:30", "everyone", "Fresh bread", "Come by.", ""]
POST = ["p1", "linkedin", "Post", "2026-03-04T07:30-06:00", "", "", "", "Bread!"]

Write = Callable[[Path, list[list[Any]]], Path]


def as_csv(folder: Path, rows: list[list[Any]], delimiter: str = ",") -> Path:
    path = folder / "calendar.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def as_xlsx(folder: Path, rows: list[list[Any]]) -> Path:
    path = folder / "calendar.xlsx"
    workbook = Workbook()
    workbook.create_sheet("Notes", 0).append(["not this sheet"])
    sheet = workbook.create_sheet("Calendar", 1)
    for row in rows:
        sheet.append(row)
    workbook.save(path)
    return path


def problems_of(path: Path) -> list[str]:
    with pytest.raises(FixDocument) as refused:
        with_calendar(DOCUMENT, path)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize("write", [as_csv, as_xlsx])
def test_rows_become_the_items_of_the_document(tmp_path: Path, write: Write) -> None:
    rows = [HEADING, EMAIL, [], POST]
    read = with_calendar(DOCUMENT, write(tmp_path, rows))
    email, post = read.document.items
    assert isinstance(email.content, EmailContent)
    assert email.content.subject == "Fresh bread"
    assert (email.send_at, email.audience) == ("2026-03-03 07:30", "everyone")
    assert isinstance(post.content, PostContent)
    assert read.warnings == ()
    assert read.document.contacts == DOCUMENT.contacts


@pytest.mark.parametrize("name", ["template.csv", "template.xlsx"])
def test_the_template_reads_back_without_problems(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_template(path)
    document = read_document(NORTHSIDE).document
    with_crm = document.model_copy(update={"crm": CrmSetup(provider="hubspot")})
    read = with_calendar(with_crm, path)
    assert read.warnings == ()
    channels = {item.channel.value for item in read.document.items}
    assert channels == {"email", "instagram", "linkedin", "twitter", "bluesky", "mastodon", "crm"}


def test_the_workbook_explains_every_column(tmp_path: Path) -> None:
    write_template(tmp_path / "template.xlsx")
    workbook = load_workbook(tmp_path / "template.xlsx")
    explained = [row[0] for row in workbook["Columns"].iter_rows(min_row=2, values_only=True)]
    assert explained == [column.name for column in COLUMNS]
    with pytest.raises(FixInput):
        write_template(tmp_path / "template.pdf")
    with pytest.raises(FixInput):
        write_template(tmp_path / "no folder" / "template.csv")


def test_semicolons_byte_order_mark_and_line_breaks_in_cells(tmp_path: Path) -> None:
    rows = [HEADING, [*EMAIL[:6], "Hi; you,\nand you", ""]]
    path = as_csv(tmp_path, rows, delimiter=";")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    (item,) = with_calendar(DOCUMENT, path).document.items
    assert isinstance(item.content, EmailContent)
    assert item.content.body == "Hi; you,\nand you"


def test_a_body_may_be_html_and_a_post_may_be_a_reel(tmp_path: Path) -> None:
    rows = [[*HEADING, "format"], [*EMAIL, "html"], [*POST, "reel"], ["e2", *EMAIL[1:], ""]]
    items = with_calendar(DOCUMENT, as_csv(tmp_path, rows)).document.items
    assert [getattr(item.content, "format", None) for item in items] == ["html", "reel", "markdown"]


def test_each_row_may_have_its_own_rule_for_being_late(tmp_path: Path) -> None:
    heading = [*HEADING, "late"]
    rows = [heading, [*EMAIL, "drop"], ["e2", *EMAIL[1:], ""]]
    first, second = with_calendar(DOCUMENT, as_csv(tmp_path, rows)).document.items
    assert (first.late, second.late) == ("drop", None)
    (refused,) = problems_of(as_csv(tmp_path, [heading, [*EMAIL, "never"]]))
    assert "row 2, column late" in refused


def test_date_and_time_cells_are_local_times(tmp_path: Path) -> None:
    at = datetime.fromisoformat("2026-03-03T07:29:59.999997")
    path = as_xlsx(tmp_path, [HEADING, [*EMAIL[:3], at, *EMAIL[4:]]])
    (item,) = with_calendar(DOCUMENT, path).document.items
    assert item.send_at == "2026-03-03T07:30"


@pytest.mark.parametrize("value", [date(2026, 3, 3), "2026-03-03", "03/03/2026 07:30", 45719])
def test_a_cell_without_date_and_time_is_refused(tmp_path: Path, value: Any) -> None:
    path = as_xlsx(tmp_path, [HEADING, [*EMAIL[:3], value, *EMAIL[4:]]])
    (problem,) = problems_of(path)
    assert problem.startswith("calendar.xlsx, sheet Calendar, row 2, column send_at: ")


@pytest.mark.parametrize(
    ("write", "label"),
    [(as_csv, "calendar.csv"), (as_xlsx, "calendar.xlsx, sheet Calendar")],
)
def test_every_problem_is_reported_by_row_and_column(
    tmp_path: Path, write: Write, label: str
) -> None:
    rows = [
        ["ID", "Channel", "Title", "Send at", "Audience", "Subject", "Body", "Text", "cta url"],
        [*EMAIL, "http://bakery.example.com"],
        [],
        ["e1", "email", "", "2026-03-08T02:30", "vips", "S", "=1+1", "Hello"],
        ["p2", "fax", "Post", "2026-03-04T07:30", "", "", "", "Bread"],
        ["", "", "Merged with the row above", "2026-03-04T07:30", "", "", "", "Bread"],
        [*POST, "", "beyond the heading"],
    ]
    found = problems_of(write(tmp_path, rows))
    places = {problem.partition(": ")[0].removeprefix(f"{label}, ") for problem in found}
    assert places == {
        "row 2, column cta_label",
        "row 2, column cta_url",
        "row 4, column id",
        "row 4, column title",
        "row 4, column send_at",
        "row 4, column audience",
        "row 4, column body",
        "row 4, column text",
        "row 5, column channel",
        "row 6, column id",
        "row 6, column channel",
        "row 7, column 10",
    }
    assert f"{label}, row 4, column id: e1 is already used at {label}, row 2, column id" in found
    assert f"{label}, row 4, column body: is a formula; write its value" in found
    assert f"{label}, row 4, column text: is not used by an item for email" in found
    assert len(found) == len(places)


def test_columns_are_checked_with_a_suggestion(tmp_path: Path) -> None:
    rows = [["id", "channel", "title", "sendat", "text", "text"], ["p1", "x", "Post", "", "Hi", ""]]
    assert problems_of(as_csv(tmp_path, rows)) == [
        "calendar.csv, row 1, column sendat: is not a column of a calendar; did you mean send_at?",
        "calendar.csv, row 1, column text: is there twice",
        "calendar.csv, row 1: there is no column send_at",
    ]


def test_crm_properties(tmp_path: Path) -> None:
    heading = ["id", "channel", "title", "send_at", "audience", "crm_action", "properties"]
    row = ["c1", "crm", "Mark", "2026-03-04T07:30", "everyone", "set_properties"]
    read = with_calendar(DOCUMENT, as_csv(tmp_path, [heading, [*row, "a=b; c = d=e;"]]))
    assert read.document.items[0].content.model_dump()["properties"] == {"a": "b", "c": "d=e"}
    assert problems_of(as_csv(tmp_path, [heading, [*row, "a"]])) == [
        "calendar.csv, row 2, column properties: 'a' is not one of a=b; c=d"
    ]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", b"", "a.csv: is empty: its first row names the columns"),
        ("a.csv", b"id,channel,title,send_at\n", "a.csv: has no row below its heading"),
        ("a.csv", b'id,channel\n"a,b\n', "a.csv, line 2: is not CSV: unexpected end of data"),
        ("a.csv", b"id\n\xe9", "a.csv: is not UTF-8 (line 2); save it as UTF-8"),
        ("a.xlsx", b"PK nothing", "a.xlsx: is not an XLSX workbook"),
        ("a.xls", b"", "a.xls: is not one of .csv, .xlsx"),
    ],
)
def test_files_that_are_no_calendar(
    tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert expected in problems_of(path)


def test_a_workbook_that_unpacks_to_too_much_is_not_opened(tmp_path: Path) -> None:
    path = as_xlsx(tmp_path, [HEADING, EMAIL])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", bytes(70 * 1024 * 1024))
    assert path.stat().st_size < 1024 * 1024
    (problem,) = problems_of(path)
    assert problem.endswith("unpacks to more than a calendar can hold; nothing was opened")


def crafted(folder: Path, rows: str) -> Path:
    """A sheet with a heading, an email, and rows that no spreadsheet program would write."""
    sound, path = as_xlsx(folder, [HEADING, EMAIL]), folder / "crafted.xlsx"
    with (
        zipfile.ZipFile(sound) as read,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written,
    ):
        for entry in read.infolist():
            content = read.read(entry)
            if entry.filename == "xl/worksheets/sheet2.xml":
                content = content.replace(b"</sheetData>", f"{rows}</sheetData>".encode())
            written.writestr(entry.filename, content)
    return path


FILLED = "<is><t>beyond</t></is>"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ('<row r="2147483647"/>', "has more than 5000 rows"),
        (f'<row r="1048576"><c r="A1048576" t="inlineStr">{FILLED}</c></row>', "5000 rows"),
        (f'<row r="5001"><c r="A5001" t="inlineStr">{FILLED}</c></row>', "has more than 5000 rows"),
        (
            "".join(f'<row r="{n}"><c r="ZZZ{n}"/></row>' for n in range(3, 300_000)),
            "is wider than a calendar can be; delete the columns not used",
        ),
        (
            f'<row r="3"><c r="XFD3" t="inlineStr">{FILLED}</c></row>',
            "column 16384: has no heading",
        ),
    ],
    ids=["far row", "filled last row", "row 5001", "far columns", "filled last column"],
)
def test_a_small_file_that_stands_for_a_huge_sheet_is_refused(
    tmp_path: Path, rows: str, expected: str
) -> None:
    assert any(problem.endswith(expected) for problem in problems_of(crafted(tmp_path, rows)))


def test_rows_that_are_only_formatted_do_no_harm(tmp_path: Path) -> None:
    # LibreOffice ends a sheet like this after a whole column or row was formatted
    rows = '<row r="3"><c r="AMJ3"/></row><row r="1048576" ht="12.8"/>'
    assert len(with_calendar(DOCUMENT, crafted(tmp_path, rows)).document.items) == 1


def test_a_text_of_empty_lines_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = as_csv(tmp_path, [HEADING, EMAIL])
    path.write_bytes(path.read_bytes() + b"\n" * 1_048_576)
    assert problems_of(path) == ["calendar.csv: has more than 5000 rows"]


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calendar.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<broken")
    (problem,) = problems_of(path)
    assert problem.startswith("calendar.xlsx: is not a sound workbook")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_exported_text_can_run_as_a_formula(text: str) -> None:
    assert as_text(text) == f"'{text}"
    assert from_text(as_text(text)) == text


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=60) | st.text('id,;"=\n\rchannel é', max_size=60).map(str.encode))
def test_no_bytes_give_anything_but_a_refusal(tmp_path: Path, content: bytes) -> None:
    for name in ("a.csv", "a.xlsx"):
        path = tmp_path / name
        path.write_bytes(content)
        assert problems_of(path)
