"""What `aicmo crm read` keeps of a client's CRM: of the pinned account, of those it is needed of, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, update

from aicmo.database import Database
from aicmo.errors import FixAccount, FixInput, TryLater
from aicmo.execution import crm_reading
from aicmo.execution.crm_reading import ContactsRead, contacts_to_read, read_contacts
from aicmo.execution.erasing import Person, erase
from aicmo.models import AuditEvent, Contact, CrmReading, Delivery
from tests.conftest import KEY
from tests.peers.desk_crm import DeskCrm, opening
from tests.peers.http_exchange import Fault
from tests.projects import contact, imported
from tests.unit.crm_projects import FIELDS, change, connect, import_crm
from tests.unit.crm_readings import of_crm


@pytest.fixture
def peer() -> Iterator[DeskCrm]:
    with DeskCrm() as running:
        yield running


def ready(database: Database, people: int = 3, **setup: object) -> None:
    contacts = [contact(number, attributes={"goal": "run"}) for number in range(1, people + 1)]
    import_crm(database, change(), contacts=contacts, **setup)
    connect(database)


def read(database: Database, peer: DeskCrm) -> ContactsRead:
    return read_contacts(database, "studio", opening(peer), by="Ann")


def kept(database: Database) -> dict[str, CrmReading]:
    """By our id of a contact."""
    with database.read() as session:
        rows = session.execute(
            select(Contact.key, CrmReading).join(Contact, Contact.id == CrmReading.contact_id)
        )
        return {row[0]: row[1] for row in rows}


def test_what_is_there_becomes_the_preview(database: Database, peer: DeskCrm) -> None:
    ready(database)
    peer.add({"email": "person1@example.com", "firstname": "P.", "salary": "1"}, by="Ann Smith")
    for _ in range(2):
        peer.add({"email": "person2@example.com"})

    found = read(database, peer)

    assert (found.asked, found.found, found.absent, found.several) == (3, 1, 1, 1)
    standings = {each.contact: each.standing.value for each in of_crm(database).contacts}
    assert standings == {"c1": "changed", "c2": "stopped", "c3": "added"}
    shown = {each.name: each for each in of_crm(database).contacts[0].fields}
    assert (shown["firstname"].theirs, shown["firstname"].changed_by) == ("P.", "Ann Smith")
    assert peer.effects == {}


def test_only_what_is_mapped_is_read(database: Database, peer: DeskCrm) -> None:
    mapping = [*FIELDS, {"ours": "score", "theirs": "hs_score", "direction": "from_crm"}]
    ready(database, fields=mapping)
    peer.add({"email": "person1@example.com", "salary": "1", "hs_score": "9"})
    read(database, peer)
    record = kept(database)["c1"].record
    names = {"email", "firstname", "goal", "lifecyclestage", "hs_score"}
    assert set(record["values"]) == names


def test_it_is_noted_who_had_how_many_contacts_read(database: Database, peer: DeskCrm) -> None:
    ready(database)
    read(database, peer)
    with database.read() as session:
        row = session.scalars(select(AuditEvent).where(AuditEvent.event == "crm.read")).one()
        assert (row.actor, json.loads(row.data)) == ("Ann", {"contacts": 3})


def test_progress_is_told_of_every_contact(database: Database, peer: DeskCrm) -> None:
    ready(database)
    seen: list[object] = []
    read_contacts(database, "studio", opening(peer), by="Ann", on_progress=seen.append)
    with database.read() as session:
        assert contacts_to_read(session, "studio") == len(seen) == 3


def test_another_accounts_contacts_are_not_looked_at(database: Database, peer: DeskCrm) -> None:
    ready(database)
    peer.identity = "another portal"
    with pytest.raises(FixAccount, match="another portal"):
        read(database, peer)
    assert {each.path for each in peer.seen} == {"/me"}
    assert kept(database) == {}


def test_what_was_read_before_it_broke_off_is_kept(database: Database) -> None:
    ready(database, people=250)
    with DeskCrm(other_faults={"find_people": [None, Fault(then="close")]}) as peer:
        with pytest.raises(TryLater, match="can't be read"):
            read(database, peer)
        assert len(kept(database)) == 200
        assert read(database, peer).asked == 250
    assert len(kept(database)) == 250


def test_a_later_reading_replaces_the_earlier_one(database: Database, peer: DeskCrm) -> None:
    ready(database)
    read(database, peer)
    peer.add({"email": "person1@example.com", "goal": "swim"})
    read(database, peer)
    row = kept(database)["c1"]
    assert (row.found, row.record["values"]["goal"]) == ("one", "swim")


def test_what_is_not_needed_any_more_is_forgotten(database: Database, peer: DeskCrm) -> None:
    ready(database)
    read(database, peer)
    assert set(kept(database)) == {"c1", "c2", "c3"}
    with database.write() as session:
        session.execute(
            update(Delivery).where(Delivery.recipient == "contact:c1").values(state="sent")
        )
    read(database, peer)
    assert set(kept(database)) == {"c2", "c3"}


def test_nothing_is_kept_of_whoever_is_erased_while_it_is_read(
    database: Database, peer: DeskCrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(database)
    peer.add({"email": "person1@example.com", "goal": "swim"})
    keep = crm_reading.keep_readings

    def keep_later(*arguments: Any) -> None:
        (identity, found, names, now), session = arguments[1:], arguments[0]
        session.rollback()
        erase(database, Person("studio", contact="c1"), KEY, by="Ann")
        with database.write() as anew:
            keep(anew, identity, found, names, now)

    monkeypatch.setattr(crm_reading, "keep_readings", keep_later)
    read(database, peer)
    assert set(kept(database)) == {"c2", "c3"}


def test_a_project_without_a_crm_has_nothing_to_read(database: Database, peer: DeskCrm) -> None:
    imported(database)
    with pytest.raises(FixInput, match="studio has no CRM"):
        read(database, peer)
    assert peer.seen == []
