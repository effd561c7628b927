"""Who is erased is in no byte of the database any more, and the ledger's books stay whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from aicmo import audit
from aicmo import database as database_module
from aicmo.database import Database
from aicmo.errors import FixInput, NoSuchProject
from aicmo.execution import erasing
from aicmo.execution.erasing import Person, Traces
from aicmo.execution.leaving import find_letter, unsubscribe
from aicmo.models import (
    Attempt,
    AuditEvent,
    Contact,
    CrmAnswer,
    CrmReading,
    CrmRestoration,
    Delivery,
    Feedback,
    Reading,
)
from tests.conftest import KEY
from tests.projects import NOW, TOMORROW, contact, email, imported
from tests.unit.crm_projects import change, import_crm
from tests.unit.departures import (
    address,
    hmac_of,
    letter_of,
    people,
    ready,
    sent,
    suppressions,
    token_of,
)
from tests.unit.live_runs import armed_batch, books, claimed

ANNA = {
    "email": "Anna.Zwiebel@Example.com", "name": "Anna Zwiebelturm", "first_name": "Anna-Lena",
    "segments": ["Segelfreunde"], "timezone": "Europe/Vaduz", "language": "de",
    "consent_source": "Messe Quickborn", "attributes": {"boat": "Schaluppe Möwe"},
}  # fmt: skip
TRACES = (
    "anna.zwiebel", "Anna.Zwiebel", "Zwiebelturm", "Anna-Lena", "Segelfreunde", "Vaduz",
    "Quickborn", "Schaluppe",
)  # fmt: skip
CONTACTS = [contact(1, **ANNA), contact(2), contact(3)]
BOTH = (email("mail-1"), email("mail-2", send_at=TOMORROW))
BY_ID, BY_ADDRESS = (
    Person("studio", contact="c1"),
    Person("studio", email="ANNA.zwiebel@example.com"),
)


@pytest.fixture(autouse=True)
def secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_SECRET_KEY", KEY.decode())


def erase(database: Database, person: Person = BY_ID) -> Traces:
    return erasing.erase(database, person, KEY, by="Ann")


def rows(database: Database, table: type[Any]) -> list[Any]:
    with database.read() as session:
        return list(session.scalars(select(table).order_by(table.id)))


def everything(database: Database) -> str:
    """All that the tables hold, as text."""
    from aicmo.models import Table  # noqa: PLC0415

    with database.read() as session:
        return "\n".join(
            repr(tuple(row))
            for table in Table.metadata.sorted_tables
            for row in session.execute(select(table))
        )


# What goes


def test_no_byte_of_the_file_names_the_person(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    # Some builds of SQLite overwrite what they free by themselves.
    event.listen(
        database.engine, "connect", lambda each, _: each.execute("PRAGMA secure_delete=OFF")
    )
    # Their former data was in the file, too.
    sent(database, contacts=[contact(1, **ANNA | {"name": "Anna Vormals"}), *people(3)[1:]])
    sent(database, *BOTH, contacts=CONTACTS)
    file = tmp_path / "aicmo.db"
    assert any(each in _bytes(file) for each in (b"Zwiebelturm", b"anna.zwiebel"))
    erase(database)
    assert erasing.scrub(database)
    for each in (*TRACES, "Vormals"):
        assert each.encode() not in _bytes(file), each
    assert b"person2@example.com" in _bytes(file)


def _bytes(file: Path) -> bytes:
    """The file, its log, and what the engine keeps beside them."""
    folder = [each for each in file.parent.rglob("*") if each.is_file()]
    return b"".join(each.read_bytes() for each in folder)


@pytest.mark.parametrize("person", [BY_ID, BY_ADDRESS], ids=["by id", "by address"])
def test_no_row_names_the_person(database: Database, person: Person) -> None:
    sent(database, *BOTH, contacts=CONTACTS)
    assert all(each in everything(database) for each in ("Zwiebelturm", "anna.zwiebel"))
    erase(database, person)
    left = everything(database)
    for each in TRACES:
        assert each not in left, each
    assert all(each in left for each in ("person2@example.com", "person3@example.com"))


def test_what_others_said_about_the_deliveries_goes_as_well(database: Database) -> None:
    sent(database, contacts=CONTACTS)
    said = {"detail": "550 <anna.zwiebel@example.com> is full"}
    with database.write() as session:
        for attempt in session.scalars(select(Attempt)):
            attempt.detail = said["detail"]
            where = {"delivery_id": attempt.delivery_id, **said}
            session.add(Reading(read_at=NOW, found="absent", **where))
            session.add(Feedback(kind="bounced", received_at=NOW, **where))
    erase(database)
    for table in (Attempt, Reading, Feedback):
        assert sorted(each.detail for each in rows(database, table)) == ["", *[said["detail"]] * 2]


def test_what_the_crm_had_of_the_person_goes_as_well(database: Database) -> None:
    import_crm(database, change(), contacts=CONTACTS)
    _read_from_the_crm(database)
    traces = ("Staged {}", "Anna-Berta {}", "Answered {}", "Annabelle {}")
    assert all(each.format("c1") in everything(database) for each in traces)
    erase(database)
    left = everything(database)
    for each in (*TRACES, *(each.format("c1") for each in traces)):
        assert each not in left, each
    assert all(each.format("c2") in left for each in traces)
    assert [each.staged == {} for each in rows(database, Delivery)] == [True, False, False]
    assert [each.state for each in rows(database, CrmRestoration)] == ["restored"] * 2


def _read_from_the_crm(database: Database) -> None:
    """What a preview, a run, an answer and a restoration leave behind."""
    with database.write() as session:
        for each in session.scalars(select(Delivery).order_by(Delivery.id)):
            key = each.recipient.removeprefix("contact:")
            each.staged = {"match": {"email": "x"}, "former": {"firstname": f"Staged {key}"}}
            if key == "c3":
                continue
            assert each.contact_id is not None
            record = {"values": {"firstname": f"Anna-Berta {key}"}}
            session.add(CrmReading(
                contact_id=each.contact_id, identity="1", found="one", record=record, read_at=NOW,
            ))  # fmt: skip
            session.add(CrmAnswer(
                delivery_id=each.id, property="firstname", theirs=f"Answered {key}", take="ours",
                answered_by="Ann", answered_at=NOW,
            ))  # fmt: skip
            session.add(CrmRestoration(
                delivery_id=each.id, asked_by="Ann", asked_at=NOW, state="restored",
                restored={"firstname": f"Annabelle {key}"},
            ))  # fmt: skip


def test_it_is_about_all_projects_of_the_client_and_no_other(database: Database) -> None:
    sent(database, client="north", contacts=CONTACTS)
    renamed = [contact(7, **ANNA | {"name": "A. Zwiebelturm"})]
    sent(database, project="second", client="north", contacts=renamed)
    sent(database, project="stranger", client="south", contacts=CONTACTS)
    found = erase(database)
    assert found.contacts == (("studio", "c1"), ("second", "c7"))
    assert (found.addresses, found.deliveries) == (("anna.zwiebel@example.com",), 2)
    blank = [each.project_id for each in rows(database, Contact) if not each.mailbox]
    assert blank == ["studio", "second"]
    assert [each.recipient for each in rows(database, Delivery) if "anna" in each.recipient] == [
        "anna.zwiebel@example.com"
    ]


def test_an_address_of_long_ago_goes_with_the_person(database: Database) -> None:
    sent(database, contacts=[contact(1), contact(2)])
    sent(database, contacts=[contact(1, **ANNA), contact(2)])
    found = erase(database)
    assert found.addresses == ("anna.zwiebel@example.com", address(1))
    assert address(1) not in everything(database)
    assert ("studio", hmac_of(1), "erased") in suppressions(database)


# What stays


def test_the_books_and_the_log_stay_whole(database: Database) -> None:
    sent(database, *BOTH, contacts=CONTACTS)
    before = books(database)
    assert (before.count("sent"), before.count("waiting")) == (3, 3)
    found = erase(database)
    after = books(database)
    assert after.balanced
    assert (after.count("sent"), after.count("waiting")) == (3, 2)
    assert after.reasons("cancelled") == {"erased": 1}
    assert (found.deliveries, found.waiting) == (2, 1)
    with database.read() as session:
        assert audit.verify(session, "studio").broken_at is None
        said = select(AuditEvent).where(AuditEvent.event == "contact.erased")
        (noted,) = session.scalars(said).all()
    assert noted.actor == "Ann"
    assert noted.data == '{"contacts":[1],"deliveries":[1,4]}'


def test_nobody_writes_to_the_person_again(database: Database) -> None:
    sent(database, contacts=people(3))
    erase(database)
    assert suppressions(database) == [("studio", hmac_of(1), "erased")]
    # Also not in a project that didn't know them yet.
    new = sent(database, project="second", client="studio", contacts=[contact(9), contact(1)])
    assert new.effects == {address(9): 1}


def test_who_had_left_before_is_still_one_who_left(database: Database) -> None:
    sent(database, contacts=people(3))
    unsubscribe(database, letter_of(database))
    erase(database)
    assert suppressions(database) == [("studio", hmac_of(1), "unsubscribed")]


def test_the_link_in_an_old_email_still_works(database: Database) -> None:
    sent(database, contacts=people(3))
    token = token_of(database)
    erase(database)
    letter = find_letter(database, token)
    assert letter is not None
    assert unsubscribe(database, letter)
    assert suppressions(database) == [("studio", hmac_of(1), "erased")]


@pytest.mark.parametrize("state", ["held", "expired"])
def test_what_waits_in_any_way_is_called_off(database: Database, state: str) -> None:
    ready(database, contacts=CONTACTS)
    with database.write() as session:
        for each in session.scalars(select(Delivery)):
            each.state = state
    erase(database)
    assert [each.state for each in rows(database, Delivery)] == ["cancelled", state, state]


def test_a_doubt_stays_a_doubt(database: Database) -> None:
    ready(database, contacts=CONTACTS)
    with database.write() as session:
        for each in session.scalars(select(Delivery)):
            each.ambiguous = True
    assert erase(database).waiting == 0
    assert {each.state for each in rows(database, Delivery)} == {"pending"}


def test_an_email_that_is_being_prepared_does_not_go_out(database: Database) -> None:
    ready(database, contacts=CONTACTS)
    run, claim = claimed(database)
    erase(database)
    assert len(armed_batch(run, claim).outgoing) == 2
    assert books(database).count("sending") == 0


# The document that still has the person


def test_a_document_does_not_bring_the_person_back(database: Database) -> None:
    sent(database, *BOTH, contacts=CONTACTS)
    erase(database)
    done = imported(database, *BOTH, email("mail-3"), contacts=CONTACTS, name="Still the same")
    assert done.contacts.erased == ("c1",)
    assert any("c1 was erased on request" in each for each in done.warnings)
    assert done.deliveries == 2
    for each in TRACES:
        assert each not in everything(database), each
    assert books(database).balanced
    again = sent(database, *BOTH, email("mail-3"), contacts=CONTACTS)
    assert "anna.zwiebel@example.com" not in again.effects
    assert erasing.look_up(database, BY_ID, KEY).are_gone


def test_nor_under_another_id_nor_after_having_left(database: Database) -> None:
    sent(database, contacts=people(3))
    unsubscribe(database, letter_of(database))
    erase(database)
    moved = imported(database, contacts=[contact(5, email=address(1)), contact(2)])
    assert moved.contacts.erased == ("c5",)
    assert address(1) not in everything(database)


def test_an_id_may_be_given_to_somebody_else(database: Database) -> None:
    sent(database, contacts=CONTACTS)
    erase(database)
    done = imported(database, *BOTH, contacts=[contact(1, email="other@example.com")])
    assert done.contacts.erased == ()
    assert rows(database, Contact)[0].email == "other@example.com"


# How it is asked for


def test_erasing_twice_is_erasing_once(database: Database) -> None:
    sent(database, contacts=CONTACTS)
    erase(database)
    before = everything(database)
    for person in (BY_ID, BY_ADDRESS):
        assert erase(database, person).are_gone
    assert everything(database) == before


def test_looking_up_changes_nothing(database: Database) -> None:
    sent(database, *BOTH, contacts=CONTACTS)
    before = everything(database)
    found = erasing.look_up(database, BY_ADDRESS, KEY)
    assert (found.contacts, found.deliveries, found.waiting) == ((("studio", "c1"),), 2, 1)
    assert everything(database) == before
    assert "anna" not in repr(found).lower()
    assert "anna" not in repr(BY_ADDRESS).lower()


def test_whoever_is_not_there_is_said_not_to_be(database: Database) -> None:
    ready(database)
    with pytest.raises(FixInput, match="no contact c9"):
        erase(database, Person("studio", contact="c9"))
    with pytest.raises(FixInput, match="Nobody of the client of studio") as refused:
        erase(database, Person("studio", email="nobody@example.com"))
    assert "nobody@" not in str(refused.value)
    with pytest.raises(NoSuchProject):
        erase(database, Person("elsewhere", contact="c1"))


@pytest.mark.parametrize("use", ["read", "write"])
def test_a_file_in_use_is_not_rewritten_and_that_is_told(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, use: str
) -> None:
    monkeypatch.setattr(database_module, "_BUSY_SECONDS", 0.5)
    database = Database(sqlite_url)
    sent(database, contacts=CONTACTS)
    erase(database)
    with getattr(database, use)() as session:
        session.execute(select(Contact.id)).all()
        assert not erasing.scrub(database)
    assert erasing.scrub(database)
