"""An outline holds all of a project, invents nothing, and speaks a client's words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aicmo.packaging.composition import compose
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.outline import Outline, Table, texts
from aicmo.packaging.translation import translation
from aicmo.packaging.wording import Wording, client_text, plain_text
from tests.documents.fixtures import (
    content_of,
    example_content,
    example_names,
    sample_content,
    sample_data,
)
from tests.unit.social_projects import LINK, launch, social_document

ENGLISH = Wording(translation("en"), ZoneInfo("UTC"))
NAMES = ["sample", *example_names()]


def named(name: str, **how: bool) -> ProjectContent:
    return sample_content(**how) if name == "sample" else example_content(name, **how)


def words(outline: Outline) -> str:
    return "\n".join(texts(outline.chapters))


def expected_texts(content: ProjectContent) -> Iterator[str]:
    """Everything a client wrote that has to be in the package, as it is printed."""
    document = content.document
    parts: list[Any] = [
        *document.strategy.pillars,
        *document.strategy.concepts,
        *document.personas,
        *document.segments,
        *document.offers,
        *document.phases,
        *document.themes,
        *document.journeys,
        *document.work_plan,
        *document.topics,
        *document.channels,
        *document.open_questions,
        document.market,
    ]
    skipped = {"channel", "channels", "currency", "unit", "target", "kind"}
    for part in parts:
        yield from strings(part.model_dump(mode="json"), skipped)
    for item in document.items:
        yield item.title
        yield from strings(
            item.content.model_dump(mode="json"),
            {"kind", "format", "action", "file", "visibility"},
        )
    yield from (one.name for one in document.kpis)
    yield from (line.name for line in (document.budget.lines if document.budget else ()))
    yield from (objective.statement.rstrip(".") for objective in document.objectives)
    yield from document.risks


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_there(name: str) -> None:
    content = named(name)
    said = re.sub(r"(?<=\d),(?=\d)", "", words(compose(content)))
    document = content.document
    lines = document.budget.lines if document.budget else ()
    figures = [one.target for one in document.kpis] + [line.amount for line in lines]
    figures += [one.baseline for one in document.kpis if one.baseline is not None]
    figures += [one.target_max for one in document.kpis if one.target_max is not None]
    figures += [offer.price for offer in document.offers if offer.price is not None]
    missing = [f for f in figures if not re.search(rf"(?<!\d){f.normalize():f}(?!\d)", said)]
    assert missing == []


def strings(value: Any, skipped: set[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            if name == "body":
                yield from plain_text(one).splitlines()
            elif name not in skipped:
                yield from strings(one, skipped)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one, skipped)
    elif isinstance(value, str) and not re.fullmatch(r"[\d.]+|\d{4}-\d\d-\d\d", value):
        yield from value.splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_everything_of_the_project_is_there(name: str) -> None:
    content = named(name)
    said = words(compose(content))
    missing = [
        text for text in expected_texts(content) if client_text(text, ENGLISH).strip() not in said
    ]
    assert missing == []


@pytest.mark.parametrize("name", NAMES)
def test_no_id_and_no_marker_reaches_a_client(name: str) -> None:
    content = named(name, executed=True)
    said = words(compose(content))
    for item in content.document.items:
        assert item.id not in said
    standing_alone = set(texts(compose(content).chapters))
    assert standing_alone.isdisjoint(one.id for one in content.document.audiences)
    assert not re.search(r"\{\{|\bNone\b|\bTBD\b|\bN/A\b|lorem|target_max|\bnull\b", said)


def test_the_same_content_gives_the_same_outline() -> None:
    assert compose(sample_content()) == compose(sample_content())


def test_chapters_come_in_the_order_of_the_house() -> None:
    keys = [chapter.key for chapter in compose(sample_content(executed=True)).chapters]
    assert keys == [
        "glance",
        "situation",
        "audience",
        "strategy",
        "channels",
        "roadmap",
        "calendar",
        "content",
        "measurement",
        "budget",
        "questions",
        "execution",
        "appendix",
    ]


def test_a_chapter_without_content_is_left_out() -> None:
    data = sample_data()
    for part in ("items", "kpis", "budget", "channels", "phases", "themes", "journeys"):
        del data[part]
    del data["work_plan"], data["funnel"], data["retention"]
    data["objectives"] = [{"statement": "Be known"}]
    keys = {chapter.key for chapter in compose(content_of(data)).chapters}
    assert keys == {"glance", "situation", "audience", "strategy", "questions", "appendix"}


def test_numbers_are_written_for_people() -> None:
    said = words(compose(sample_content()))
    assert "12–15 per month" in said
    assert "28.5%" in said
    assert "$30 or less" in said
    assert "−30%" in said
    assert "no baseline yet" in said


@pytest.mark.parametrize(
    ("language", "date", "money"),
    [
        ("de", "3. März", "20.000 $"),
        ("fr", "3 mars", "20 000 $US"),
        ("en-GB", "3 March", "US$20,000"),
    ],
)
def test_dates_and_money_follow_the_language(language: str, date: str, money: str) -> None:
    said = words(compose(content_of(sample_data() | {"language": language}))).replace("\xa0", " ")
    assert date in said
    assert money in said


def test_times_are_by_the_clients_clocks() -> None:
    data = sample_data()
    data["items"][1]["send_at"] = "2026-03-05T15:00+00:00"
    said = words(compose(content_of(data))).replace("\xa0", " ")
    assert "Thu, Mar 5, 9:00 AM" in said


@pytest.mark.parametrize(
    ("total", "sentence"),
    [
        (18000, "The lines add up to the total of $18,000."),
        (20000, "$2,000 is not assigned to a line yet."),
        (17000, "the lines are $1,000 over it."),
    ],
)
def test_the_budgets_arithmetic_is_shown(total: int, sentence: str) -> None:
    data = sample_data()
    data["budget"]["total"] = total
    assert sentence in words(compose(content_of(data)))


def test_an_unsourced_fact_is_marked_and_asked_for() -> None:
    outline = compose(sample_content())
    facts = next(
        block
        for chapter in outline.chapters
        for section in chapter.sections
        for block in section.blocks
        if isinstance(block, Table) and block.columns[0] == "Fact"
    )
    by_fact = {row[0]: row[-1] for row in facts.rows}
    assert by_fact["Gyms and studios in the city"] == "source to be confirmed"
    assert by_fact["Professionals who want short sessions"] == "City health survey 2025"
    assert "What is the source of “Gyms and studios in the city”?" in words(outline)


def test_results_are_counted_and_their_reasons_are_in_words() -> None:
    outline = compose(sample_content(executed=True))
    chapter = next(one for one in outline.chapters if one.key == "execution")
    assert chapter.conclusion == "46 deliveries so far: 41 sent and 5 held."
    said = "\n".join(texts(chapter))
    assert "LinkedIn is not connected" in said
    assert "outside the send window" in said


def test_it_is_a_draft_until_every_item_is_approved() -> None:
    data = sample_data()
    data["budget"]["total"] = 18000
    approved = content_of(data, approved=True)
    assert compose(approved).status == "final"
    statuses = dict(approved.items)
    del statuses["fit-ig-1"]
    one_missing = ProjectContent(approved.document, 3, approved.imported_at, statuses)
    assert compose(one_missing).status == "internal draft"
    assert compose(content_of(data | {"items": []}, approved=True)).status != "final"


def test_it_is_a_draft_while_the_budget_does_not_add_up() -> None:
    assert compose(sample_content(approved=True)).status == "internal draft"


def test_the_agency_is_only_named_if_the_brand_says_so() -> None:
    data = sample_data()
    assert compose(content_of(data)).prepared_by == "Harbour & Finch"
    data["brand"]["agency"]["show"] = False
    hidden = compose(content_of(data))
    assert "Harbour" not in "\n".join(texts(hidden))


def test_a_merge_field_is_printed_in_words() -> None:
    assert (
        client_text('Hi {{ contact.first_name | default("there") }}!', ENGLISH)
        == "Hi [first name]!"
    )
    assert "{{" not in client_text("{{7*7}} {{ and {{{{x}}}}", ENGLISH)


def test_markdown_becomes_plain_text() -> None:
    text = plain_text("# Hi\n\nA **b** [c](https://d.example)\n\n- e\n  e\n- f\n\n1. g\n2. h\n")
    assert text == "Hi\n\nA b c (https://d.example)\n\n• e e\n• f\n\n1. g\n2. h"


def test_one_content_is_composed_once_for_all_formats_and_another_by_itself() -> None:
    content = sample_content()
    outline = compose(content)
    assert compose(content) is outline
    renamed = replace(content, document=content.document.model_copy(update={"name": "Autumn"}))
    assert compose(renamed).title == "Autumn"
    assert compose(content) == outline


def test_a_link_of_a_post_on_several_networks_is_listed_once() -> None:
    outline = compose(
        content_of(social_document(launch()).model_dump(mode="json", exclude_none=True))
    )
    (appendix,) = (chapter for chapter in outline.chapters if chapter.key == "appendix")
    assert list(texts((appendix,))).count(LINK) == 1
