"""The preview and the approval over the ledger: who gets what, who can't, and what keeps a yes back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from aicmo.database import Database
from aicmo.execution import approvals
from aicmo.execution.approvals import CopyRefused
from aicmo.execution.importing import import_document
from aicmo.execution.preview import ItemPreview, preview_items
from aicmo.execution.project import load_items, load_plan
from aicmo.models import Approval
from tests.conftest import KEY
from tests.projects import NOW, approved, brand, contact, document, email, imported, post

MISSING = {"subject": "Your class in {{ contact.city }}", "body": "Come to the **studio**."}
WITH_DEFAULTS = {
    "subject": 'Hello {{ contact.first_name | default("there") }}',
    "body": 'Your class in {{ contact.city | default("town") }} is on Monday.',
}


def previewed(database: Database, *keys: str) -> dict[str, ItemPreview]:
    with database.read() as session:
        plan, items = load_plan(session, "studio"), load_items(session, "studio")
    wanted = [item for item in items if not keys or item.key in keys]
    return {each.item.key: each for each in preview_items(database, plan, wanted, NOW).items}


def mail(database: Database) -> ItemPreview:
    return previewed(database)["mail-1"]


def verdicts(item: ItemPreview) -> dict[str, str]:
    return {check.name: check.verdict for check in item.checks}


def errors(item: ItemPreview) -> list[str]:
    return [f"{each.place}: {each.text}" for each in item.found("error")]


def approvals_given(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(func.count()).select_from(Approval)).one()


def named(number: int, **changes: Any) -> dict[str, Any]:
    return contact(number, **{"attributes": {"city": "Austin"}} | changes)


# Kinds of recipients


def test_samples_show_each_kind_of_recipient_with_how_many_there_are(database: Database) -> None:
    people = [
        *(named(number) for number in range(1, 5)),
        named(5, first_name=None),
        named(6, first_name=None),
        named(7, attributes={}),
        named(8, first_name="Zoë"),
    ]
    imported(database, email(content=WITH_DEFAULTS), contacts=people)
    samples = mail(database).samples
    assert {sample.kind: (sample.count, sample.contact) for sample in samples} == {
        "First name and city filled in": (4, "c1"),
        "City filled in, first name by default (“there”)": (2, "c5"),
        "First name filled in, city by default (“town”)": (1, "c7"),
        "First name and city filled in, a name with letters outside ASCII": (1, "c8"),
    }
    assert {sample.email.subject for sample in samples} == {
        "Hello Person1", "Hello there", "Hello Person7", "Hello Zoë",
    }  # fmt: skip


def test_of_many_kinds_the_five_that_show_most_are_chosen(database: Database) -> None:
    names = ("a", "b", "c")
    body = " ".join(f'{{{{ contact.{name} | default("–") }}}}' for name in names)
    people = [
        contact(number, attributes={each: "x" for at, each in enumerate(names) if number >> at & 1})
        for number in range(8)
    ]
    people.append(contact(8, first_name="Zoë", attributes={}))
    imported(database, email(content={"subject": "Hello", "body": body}), contacts=people)
    samples = mail(database).samples
    assert len(samples) == 5
    assert any("outside ASCII" in sample.kind for sample in samples)
    for name in names:
        assert any(f"{name} by default" in sample.kind.lower() for sample in samples)
    assert any(sample.kind == "A and b and c filled in" for sample in samples)


def test_an_email_without_placeholders_has_one_sample(database: Database) -> None:
    imported(database, email(content={"subject": "Hello", "body": "Come."}))
    (sample,) = mail(database).samples
    assert (sample.kind, sample.count) == ("The same for everyone", 3)


def test_defaults_that_most_people_get_are_a_hint(database: Database) -> None:
    people = [contact(1), contact(2, first_name=None), contact(3, first_name=None)]
    imported(database, contacts=people)
    (hint,) = [each for each in mail(database).found("hint") if each.place == "contact.first_name"]
    assert hint.text == "2 of 3 recipients get “there” for contact.first_name"
    imported(database, contacts=[contact(1), contact(2, first_name=None)])
    assert verdicts(mail(database))["Personalisation"] == "ok"


# Who is left out, who can't be written to


def test_whoever_the_item_does_not_go_to_is_left_out_with_the_reason(database: Database) -> None:
    people = [
        contact(1),
        contact(2, consent="unsubscribed"),
        contact(3, consent="unknown"),
        contact(4, email=None),
    ]
    imported(database, contacts=people)
    item = mail(database)
    assert (item.would_send, item.findings_count) == (1, 0)
    assert item.blocked_by == {"not approved": 1}
    assert item.skipped == {"unsubscribed": 1, "no consent": 1, "no email address": 1}
    assert {(each.contact, each.reason) for each in item.left_out} == {
        ("c2", "unsubscribed"), ("c3", "no consent"), ("c4", "no email address"),
    }  # fmt: skip


def test_missing_data_is_named_by_contact_and_keeps_the_approval_back(database: Database) -> None:
    people = [contact(number, attributes={}) for number in range(1, 8)] + [named(8)]
    imported(database, email(content=MISSING), contacts=people)
    item = mail(database)
    assert (item.would_send, item.findings_count) == (1, 7)
    (error,) = item.found("error")
    assert error.text.startswith(
        "7 contacts (c1, c2, c3, c4, c5, …): content.subject needs contact.city"
    )
    assert error.place == "content.subject"
    assert "default" in error.fix
    with pytest.raises(CopyRefused, match=r"mail-1 \(content.subject: 7 contacts \(c1, c2"):
        approved(database)
    assert approvals_given(database) == 0


def test_missing_data_of_whoever_gets_nothing_anyway_keeps_nothing_back(database: Database) -> None:
    people = [named(1), contact(2, consent="unsubscribed"), contact(3, consent="unknown")]
    imported(database, email(content=MISSING), contacts=people)
    assert not mail(database).found("error")
    approved(database)
    assert approvals_given(database) == 1


def test_what_nobody_would_get_yet_is_checked_all_the_same(database: Database) -> None:
    """Consent may come after the approval, and doesn't void it."""
    content = {"subject": "Cheap gold", "body": "Come."}
    rules = {"must_not_mention": ["gold"]}
    people = [contact(1, consent="unknown")]
    imported(database, email(content=content), contacts=people, language_rules=rules)
    item = mail(database)
    assert item.would_send == 0
    assert [sample.count for sample in item.samples] == [0]
    assert verdicts(item)["Words ruled out"] == "error"
    with pytest.raises(CopyRefused):
        approved(database)


def test_content_that_cannot_be_composed_for_anybody_is_said_once(database: Database) -> None:
    content = {"subject": "Hello", "body": "See [this](ftp://files.example.com/x)."}
    imported(database, email(content=content))
    item = mail(database)
    assert (item.would_send, item.findings_count, len(item.samples)) == (0, 3, 0)
    (error,) = item.found("error")
    assert error.place == "content.body"
    assert "https" in error.fix
    with pytest.raises(CopyRefused):
        approved(database)


# Words that come from elsewhere


def test_a_contacts_own_data_can_bring_in_a_ruled_out_word(database: Database) -> None:
    people = [named(1), named(2), named(3, attributes={"city": "Gold Town"})]
    rules = {"must_not_mention": ["gold"]}
    imported(database, email(content=MISSING), contacts=people, language_rules=rules)
    assert errors(mail(database)) == [
        "contact.city: 1 contact (c3): contact.city says “Gold”, which isn't for this client's copy"
    ]


def other_project(database: Database, **changes: Any) -> None:
    other = brand(name="Aurelio Motor House", website="https://www.aurelio.de/") | {
        "sender": {"name": "Aurelio", "email": "hello@mail.aurelio.com"}
    }
    found = document(id="aurelio", brand=other, contacts=[contact(1)], **changes)
    import_document(database, found, source="test", actor="tester", secret_key=KEY)


@pytest.mark.parametrize(
    "words",
    ["As Aurelio motor house says.", "See www.aurelio.de.", "Write to me@mail.aurelio.com."],
)
def test_another_clients_name_or_domain_keeps_the_approval_back(
    database: Database, words: str
) -> None:
    other_project(database, client="aurelio")
    imported(database, email(content={"subject": "Hello", "body": words}))
    (error,) = mail(database).found("error")
    assert error.text.startswith("Names another client, Aurelio Motor House")
    with pytest.raises(CopyRefused):
        approved(database)
    rules = {"may_mention": ["Aurelio Motor House", "www.aurelio.de", "mail.aurelio.com"]}
    imported(database, email(content={"subject": "Hello", "body": words}), language_rules=rules)
    approved(database)


def test_other_projects_of_the_same_client_are_no_other_client(database: Database) -> None:
    other_project(database, client="group")
    content = {"subject": "Hello", "body": "As Aurelio Motor House says."}
    imported(database, email(content=content), client="group")
    assert not mail(database).found("error")


def test_a_client_with_a_name_within_the_own_one_is_no_finding(database: Database) -> None:
    found = document(id="other", client="other", brand=brand(name="Studio"), contacts=[contact(1)])
    import_document(database, found, source="test", actor="tester", secret_key=KEY)
    imported(database, email(content={"subject": "Hello", "body": "Come to the Studio."}))
    assert not mail(database).found("error")


# Approval


def test_only_what_has_errors_is_refused_and_the_rest_is_approved(database: Database) -> None:
    imported(database, email(), email("mail-2", content=MISSING), post())
    with pytest.raises(CopyRefused) as raised:
        approvals.approve(database, "studio", None, approved_by="Ann", now=NOW)
    assert {each.item: each.new for each in raised.value.approved} == {
        "mail-1": True, "post-1": True,
    }  # fmt: skip
    assert [each.place for each in raised.value.refused["mail-2"]] == ["content.subject"]
    assert approvals_given(database) == 2
    assert raised.value.next_step


def test_posts_and_crm_are_approved_without_any_email_being_composed(database: Database) -> None:
    composed: list[object] = []
    imported(database, email("mail-2", content=MISSING), post())
    given = approvals.approve(
        database, "studio", ["post-1"], approved_by="Ann", now=NOW, on_progress=composed.append
    )
    assert [each.new for each in given] == [True]
    assert composed == []


def test_a_plan_that_changes_during_the_checks_is_not_approved(database: Database) -> None:
    imported(database)

    def change(_: object) -> None:
        imported(database, email(content={"subject": "Other", "body": "Text"}))

    with pytest.raises(Exception, match="changed while you were looking"):
        approvals.approve(database, "studio", None, approved_by="Ann", now=NOW, on_progress=change)
    assert approvals_given(database) == 0
