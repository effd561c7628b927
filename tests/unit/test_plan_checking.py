"""Shows that what the models can't see is found: references, addresses, times, sums, wording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from aicmo.errors import FixDocument, FixInput
from aicmo.plans.addresses import ascii_address, normalise_address
from tests.unit.plan_documents import (
    contact,
    email_item,
    plain_document,
    post_item,
    problems_of,
    read_plain,
)


def with_body(body: str, **changes: Any) -> dict[str, Any]:
    return plain_document(
        items=[email_item("e1", content={"subject": "Hello", "body": body})], **changes
    )


def is_error(folder: Path, document: dict[str, Any]) -> bool:
    try:
        read_plain(folder, document)
    except FixDocument:
        return True
    return False


@pytest.mark.parametrize(
    ("changes", "place", "message"),
    [
        (
            {"items": [post_item("p1"), post_item("p1")]},
            "items[1].id",
            "p1 is already used at items[0].id",
        ),
        (
            {"contacts": [contact("ann"), contact("ann", email="x@example.com")]},
            "contacts[1].id",
            "ann is already used at contacts[0].id",
        ),
        (
            {"items": [email_item("e1", audience="vips")]},
            "items[0].audience",
            "there is no audience vips",
        ),
        (
            {
                "budget": {
                    "currency": "USD",
                    "total": 10,
                    "period": "90 days",
                    "lines": [{"name": "Ads", "amount": 10}],
                },
                "funnel": [{"name": "Trials", "budget_line": "Adds"}],
            },
            "funnel[0].budget_line",
            "there is no budget line Adds",
        ),
        (
            {"items": [post_item("p1", pillar="Crumb")]},
            "items[0].pillar",
            "there is no pillar Crumb",
        ),
        (
            {"audiences": [{"id": "everyone", "name": "Some", "contacts": ["ann", "zoe"]}]},
            "audiences[0].contacts[1]",
            "there is no contact zoe",
        ),
        ({"timezone": "Texas"}, "timezone", "Texas is not the name of a time zone"),
        (
            {"items": [post_item("p1", timezone="Mars/Base")]},
            "items[0].timezone",
            "Mars/Base is not the name of a time zone",
        ),
        (
            {"items": [post_item("p1", send_until="2026-03-04T07:30")]},
            "items[0].send_until",
            "is not after send_at",
        ),
        (
            {"items": [post_item("p1", content={"text": "Hi {{ contact.first_name }}"})]},
            "items[0].content.text",
            "{{ contact.first_name }} is replaced in email only",
        ),
    ],
)
def test_errors(tmp_path: Path, changes: dict[str, Any], place: str, message: str) -> None:
    document = plain_document(**changes)
    assert problems_of(tmp_path, document).get(place) == message
    assert is_error(tmp_path, document)


@pytest.mark.parametrize(
    ("changes", "place", "message"),
    [
        (
            {"contacts": [contact("leo"), contact("leo2", email="LEO@Example.COM")]},
            "contacts[1].email",
            "contacts leo (contacts[0]) and leo2 have the same mailbox; each email goes there once",
        ),
        (
            {"items": [post_item("p1", send_at="2027-01-01T00:30")]},
            "items[0].send_at",
            "2027-01-01 is outside the project (2026-03-01 to 2026-12-31)",
        ),
        (
            {
                "budget": {
                    "currency": "USD",
                    "total": 20000,
                    "period": "90 days",
                    "lines": [
                        {"name": "Ads", "amount": 8000},
                        {"name": "Events", "amount": 6000.5},
                    ],
                }
            },
            "budget.total",
            "the lines add up to 8,000 + 6,000.5 = 14,000.5 USD, 5,999.5 less than the total of 20,000",
        ),
        (
            {"contacts": [contact("ann", consent="unsubscribed")]},
            "items[0].audience",
            "audience everyone has no contact with consent",
        ),
        (
            {"contacts": [contact("ann"), contact("bob", email=None)]},
            "audiences[0]",
            "1 contact (bob) without an email address: no email goes there",
        ),
        ({"risks": ["Costs: TBD"]}, "risks[0]", "still says TBD"),
        ({"risks": ["Lorem ipsum dolor"]}, "risks[0]", "still says Lorem ipsum"),
        ({"risks": ["Owner: n/a"]}, "risks[0]", "still says n/a"),
        (
            {
                "items": [post_item("p1", content={"text": "Our churn\nRate is low"})],
                "language_rules": {"must_not_mention": ["churn rate", "urn"]},
            },
            "items[0].content.text",
            "mentions “churn rate”, which the language rules exclude",
        ),
    ],
)
def test_warnings(tmp_path: Path, changes: dict[str, Any], place: str, message: str) -> None:
    document = plain_document(**changes)
    assert problems_of(tmp_path, document) == {place: message}
    assert not is_error(tmp_path, document)


def test_what_is_set_for_an_item_is_no_copy(tmp_path: Path) -> None:
    story = {"text": "Bread!", "format": "story"}
    items = [email_item("e1", late="drop"), post_item("p1", channel="instagram", content=story)]
    rules = {"must_not_mention": ["drop", "story", "instagram", "everyone"]}
    assert problems_of(tmp_path, plain_document(items=items, language_rules=rules)) == {}


@pytest.mark.parametrize("field", ["sender", "postal_address", "unsubscribe_url"])
def test_email_needs_to_say_who_writes_and_how_to_leave(tmp_path: Path, field: str) -> None:
    document = plain_document()
    del document["brand"][field]
    expected = {f"brand.{field}": "is missing; a project with email items needs it"}
    assert problems_of(tmp_path, document) == expected
    assert problems_of(tmp_path, {**document, "items": [post_item("p1")]}) == {}


def test_placeholders_must_name_what_some_contact_has(tmp_path: Path) -> None:
    people = [contact("ann", attributes={"loaf": "rye"}), contact("bob")]
    place = "items[0].content.body"
    good = 'Hi {{ contact.first_name }}, a {{contact.loaf|default("white")}} loaf?'
    assert problems_of(tmp_path, with_body(good, contacts=people)) == {}
    for bad in (
        "{{ contact.cake }}",
        "{{ brand.name }}",
        "{% if x %}",
        "{{ contact.loaf | upper }}",
        "{{",
    ):
        assert is_error(tmp_path, with_body(bad, contacts=people)), bad
    assert problems_of(tmp_path, with_body("A {{ contact.loaf }}?", contacts=people)) == {
        place: "{{ contact.loaf }} has no default, and 1 of 2 contacts have no loaf"
    }


@pytest.mark.parametrize(
    "address",
    [
        *("not-an-address", "a b@example.com", "ü@example.com", "a@example", "a@@example.com", ""),
        *("a@example.com\r\nBcc: b@example.com", "a..b@example.com", '"a b"@example.com'),
        *("a@[127.0.0.1]", f"{'x' * 65}@example.com", "a@server.local"),
    ],
)
def test_addresses_that_cannot_be_used(address: str) -> None:
    with pytest.raises(FixInput):
        normalise_address(address)


def test_addresses_of_one_mailbox_are_one() -> None:
    assert normalise_address("Leo@EXAMPLE.com") == normalise_address("leo@example.com")
    assert normalise_address("A@bücher.example.com") == "a@xn--bcher-kva.example.com"
    assert ascii_address("Leo.B@Bücher.example.com") == "Leo.B@xn--bcher-kva.example.com"


LABEL = st.text("abXY09-", min_size=1, max_size=8)


@given(
    st.text("abXY09.+-_'!ü ", min_size=1, max_size=70),
    st.lists(LABEL, min_size=1, max_size=4),
    st.sampled_from(["com", "local", "test", "invalid", "c", "x1", "ORG"]),
)
def test_the_quick_way_agrees_with_the_library(local: str, labels: list[str], top: str) -> None:
    email = f"{local}@{'.'.join([*labels, top])}"
    try:
        found = validate_email(
            email,
            check_deliverability=False,
            strict=True,
            allow_smtputf8=False,
            test_environment=True,
        )
        expected = f"{found.local_part}@{found.ascii_domain}"
    except EmailNotValidError:
        expected = None
    try:
        actual = ascii_address(email)
    except FixInput:
        actual = None
    assert actual == expected
