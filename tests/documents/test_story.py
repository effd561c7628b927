"""What a client reads in a package: the calendar on their days, decisions, results, their language."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aicmo.packaging.composition import compose
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.outline import (
    BarChart,
    Callout,
    Chapter,
    MonthGrid,
    Outline,
    Table,
    TargetChart,
    imprint,
    texts,
)
from aicmo.plans.times import resolve
from tests.documents.fixtures import (
    ALL_CONTENTS,
    content_of,
    long_content,
    results_content,
    sample_content,
    sample_data,
    short_content,
)


def chapter(content: ProjectContent, key: str) -> Chapter:
    return next(one for one in compose(content).chapters if one.key == key)


def blocks(part: Chapter | Outline, kind: type[Any]) -> list[Any]:
    chapters = part.chapters if isinstance(part, Outline) else (part,)
    found = [block for one in chapters for each in one.sections for block in each.blocks]
    return [block for block in found if isinstance(block, kind)]


def entries(grids: list[MonthGrid]) -> dict[tuple[str, int], list[str]]:
    """Titles by the grid's month and the day in it."""
    found: dict[tuple[str, int], list[str]] = {}
    for grid in grids:
        month = grid.caption.partition(":")[0]
        for cell in (cell for week in grid.weeks for cell in week):
            assert cell.inside or not cell.entries
            if cell.entries:
                found[month, int(cell.number)] = [entry.title for entry in cell.entries]
    return found


@pytest.mark.parametrize("name", ALL_CONTENTS)
def test_no_chapter_section_or_cell_is_empty(name: str) -> None:
    outline = compose(ALL_CONTENTS[name]())
    assert len({one.key for one in outline.chapters}) == len(outline.chapters)
    for one in outline.chapters:
        assert one.title
        assert re.search(r"[.!?。।؟！？]$", one.conclusion), one.conclusion
        assert "\n" not in one.conclusion
        assert one.sections
        assert all(section.heading and section.blocks for section in one.sections)
    for table in blocks(outline, Table):
        assert all(len(row) == len(table.columns) and all(row) for row in table.rows)


@pytest.mark.parametrize("name", ALL_CONTENTS)
@pytest.mark.parametrize("theme", ["clear", "editorial"])
def test_a_look_changes_no_word(name: str, theme: Any) -> None:
    content = ALL_CONTENTS[name](theme=theme)
    assert content.document.brand.theme == theme
    assert compose(content) == compose(ALL_CONTENTS[name]())


@pytest.mark.parametrize("name", ALL_CONTENTS)
def test_no_internal_word_reaches_a_client(name: str) -> None:
    content = ALL_CONTENTS[name]()
    said = "\n".join(texts(compose(content).chapters))
    assert not re.search(r"\{\{|\{\w*\}|\bNone\b|\bTBD\b|\bN/A\b|gateway|ambiguous|pending", said)
    assert not [item.id for item in content.document.items if item.id in said]


def test_a_chapters_message_stays_short_when_names_are_long() -> None:
    data, long = sample_data(), "A name that goes on " * 20
    for part in (
        data["strategy"]["pillars"],
        data["phases"],
        data["kpis"],
        data["budget"]["lines"],
    ):
        for one in part:
            one["name"] = f"{long}{one['name']}"
    data["market"]["primary"] = data["objectives"][0]["statement"] = long
    messages = {one.key: one.conclusion for one in compose(content_of(data)).chapters}
    assert max(map(len, messages.values())) <= 150
    assert messages["strategy"] == "3 pillars carry the plan."
    assert messages["budget"] == "$20,000 (90 days)."


def test_what_there_is_nothing_of_is_left_out() -> None:
    keys = [one.key for one in compose(short_content()).chapters]
    assert keys == ["glance", "situation", "strategy", "questions", "appendix"]


def test_every_piece_stands_on_its_day() -> None:
    content = long_content()
    there = entries(blocks(chapter(content, "calendar"), MonthGrid))
    expected: dict[tuple[str, int], set[str]] = {}
    for item in content.document.items:
        day = resolve(item.send_at, "America/Chicago").astimezone(ZoneInfo("America/Chicago"))
        expected.setdefault((f"{day:%B %Y}", day.day), set()).add(item.title)
    assert {day: set(titles) for day, titles in there.items()} == expected
    assert sum(map(len, there.values())) == 150


@pytest.mark.parametrize(
    ("timezone", "day"),
    [("America/Chicago", ("March 2026", 31)), ("Asia/Tokyo", ("April 2026", 1))],
)
def test_a_piece_near_midnight_is_on_the_clients_day(timezone: str, day: tuple[str, int]) -> None:
    data = sample_data() | {"timezone": timezone}
    data["items"] = [data["items"][0] | {"send_at": "2026-04-01T03:30+00:00"}]
    there = entries(blocks(chapter(content_of(data), "calendar"), MonthGrid))
    assert there == {day: ["Founder price opens"]}


@pytest.mark.parametrize(("language", "first"), [("en-US", "Sun"), ("de", "Mo"), ("ar", "الاثنين")])
def test_a_week_starts_as_the_clients_country_has_it(language: str, first: str) -> None:
    content = content_of(sample_data() | {"language": language})
    for grid in blocks(chapter(content, "calendar"), MonthGrid):
        assert grid.weekdays[0] == first
        assert all(len(week) == 7 for week in grid.weeks)
    # March 1, 2026 is a Sunday.
    march = blocks(chapter(content, "calendar"), MonthGrid)[0]
    assert march.weeks[0][0 if first == "Sun" else 6].number == "1"


def test_the_calendars_table_can_be_narrowed_down() -> None:
    table = blocks(chapter(results_content(), "calendar"), Table)[0]
    assert [table.columns[at] for at in table.filter_by] == ["Channel", "Pillar", "Status"]
    by_piece = {row[2]: row[-1] for row in table.rows}
    assert by_piece["Founder price opens"] == "Partly sent"
    assert by_piece["Lunch-and-learn for offices"] == "Sent"
    assert by_piece["Doors reel"] == "Approved"


def test_the_decision_is_named_with_its_day_and_its_cost() -> None:
    (decision,) = blocks(chapter(sample_content(), "glance"), Callout)
    assert decision.title == "Decision needed before March 3, 2026"
    said = decision.text.replace("\xa0", " ")
    assert "Approve 4 pieces: the first goes out Tue, Mar 3, 2026, 7:30 AM." in said
    assert "The budget is $20,000 (90 days)." in said
    assert "Answer 5 open questions." in said


def test_without_anything_to_decide_nothing_is_asked() -> None:
    data = sample_data()
    del data["open_questions"], data["items"][2]
    data["market"]["facts"] = []
    data["kpis"] = [data["kpis"][0]]
    content = content_of(data, approved=True)
    assert blocks(chapter(content, "glance"), Callout) == []
    assert "What we need from you" not in set(texts(chapter(content, "glance")))
    with_answers = content_of(data | {"open_questions": [{"question": "Who?"}]}, approved=True)
    (decision,) = blocks(chapter(with_answers, "glance"), Callout)
    assert (decision.title, decision.text) == ("Answers needed", "Answer 1 open question.")


def test_measures_with_a_baseline_are_drawn_and_the_others_are_told() -> None:
    measurement = chapter(sample_content(), "measurement")
    (chart,) = blocks(measurement, TargetChart)
    (goal,) = chart.goals
    assert (goal.label, goal.baseline, goal.target) == ("Trial to member", 28.5, 40)
    assert (goal.shown_baseline, goal.shown_target, goal.better) == (
        "28.5%",
        "40% or more",
        "higher",
    )
    assert chart.source == "Read from: Booking system."
    rows = {row[0]: row[1] for table in blocks(measurement, Table) for row in table.rows}
    assert rows["Sales closed"] == "no baseline yet"


def test_the_funnel_and_who_stays_are_reckoned() -> None:
    measurement = chapter(sample_content(), "measurement")
    (chart,) = blocks(measurement, BarChart)
    assert chart.caption == "From Studio visits to New members: 20%"
    assert [bar.shown for bar in chart.bars] == ["500", "250", "100"]
    rows = {row[0]: row[1:] for table in blocks(measurement, Table) for row in table.rows}
    assert rows["Trial classes"] == ("250", "50%", "$30", "Paid social")
    said = set(texts(measurement))
    # 0.96 to the twelfth.
    assert "4% leave in a month: 61.3% stay after 12 months. The target is 60%." in said


@pytest.mark.parametrize("left", ["funnel", "retention", "objectives"])
def test_measurement_says_what_it_has_also_without_measures(left: str) -> None:
    data = sample_data()
    none = {"kpis": [], "funnel": [], "retention": None, "objectives": [{"statement": "Be known"}]}
    content = content_of(data | {name: one for name, one in none.items() if name != left})
    assert not re.search(r"\b0\b", chapter(content, "measurement").conclusion)


def test_results_come_with_their_proof() -> None:
    results = chapter(results_content(), "execution")
    tables = {table.columns[0]: table for table in blocks(results, Table)}
    said = "\n".join(texts(results)).replace("\xa0", " ")
    assert results.conclusion.startswith("1,060 deliveries so far: 1,042 sent, 3 not delivered")
    assert "Tue, Mar 3, 2026, 7:30 AM – Tue, Mar 3, 2026, 7:52 AM" in said
    assert dict(tables["Reason"].rows)["the recipient has unsubscribed"] == "9"
    assert dict(tables["Reason"].rows)["the provider refused it"] == "3"
    assert dict(tables["Answer"].rows)["Bounced: the address does not work"] == "4"
    assert tables["Answer"].caption == "11 answers to what was sent"
    link = "https://www.linkedin.com/feed/update/urn:li:share:7001/"
    assert ("Lunch-and-learn for offices", link) in blocks(results, Table)[-1].rows
    assert "number 57, with the SHA-256 01234567 89abcdef" in said


@pytest.mark.parametrize("approved", [True, False])
def test_a_plan_of_which_nothing_has_gone_out_has_no_results_yet(*, approved: bool) -> None:
    content = sample_content(approved=approved)
    counts = {"waiting": 3, "skipped": 1} if approved else {"held": 3, "skipped": 1}
    waits = {
        key: replace(status, counts=counts, reasons={"unsubscribed": 1})
        for key, status in content.items.items()
    }
    keys = [one.key for one in compose(replace(content, items=waits)).chapters]
    assert "execution" not in keys


def test_a_document_is_dated_by_its_day_alone() -> None:
    content = sample_content()

    def at(hour: int, day: int = 20) -> Outline:
        moment = datetime(2026, 2, day, hour, 5, tzinfo=UTC)
        return compose(replace(content, imported_at=moment))

    assert at(9) == at(23)
    assert at(9).created == "2026-02-20T00:00:00+00:00"
    # In Chicago it is still the day before.
    assert at(3).created == "2026-02-19T00:00:00+00:00"
    assert "imported on February 19, 2026" in "\n".join(texts(at(3)))


def test_a_footer_names_the_agency_in_words() -> None:
    assert "Prepared by Harbour & Finch" in imprint(compose(sample_content()))
