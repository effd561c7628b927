"""Shows that what a plan wants of the CRM is checked with it: names, types, stages, tags, notes."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo.errors import FixDocument, FixInput
from aicmo.plans.crm_values import canonical
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import CrmContent
from aicmo.plans.spreadsheet import with_calendar
from tests.unit.plan_documents import (
    contact,
    email_item,
    plain_document,
    post_item,
    problems_of,
    read_plain,
)

FIELDS = [
    {"ours": "email", "theirs": "email", "type": "email"},
    {"ours": "first_name", "theirs": "firstname"},
    {"ours": "visits", "theirs": "visits", "type": "number"},
    {"ours": "renews_on", "theirs": "renewal", "type": "date"},
    {"ours": "score", "theirs": "hubspotscore", "type": "number", "direction": "from_crm"},
]
SETUP = {
    "provider": "hubspot",
    "fields": FIELDS,
    "stages": {"property": "lifecyclestage", "order": ["lead", "opportunity", "customer"]},
    "tags": "topics",
}
PEOPLE = [contact("ann", attributes={"visits": "3", "renews_on": "2026-05-01"}), contact("bob")]


def change(name: str = "c1", action: str = "upsert_contact", **content: Any) -> dict[str, Any]:
    return {
        "id": name, "channel": "crm", "title": "Change", "send_at": "2026-03-05T07:30",
        "audience": "everyone", "content": {"action": action, **content},
    }  # fmt: skip


def with_crm(*items: dict[str, Any], people: Any = PEOPLE, **setup: Any) -> dict[str, Any]:
    return plain_document(items=list(items), contacts=people, crm={**SETUP, **setup})


def is_refused(folder: Path, document: dict[str, Any]) -> bool:
    try:
        read_plain(folder, document)
    except FixDocument:
        return True
    return False


def test_a_sound_plan_has_no_problem(tmp_path: Path) -> None:
    document = with_crm(
        email_item("e1"),
        post_item("p1"),
        change("c1", properties={"visits": "4"}),
        change("c2", "set_properties", properties={"renews_on": "2026-07-01"}),
        change("c3", "set_stage", stage="customer"),
        change("c4", "add_tag", tag="spring"),
        change("c5", "log_activity", of="e1"),
        change("c6", "log_activity", of="p1"),
        change("c7", "log_activity", note="Called."),
    )
    assert problems_of(tmp_path, document) == {}


@pytest.mark.parametrize(
    ("item", "setup", "place", "message"),
    [
        (
            change(properties={"visitz": "4"}), {},
            "items[0].content.properties.visitz",
            "crm.fields has no field visitz; did you mean visits?",
        ),
        (
            change(properties={"score": "4"}), {},
            "items[0].content.properties.score",
            "is only read from the CRM, as crm.fields says (from_crm)",
        ),
        (
            change(action="set_properties", properties={"visits": "a few"}), {},
            "items[0].content.properties.visits",
            "is no number like 1250.5; in crm.fields, visits is of type number",
        ),
        (
            change(action="set_properties", properties={"email": "ann@example.com"}), {},
            "items[0].content.properties.email",
            "is each contact's own: an item would give all of them the same",
        ),
        (
            change(), {"fields": [FIELDS[4]]},
            "items[0].content.action",
            "crm.fields has no field that is sent to the CRM",
        ),
        (
            change(action="set_stage", stage="custmer"), {},
            "items[0].content.stage",
            "custmer is none of the stages in crm.stages.order; did you mean customer?",
        ),
        (
            change(action="set_stage", stage="customer"), {"stages": None},
            "items[0].content.stage",
            "crm.stages doesn't say which property has the stages, and their order",
        ),
        (
            change(action="add_tag", tag="spring"), {"tags": None},
            "items[0].content.tag",
            "crm.tags doesn't say which property has the tags",
        ),
        (
            change(action="log_activity", of="e9"), {},
            "items[0].content.of",
            "there is no item e9",
        ),
        (
            change(action="log_activity", of="c1"), {},
            "items[0].content.of",
            "c1 is an item for crm; only an email or a post is noted",
        ),
        (
            change(), {"log_posts_to": "vips"},
            "crm.log_posts_to",
            "there is no audience vips",
        ),
    ],
)  # fmt: skip
def test_it_is_told_with_its_place(
    tmp_path: Path, item: dict[str, Any], setup: dict[str, Any], place: str, message: str
) -> None:
    document = with_crm(item, **setup)
    assert is_refused(tmp_path, document)
    assert problems_of(tmp_path, document)[place] == message


def test_bottlecrm_has_tags_of_its_own(tmp_path: Path) -> None:
    document = with_crm(change(action="add_tag", tag="spring"), provider="bottlecrm", tags=None)
    assert problems_of(tmp_path, document) == {}


def test_bottlecrm_has_no_lists_and_one_place_for_tags(tmp_path: Path) -> None:
    change_list = change(action="add_to_list", list_name="Trial")
    document = with_crm(change_list, provider="bottlecrm", tags="topics")
    assert problems_of(tmp_path, document) == {
        "crm.tags": "BottleCRM keeps tags in `tags`; leave it out",
        "items[0].content.list_name": "BottleCRM has no lists; give a tag instead (action add_tag)",
    }
    assert problems_of(tmp_path, with_crm(change_list)) == {}


@pytest.mark.parametrize(
    ("provider", "setup", "theirs", "why"),
    [
        ("hubspot", {"stages": None}, "lifecyclestage", "is a stage"),
        ("hubspot", {}, "hs_email_optout", "says who wants no email"),
        ("salesforce", {}, "hasOptedOutOfEmail", "says who wants no email"),
        ("salesforce", {"opt_out": "No_Mail__c"}, "No_Mail__c", "says who wants no email"),
        ("bottlecrm", {"stages": {"property": "Step", "order": ["a", "b"]}}, "step", "is a stage"),
        ("hubspot", {"contact_id": "our_id"}, "our_id", "keeps AICMO's own id"),
        ("hubspot", {"tags": "topics"}, "topics", "has the tags"),
        ("bottlecrm", {}, "tags", "has the tags"),
    ],
)
def test_a_stage_and_an_opt_out_are_no_fields(
    tmp_path: Path, provider: str, setup: dict[str, Any], theirs: str, why: str
) -> None:
    field = {"ours": "first_name", "theirs": theirs}
    document = with_crm(change(), provider=provider, fields=[field], **setup)
    assert why in problems_of(tmp_path, document)["crm.fields[0].theirs"]
    read_only = with_crm(
        change(action="add_tag", tag="x"), provider=provider,
        fields=[{**field, "direction": "from_crm"}], **setup,
    )  # fmt: skip
    assert "crm.fields[0].theirs" not in problems_of(tmp_path, read_only)


def test_values_of_contacts_are_of_the_type_of_their_field(tmp_path: Path) -> None:
    people = [
        contact("ann", attributes={"visits": "3", "renews_on": "03/05/2026"}),
        contact("bob", attributes={"visits": "many", "score": "high"}),
    ]
    assert problems_of(tmp_path, with_crm(change(), people=people)) == {
        "contacts[0].attributes.renews_on": "is no date like 2026-03-02; in crm.fields, renews_on is of type date",
        "contacts[1].attributes.visits": "is no number like 1250.5; in crm.fields, visits is of type number",
    }


def test_a_segment_with_a_semicolon_is_no_choice(tmp_path: Path) -> None:
    fields = [{"ours": "segments", "theirs": "segments", "type": "choices"}]
    people = [contact("ann", segments=["New; or old"])]
    document = with_crm(change(), people=people, fields=fields)
    assert "two choices" in problems_of(tmp_path, document)["contacts[0].segments"]


def test_a_field_that_nothing_fills_is_told(tmp_path: Path) -> None:
    fields = [{"ours": "vists", "theirs": "visits"}, {"ours": "campaign", "theirs": "campaign"}]
    document = with_crm(change(properties={"campaign": "spring"}), fields=fields)
    assert problems_of(tmp_path, document) == {
        "crm.fields[0].ours": "no contact has vists, and no item sets it; did you mean visits?"
    }


def test_items_without_a_crm_are_held_and_not_refused(tmp_path: Path) -> None:
    document = plain_document(items=[change("c1"), change("c2", "add_tag", tag="spring")])
    assert not is_refused(tmp_path, document)
    assert problems_of(tmp_path, document) == {
        "crm": "is missing, so 2 items for it are held (c1, …)"
    }
    assert problems_of(tmp_path, plain_document(items=[post_item("p1")])) == {}


def test_the_networks_of_a_post_are_named_one_by_one(tmp_path: Path) -> None:
    post = {
        "id": "p1", "channels": ["linkedin", "x"], "title": "Post",
        "send_at": "2026-03-04T07:30", "content": {"text": "Bread!"},
    }  # fmt: skip
    document = with_crm(post, change(action="log_activity", of="p1"))
    message = problems_of(tmp_path, document)["items[1].content.of"]
    assert message == (
        "there is no item p1; it goes to several networks, so name one of p1-linkedin, p1-twitter"
    )


def test_what_would_be_noted_twice_is_told_at_the_item(tmp_path: Path) -> None:
    document = with_crm(email_item("e1"), change(action="log_activity", of="e1"), log_emails=True)
    assert problems_of(tmp_path, document) == {
        "items[1].content.of": "e1-log notes e1 for the same contacts: it would stand there twice"
    }


def test_a_missing_audience_of_noted_posts_is_told_once_where_it_is_written(tmp_path: Path) -> None:
    document = with_crm(post_item("p1"), log_posts_to="vips")
    assert problems_of(tmp_path, document) == {"crm.log_posts_to": "there is no audience vips"}


def calendar(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "calendar.csv"
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


ROW = {
    "id": "c1", "channel": "crm", "title": "Change", "send_at": "2026-03-05 07:30",
    "audience": "everyone",
}  # fmt: skip


def test_a_calendar_says_why_a_stage_moves_back_and_what_is_noted(tmp_path: Path) -> None:
    back = {"crm_action": "set_stage", "stage": "lead", "back_because": "The trial ended"}
    note = {**ROW, "id": "c2", "crm_action": "log_activity", "of": "p1"}
    post = {
        "id": "p1", "channel": "linkedin", "title": "Post", "send_at": "2026-03-04 07:30",
        "text": "Bread!",
    }  # fmt: skip
    document = ProjectDocument.model_validate(with_crm())
    read = with_calendar(document, calendar(tmp_path, ROW | back, note, post))
    assert read.warnings == ()
    first, second, _ = (each.content for each in read.document.items)
    assert isinstance(first, CrmContent)
    assert isinstance(second, CrmContent)
    assert (first.back_because, second.of) == ("The trial ended", "p1")


def test_what_is_wrong_with_a_change_is_told_by_row_and_column(tmp_path: Path) -> None:
    wrong = ROW | {"crm_action": "set_properties", "properties": "visits=a few; visitz=4"}
    document = ProjectDocument.model_validate(with_crm())
    with pytest.raises(FixDocument) as caught:
        with_calendar(document, calendar(tmp_path, wrong))
    place = "calendar.csv, row 2, column properties"
    assert [(each.place, each.message.partition(";")[0]) for each in caught.value.problems] == [
        (place, "is no number like 1250.5"),
        (place, "crm.fields has no field visitz"),
    ]


def test_emails_of_a_calendar_are_noted_as_those_of_a_document(tmp_path: Path) -> None:
    row = {
        "id": "e1", "channel": "email", "title": "News", "send_at": "2026-03-03 07:30",
        "audience": "everyone", "subject": "Fresh bread", "body": "Come by.",
    }  # fmt: skip
    document = ProjectDocument.model_validate(with_crm(log_emails=True))
    read = with_calendar(document, calendar(tmp_path, row))
    assert [each.id for each in read.document.items] == ["e1", "e1-log"]
    late = with_calendar(document, calendar(tmp_path, row | {"send_at": "2027-03-03 07:30"}))
    assert [each.place for each in late.warnings] == ["calendar.csv, row 2, column send_at"]
    long = calendar(tmp_path, row | {"id": "e" * 62})
    with pytest.raises(FixDocument) as caught:
        with_calendar(document, long)
    assert [each.place for each in caught.value.problems] == ["calendar.csv, row 2, column id"]


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("number", " 1250.50 ", "1250.5"),
        ("number", "1.25E3", "1250"),
        ("number", "-0.0", "0"),
        ("number", "00012", "12"),
        ("date", "2026-03-02", "2026-03-02"),
        ("datetime", "2026-03-02T07:30:00+01:00", "2026-03-02T06:30:00+00:00"),
        ("datetime", "2026-03-02T06:30:00.123456Z", "2026-03-02T06:30:00.123000+00:00"),
        ("boolean", "Yes", "true"),
        ("choices", "b; a;;b", "a;b"),
        ("email", "Leo@Example.com", "leo@example.com"),
        ("text", "", ""),
        ("number", "  ", ""),
    ],
)
def test_a_value_has_one_form(kind: Any, text: str, expected: str) -> None:
    assert canonical(kind, text) == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("number", "1,250"),
        ("number", "1_250"),
        ("number", "1e999999999"),
        ("number", "1e999"),
        ("number", "NaN"),
        ("number", "١٢"),
        ("date", "20260302"),
        ("date", "2026-02-30"),
        ("date", "02.03.2026"),
        ("datetime", "2026-03-09T07:30"),
        ("datetime", "0001-01-01T00:00+05:00"),
        ("boolean", "maybe"),
        ("phone", "call me"),
        ("phone", "---"),
        ("email", "nobody"),
    ],
)
def test_what_is_no_value_is_refused_without_being_repeated(kind: Any, text: str) -> None:
    with pytest.raises(FixInput) as caught:
        canonical(kind, text)
    assert text not in str(caught.value)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, max_value=10**12))
def test_a_number_keeps_its_value(number: Any) -> None:
    written = canonical("number", f"{number:f}")
    assert type(number)(written) == number
    assert canonical("number", written) == written
