"""Importing is all or nothing, repeatable and versioned; a recipient never gets a second delivery."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from aicmo.database import Database
from aicmo.errors import FixConfiguration
from aicmo.execution.importing import import_document
from aicmo.models import Contact, Delivery, Item, Plan, Suppression
from aicmo.plans.difference import ItemChange
from tests.conftest import KEY
from tests.projects import approved, brand, contact, document, email, imported, post


def count(database: Database, table: type) -> int:
    with database.read() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def fingerprint(database: Database, key: str = "mail-1") -> str:
    with database.read() as session:
        return session.scalars(select(Item.fingerprint).where(Item.key == key)).one()


def test_a_first_import_expands_items_and_audiences(database: Database) -> None:
    done = imported(database, email(), post())
    assert (done.version, done.unchanged, done.items, done.deliveries) == (1, False, 2, 4)
    assert [change.change for change in done.difference.items] == ["added", "added"]
    assert done.contacts.added == 3


def test_the_same_document_again_changes_nothing(database: Database) -> None:
    imported(database, email(), post())
    again = imported(database, email(), post())
    assert again.unchanged
    assert (again.version, count(database, Plan), count(database, Delivery)) == (1, 1, 4)


def test_a_changed_document_is_a_new_version_with_its_difference(database: Database) -> None:
    imported(database, email(), post())
    changed = email(content={"subject": "New", "body": "Come to the **studio**."})
    done = imported(database, changed, email("mail-2"), name="Studio relaunch")
    assert done.version == 2
    assert set(done.difference.items) == {
        ItemChange("mail-1", "Email mail-1", "changed", ("content.subject",)),
        ItemChange("mail-2", "Email mail-2", "added"),
        ItemChange("post-1", "Post post-1", "withdrawn"),
    }
    assert done.difference.parts == ("name",)


def test_an_import_that_fails_leaves_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(database)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("aicmo.audit.record", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        imported(database, email(), email("mail-2"), contacts=[contact(9)])
    assert count(database, Plan) == 1
    assert count(database, Contact) == 3
    assert count(database, Item) == 1


def test_one_mailbox_gets_one_delivery(database: Database) -> None:
    people = [contact(1, email="Leo@Example.com"), contact(2, email="leo@example.com")]
    done = imported(database, email(), contacts=people)
    assert done.deliveries == 1
    with database.read() as session:
        row = session.scalars(select(Delivery)).one()
        first = session.scalars(select(Contact).where(Contact.key == "c1")).one()
    assert (row.recipient, row.contact_id) == ("leo@example.com", first.id)


def test_another_sender_does_not_mean_another_delivery(database: Database) -> None:
    imported(database)
    moved = brand(sender={"name": "Studio", "email": "news@northside.example.com"})
    assert imported(database, brand=moved).deliveries == 0
    assert count(database, Delivery) == 3


def test_deliveries_that_left_the_plan_stay_and_come_back(database: Database) -> None:
    imported(database, email())
    imported(database, email(), contacts=[contact(1), contact(2)])
    with database.read() as session:
        states = dict(session.execute(select(Delivery.recipient, Delivery.in_plan)).all())
    assert states == {
        "person1@example.com": True, "person2@example.com": True, "person3@example.com": False,
    }  # fmt: skip
    imported(database, email())
    with database.read() as session:
        assert set(session.scalars(select(Delivery.in_plan))) == {True}
    assert count(database, Delivery) == 3


def test_an_opt_out_stays_suppressed_when_a_later_import_forgets_it(database: Database) -> None:
    imported(database, contacts=[contact(1, consent="unsubscribed"), contact(2)])
    imported(database, contacts=[contact(1), contact(2)])
    with database.read() as session:
        hashes = session.scalars(select(Suppression.address_hmac)).all()
        person = session.scalars(select(Contact).where(Contact.key == "c1")).one()
    assert hashes == [person.address_hmac]
    assert "person1" not in str(hashes)


@pytest.mark.parametrize(
    "change",
    [
        {"items": [email(content={"subject": "New", "body": "Come."})]},
        {"brand": brand(postal_address="13 Example Street")},
        {"brand": brand(sender={"name": "N", "email": "other@northside.example.com"})},
        {"contacts": [contact(number) for number in range(1, 5)]},
        {"contacts": [contact(1, first_name="Anna"), contact(2), contact(3)]},
        {"items": [email(send_until="2026-04-01T00:00:00+00:00")]},
    ],
    ids=["content", "address", "sender", "audience", "personal data", "window"],
)
def test_whatever_changes_what_goes_out_changes_the_fingerprint(
    sqlite_url: str, change: dict[str, object]
) -> None:
    database = Database(sqlite_url)
    imported(database)
    before = fingerprint(database)
    imported(database, **change)  # type: ignore[arg-type]
    assert fingerprint(database) != before


def test_an_opt_out_or_another_items_change_keeps_the_fingerprint(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    imported(database, email(), post())
    before = fingerprint(database)
    people = [contact(1, consent="unsubscribed"), contact(2), contact(3)]
    imported(database, email(), post() | {"title": "Another title"}, contacts=people)
    assert fingerprint(database) == before


def test_another_secret_key_is_refused(database: Database) -> None:
    imported(database)
    with pytest.raises(FixConfiguration, match="isn't the one"):
        import_document(
            database, document(post()), source="t", actor="t", secret_key=b"another" * 6
        )


def test_tokens_differ_by_recipient_and_tell_nothing(database: Database) -> None:
    imported(database)
    approved(database)
    with database.read() as session:
        tokens = session.scalars(select(Delivery.token)).all()
    assert len(set(tokens)) == 3
    assert all(len(token) == 32 and int(token, 16) for token in tokens)
    assert KEY.hex() not in str(tokens)


def test_a_person_with_a_new_address_gets_an_item_once(database: Database) -> None:
    imported(database)
    moved = [contact(1, email="new@example.com"), contact(2), contact(3, email="other@example.com")]
    with database.write() as session:
        first = select(Delivery.id).where(Delivery.recipient == "person1@example.com")
        session.get_one(Delivery, session.scalars(first).one()).state = "sent"
    assert imported(database, contacts=moved).deliveries == 0
    with database.read() as session:
        rows = dict(session.execute(select(Delivery.recipient, Delivery.in_plan)).all())
    assert rows == {
        "person1@example.com": False, "person2@example.com": True, "other@example.com": True,
    }  # fmt: skip


def test_a_corrected_address_gets_what_the_wrong_one_refused(database: Database) -> None:
    imported(database, contacts=[contact(1)])
    with database.write() as session:
        session.scalars(select(Delivery)).one().state = "failed"
    assert imported(database, contacts=[contact(1, email="right@example.com")]).deliveries == 1


def test_an_opt_in_of_somebody_who_left_is_said(database: Database) -> None:
    imported(database, contacts=[contact(1, consent="unsubscribed"), contact(2)])
    done = imported(database, contacts=[contact(1), contact(2)])
    assert [warning.split(":")[0] for warning in done.warnings] == [
        "Contact c1 has left earlier or bounced"
    ]
