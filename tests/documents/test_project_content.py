"""What a package is told of the ledger: when things went out, where they are, what came back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from aicmo.database import Database
from aicmo.delivery.project_content import load_content
from aicmo.execution.operator_tasks import record_done
from aicmo.execution.states import State
from aicmo.models import Attempt, Delivery, Feedback, Item, Plan, Recall
from tests.projects import NOW, brand, contact, email, imported, post
from tests.unit.sent_rows import sent

PAGE = "https://www.linkedin.com/feed/update/urn:li:share:7001/"


def with_a_post(database: Database, permalink: str) -> None:
    """The emails of `sent`, and a post beside them that can be seen at `permalink`."""
    people = [contact(1), contact(2)]
    imported(database, email("mail-1"), post(), contacts=people)
    with database.write() as session:
        item = session.scalars(select(Item).where(Item.key == "post-1")).one()
        values = {"state": State.SENT.value, "permalink": permalink}
        session.execute(update(Delivery).where(Delivery.item_id == item.id).values(**values))


def test_an_item_has_the_moments_of_its_first_and_its_last_email(database: Database) -> None:
    first, second = sent(database)
    with database.write() as session:
        later = NOW + timedelta(hours=2)
        # A repeated delivery went out when it was transmitted last.
        again = Attempt(
            delivery_id=second.id, account_id=second.account_id, number=2, fence=8, run_id=1,
            gateway="smtp", payload_sha256="0" * 64, armed_at=later, outcome="sent",
        )  # fmt: skip
        session.add(again)
    status = load_content(database, "studio").items["mail-1"]
    assert (status.first_sent_at, status.last_sent_at) == (NOW + timedelta(seconds=1), later)
    assert status.counts == {"sent": 2}
    assert first.id != second.id


def test_what_did_not_go_out_has_no_moment(database: Database) -> None:
    sent(database, state=State.UNKNOWN)
    status = load_content(database, "studio").items["mail-1"]
    assert (status.first_sent_at, status.last_sent_at, status.links) == (None, None, ())


def test_a_post_is_linked_by_its_address_alone(database: Database) -> None:
    sent(database)
    with_a_post(database, PAGE)
    assert load_content(database, "studio").items["post-1"].links == (PAGE,)
    with_a_post(database, "")
    assert load_content(database, "studio").items["post-1"].links == ()


def test_a_post_that_was_taken_back_is_shown_nowhere(database: Database) -> None:
    sent(database)
    with_a_post(database, PAGE)
    with database.write() as session:
        delivery = session.scalars(select(Delivery).where(Delivery.permalink == PAGE)).one()
        recall = Recall(
            delivery_id=delivery.id, provider_ref="urn:li:share:7001", reason="wrong price",
            asked_by="Ann", asked_at=NOW, state="deleted",
        )  # fmt: skip
        session.add(recall)
    content = load_content(database, "studio")
    assert content.items["post-1"].links == ()
    told = [(row.reason, row.permalink) for row in content.ledger.rows if row.item == "post-1"]
    assert told == [("taken back", "")]


def test_what_a_person_posted_went_out_when_they_said_so(database: Database) -> None:
    imported(database, post(), contacts=[])
    record_done(database, "studio", "post-1", PAGE, by="Ann")
    status = load_content(database, "studio").items["post-1"]
    assert status.first_sent_at is not None
    assert (status.links, dict(status.reasons)) == ((PAGE,), {})


def test_no_link_leads_to_a_person(database: Database) -> None:
    first, _ = sent(database)
    with database.write() as session:
        record = {"provider_ref": "https://crm.example.com/contacts/person1"}
        session.execute(update(Delivery).where(Delivery.id == first.id).values(**record))
    assert load_content(database, "studio").items["mail-1"].links == ()


def test_what_came_back_is_counted_by_delivery(database: Database) -> None:
    first, second = sent(database)
    with database.write() as session:
        for delivery, kind, report in ((first, "bounced", "a"), (first, "bounced", "b")):
            session.add(_feedback(delivery, kind, report))
        session.add(_feedback(second, "unsubscribed", "c"))
    status = load_content(database, "studio").items["mail-1"]
    assert status.feedback == {"bounced": 1, "unsubscribed": 1}


def _feedback(delivery: Delivery, kind: str, report: str) -> Feedback:
    return Feedback(delivery_id=delivery.id, kind=kind, source_sha256=report, received_at=NOW)


def test_other_clients_are_named_and_the_own_is_not(database: Database) -> None:
    imported(database, id="studio")
    imported(database, id="studio-two", client="studio", brand=brand(name="Northside Two"))
    imported(database, id="rival", brand=brand(name="Rival House"))
    names = load_content(database, "studio").other_clients
    assert "Rival House" in names
    assert not {"Northside Studio", "Northside Two"} & set(names)


def test_the_ledger_comes_along_with_the_head_of_its_chain(database: Database) -> None:
    sent(database)
    ledger = load_content(database, "studio").ledger
    assert [row.state for row in ledger.rows] == ["sent", "sent"]
    assert len(ledger.audit_hash) == 64


def test_a_reason_in_the_proof_names_neither_recipient_nor_a_note_of_ours(
    database: Database,
) -> None:
    first, second, third = sent(database, 3)
    said = "550 5.1.1 no such user 'PERSON1' here (person1@example.com), ask postmaster@example.com"
    with database.write() as session:
        _says(session, first, said)
        _says(session, second, "given up: Marcus was angry, leave it")
        _says(session, third, "450 4.2.2 person30 and the person3.x box, not person3.")
    assert [row.reason for row in load_content(database, "studio").ledger.rows] == [
        "550 5.1.1 no such user '(address)' here ((address)), ask (address)",
        "given up",
        "450 4.2.2 person30 and the person3.x box, not (address).",
    ]


def _says(session: Session, delivery: Delivery, reason: str) -> None:
    values = {"state": State.FAILED.value, "reason": reason}
    session.execute(update(Delivery).where(Delivery.id == delivery.id).values(**values))


def test_the_hour_of_an_import_makes_no_other_package(database: Database) -> None:
    imported(database)
    found: list[datetime] = []
    for hour in (5, 23, 28):
        moment = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hour)
        with database.write() as session:
            session.execute(update(Plan).values(imported_at=moment))
        found.append(load_content(database, "studio").imported_at)
    # 05:00 UTC is still the evening before in Austin, 04:00 of the next day is the same evening.
    austin = ZoneInfo("America/Chicago")
    days = [datetime(2026, 2, 28, tzinfo=austin), *[datetime(2026, 3, 1, tzinfo=austin)] * 2]
    assert found == days
