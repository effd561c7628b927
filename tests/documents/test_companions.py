"""The files beside the three formats: what a client can do with each of them."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from openpyxl import load_workbook
from openxml_audit.validator import OpenXmlValidator
from PIL import Image

from aicmo.packaging import companions
from aicmo.packaging.companions import make_companions, make_previews
from aicmo.packaging.content import ItemStatus, Ledger, LedgerRow, ProjectContent
from aicmo.packaging.rendering import RenderedFormat
from tests.documents.fixtures import (
    content_of,
    long_content,
    rtl_content,
    sample_content,
    sample_data,
    short_content,
)

FORMULAS = ("=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "＝1+1", '=HYPERLINK("https://x.example")')
SENT = LedgerRow(
    7, "fit-em-1", "email", "hello@northside.example.com", "contact 3", "sent", "", 1,
    datetime(2026, 3, 3, 13, 31, tzinfo=UTC), "<abc@northside.example.com>", "ab" * 32,
)  # fmt: skip
HELD = replace(SENT, delivery=8, state="held", reason="=cmd()", sent_at=None, provider_ref="")


@pytest.fixture(scope="module")
def content() -> ProjectContent:
    data = sample_data()
    # A week after the clocks went forward in Chicago, by the same clocks.
    data["items"][2]["send_at"] = "2026-03-10T07:30"
    ledger = Ledger((SENT, HELD), audit_number=12, audit_hash="cd" * 32)
    return replace(content_of(data, approved=True, executed=True), ledger=ledger)


@pytest.fixture(scope="module")
def made(content: ProjectContent, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return files_of(content, tmp_path_factory.mktemp("made"))


def files_of(content: ProjectContent, folder: Path) -> dict[str, Path]:
    found = make_companions(content, folder)
    assert found.failures == {}
    return {each.name: each.path for each in found.files}


def rows_of(path: Path) -> list[list[str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_the_calendar_sheet_has_real_dates_by_the_clients_clocks(made: dict[str, Path]) -> None:
    sheet = load_workbook(made["calendar.xlsx"]).worksheets[0]
    head, first, *_ = sheet.iter_rows(values_only=True)
    assert head == (
        "Date", "Time", "Channel", "Title", "Pillar", "Theme", "Audience", "Status",
    )  # fmt: skip
    assert first[0] == datetime(2026, 3, 3)  # noqa: DTZ001  (a spreadsheet knows no zones)
    assert str(first[1]).endswith("07:30:00")
    assert first[2:4] == ("Email", "Founder price opens")
    assert first[6] == "Founders list"
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:H5")


@pytest.mark.parametrize("kind", [sample_content, long_content, rtl_content, short_content])
def test_excel_would_open_the_workbook_cleanly(kind: Any, tmp_path: Path) -> None:
    result = OpenXmlValidator().validate(files_of(kind(), tmp_path)["calendar.xlsx"])
    assert [str(error) for error in result.errors] == []


def test_the_workbook_holds_every_text_and_measure(made: dict[str, Path]) -> None:
    book = load_workbook(made["calendar.xlsx"])
    assert book.sheetnames == ["Calendar", "Content", "Measures", "Budget"]
    texts = [row[3] for row in book["Content"].iter_rows(min_row=2, values_only=True)]
    assert "Hello [first name]" in str(texts[0])
    assert any("Naïve about burpees? Żaneta isn’t" in str(text) for text in texts)
    assert texts[3] == "Give the contacts the tag “founder-deadline”."
    measures = list(book["Measures"].iter_rows(min_row=2, values_only=True))
    assert measures[0][:3] == ("Trial to member", 28.5, 40)
    assert measures[1][:4] == ("Sales closed", None, 12, 15)


def test_the_budget_sums_by_formulas_that_hold_their_results(made: dict[str, Path]) -> None:
    formulas = load_workbook(made["calendar.xlsx"])["Budget"]
    values = load_workbook(made["calendar.xlsx"], data_only=True)["Budget"]
    assert (formulas["B5"].value, values["B5"].value) == ("=SUM(B2:B4)", 18000)
    assert (formulas["B7"].value, values["B7"].value) == ("=B6-B5", 2000)
    assert values["B6"].value == 20000
    assert values["C2"].value == pytest.approx(8000 / 18000)


@pytest.mark.parametrize("text", FORMULAS)
def test_nothing_a_client_writes_becomes_a_formula(text: str, tmp_path: Path) -> None:
    data = sample_data()
    data["items"][0]["title"] = data["kpis"][0]["name"] = data["budget"]["lines"][0]["name"] = text
    made = files_of(content_of(data), tmp_path)
    book = load_workbook(made["calendar.xlsx"])
    written = text.strip()
    for sheet, cell in (("Calendar", "D2"), ("Measures", "A2"), ("Budget", "A2")):
        assert (book[sheet][cell].data_type, book[sheet][cell].value) == ("s", written)
        assert book[sheet][cell].hyperlink is None
    assert rows_of(made["data/items.csv"])[1][5] == f"'{written}"
    assert rows_of(made["data/kpis.csv"])[1][0] == f"'{written}"


def test_events_are_at_the_right_instant_on_both_sides_of_the_clock_change(
    made: dict[str, Path],
) -> None:
    raw = made["calendar.ics"].read_bytes()
    events: list[Any] = Calendar.from_ical(raw).walk("VEVENT")
    assert len(events) == 4
    starts = {str(event["summary"]): event["dtstart"].dt for event in events}
    assert starts["Email: Founder price opens"] == datetime(2026, 3, 3, 13, 30, tzinfo=UTC)
    assert starts["Instagram: Doors reel"] == datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
    first = next(one for one in events if "Founder" in one["summary"])
    assert first["status"] == "CONFIRMED"
    assert "Pillar: Convenience" in first["description"]
    assert first["dtend"].dt - first["dtstart"].dt == timedelta(minutes=30)
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert b"\n" not in b"".join(lines)


def test_an_event_keeps_its_uid_when_its_item_moves(
    content: ProjectContent, made: dict[str, Path], tmp_path: Path
) -> None:
    data = sample_data()
    data["items"][0]["send_at"] = "2026-03-04T07:30"
    moved = files_of(replace(content_of(data), plan_version=4), tmp_path)["calendar.ics"]

    def uids(path: Path) -> dict[str, tuple[str, int]]:
        events: list[Any] = Calendar.from_ical(path.read_bytes()).walk("VEVENT")
        return {str(one["summary"]): (str(one["uid"]), one["sequence"]) for one in events}

    before, after = uids(made["calendar.ics"]), uids(moved)
    del content
    assert {name: uid for name, (uid, _) in before.items()} == {
        name: uid for name, (uid, _) in after.items()
    }
    assert len(set(before.values())) == 4
    assert {number for _, number in after.values()} == {4}


def test_the_data_has_every_item_and_no_person(made: dict[str, Path]) -> None:
    rows = rows_of(made["data/items.csv"])
    assert [row[0] for row in rows[1:]] == ["fit-em-1", "fit-li-1", "fit-ig-1", "fit-crm-1"]
    assert rows[1][1:3] == ["2026-03-03T13:30:00Z", "2026-03-03T07:30"]
    assert rows_of(made["data/budget.csv"])[1] == ["Paid social", "8000", ""]
    data = json.loads(made["data/project.json"].read_text())
    assert data["document"]["brand"]["name"] == "Northside Strength Studio"
    assert data["items"]["fit-em-1"]["counts"] == {"sent": 41, "held": 2}
    for internal in ("contacts", "crm", "language_rules", "sending"):
        assert internal not in data["document"]
    assert data["document"]["audiences"] == [{"id": "aud-all", "name": "Founders list"}]


def test_the_data_says_nothing_of_how_the_crm_is_kept(tmp_path: Path) -> None:
    data = sample_data()
    stages = {"property": "lifecyclestage", "order": ["lead", "customer"]}
    data["crm"] = {"provider": "hubspot", "stages": stages}
    data["items"][3]["content"] = {
        "action": "set_stage", "stage": "lead", "back_because": "signed by mistake",
    }  # fmt: skip
    told = files_of(content_of(data), tmp_path)["data/project.json"].read_text()
    assert '"stage": "lead"' in told
    assert "lifecyclestage" not in told
    assert "mistake" not in told


def test_the_data_tells_reasons_in_a_clients_words(tmp_path: Path) -> None:
    # A mail server quotes whom it refused, and a pause carries a note among colleagues.
    reasons = {
        "550 5.1.1 <dana.whitfield@example.com> no such user": 1,
        "account paused: Marcus hasn't paid": 2,
        "given up: Dana knows": 1,
    }
    content = sample_content()
    status = ItemStatus(approved=True, counts={"failed": 4}, reasons=reasons)
    content = replace(content, items=content.items | {"fit-em-1": status})
    data = files_of(content, tmp_path)["data/project.json"].read_text()
    assert not re.search("Dana|dana|Marcus", data)
    assert json.loads(data)["items"]["fit-em-1"]["reasons"] == {
        "the receiving mail server refused it": 1,
        "sending is paused": 2,
        "its delivery is not confirmed": 1,
    }


def test_an_agency_that_stays_unnamed_is_in_no_companion(tmp_path: Path) -> None:
    data = sample_data()
    data["brand"]["agency"] = {"name": "Harbour & Finch", "show": False}
    for path in files_of(content_of(data), tmp_path).values():
        assert b"Harbour" not in path.read_bytes()


def test_the_proof_has_every_delivery_and_the_event_it_rests_on(made: dict[str, Path]) -> None:
    head, sent, held = rows_of(made["proof/ledger.csv"])
    told = dict(zip(head, sent, strict=True))
    assert (told["recipient"], told["state"]) == ("contact 3", "sent")
    assert told["sent_at"] == "2026-03-03T13:31:00Z"
    assert dict(zip(head, held, strict=True))["reason"] == "'=cmd()"
    proof = json.loads(made["proof/ledger.json"].read_text())
    assert (proof["audit"]["event"], proof["audit"]["sha256"]) == (12, "cd" * 32)
    assert proof["audit"]["verify"].startswith("aicmo audit sample-studio --verify")
    assert proof["deliveries_by_state"] == {"held": 1, "sent": 1}
    assert proof["deliveries"][1]["reason"] == "=cmd()"


@pytest.mark.parametrize("kind", [short_content, long_content, rtl_content, sample_content])
def test_the_same_content_gives_the_same_bytes(kind: Any, tmp_path: Path) -> None:
    first = files_of(kind(), tmp_path / "first")
    again = files_of(kind(), tmp_path / "again")
    assert list(first) == list(again)
    for name, path in first.items():
        assert path.read_bytes() == again[name].read_bytes(), name


def test_an_arabic_workbook_runs_from_right_to_left(tmp_path: Path) -> None:
    made = files_of(rtl_content(), tmp_path)
    view = load_workbook(made["calendar.xlsx"]).worksheets[0].sheet_view
    speaks_arabic = companions.translation("ar").direction == "rtl"
    assert bool(view.rightToLeft) is speaks_arabic


def test_one_companion_that_breaks_leaves_the_others(
    content: ProjectContent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_content: ProjectContent, folder: Path) -> dict[str, str]:
        (folder / "half").write_text("half")
        raise RuntimeError("no ink")

    monkeypatch.setattr(companions, "OF_PLAN", {**companions.OF_PLAN, "calendar.xlsx": broken})
    found = make_companions(content, tmp_path)
    assert found.failures == {"calendar.xlsx": "no ink"}
    names = {each.name for each in found.files}
    assert {"calendar.ics", "data/items.csv", "proof/ledger.json"} <= names
    assert not list(tmp_path.rglob("half"))


def test_unchanged_companions_are_not_made_again_and_a_damaged_one_is(
    content: ProjectContent, tmp_path: Path
) -> None:
    first = files_of(content, tmp_path)
    written = {name: path.stat().st_mtime_ns for name, path in first.items()}
    first["calendar.ics"].write_bytes(b"damaged")
    later = replace(content, ledger=replace(content.ledger, audit_number=13))
    again = files_of(later, tmp_path)
    assert again["calendar.ics"].read_bytes().startswith(b"BEGIN:VCALENDAR")
    assert again["calendar.xlsx"].stat().st_mtime_ns == written["calendar.xlsx"]
    assert again["data/items.csv"].stat().st_mtime_ns == written["data/items.csv"]


def test_every_page_of_the_pdf_has_a_picture(content: ProjectContent, tmp_path: Path) -> None:
    import pikepdf  # noqa: PLC0415

    pdf = tmp_path / "strategy.pdf"
    with pikepdf.new() as document:
        for _ in range(3):
            document.add_blank_page(page_size=(595, 842))
        document.save(pdf)
    rendered = RenderedFormat("pdf", pdf, 3, (), "ef" * 32, pdf.stat().st_size, reused=False)
    found = make_previews(content, [rendered], tmp_path)
    assert [each.name for each in found.files] == [
        f"previews/strategy-0{number}.webp" for number in (1, 2, 3)
    ]
    with Image.open(found.files[0].path) as picture:
        assert picture.size == (600, 850)
