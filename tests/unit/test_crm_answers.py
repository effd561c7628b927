"""Where the CRM has another value and the plan says `ask`, nothing is sent before a person has answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from aicmo.database import Database
from aicmo.errors import FixInput, NoSuchProject
from aicmo.execution.crm_answers import Take, answer, open_questions
from aicmo.execution.crm_reading import read_contacts
from aicmo.models import AuditEvent, CrmAnswer, Delivery
from tests.peers.crm_peer import Kept
from tests.peers.desk_crm import DeskCrm, opening
from tests.projects import NOW, contact
from tests.unit.crm_projects import FIELDS, change, connect, import_crm
from tests.unit.crm_readings import has, of_crm, record
from tests.unit.crm_runs import ready, run, states
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import clocked

ASK = [each | {"conflict": "ask"} if each["ours"] == "goal" else each for each in FIELDS]
RUNNER = contact(1, attributes={"goal": "run"})
QUIET = contact(2)


@pytest.fixture
def peer() -> Iterator[DeskCrm]:
    with DeskCrm() as running:
        yield running


@pytest.fixture
def ledger(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    """Its clock is set by hand, as runs need it."""
    with clocked(sqlite_url, tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def person(ledger: ClockedDatabase, peer: DeskCrm) -> Kept:
    """Who swims, as the CRM has it, and runs, as we have it."""
    ready(ledger, change(), contacts=[RUNNER, QUIET], fields=ASK)
    return peer.add({"email": "person1@example.com", "firstname": "P.", "goal": "swim"}, by="Ann")


def read(database: Database, peer: DeskCrm) -> None:
    read_contacts(database, "studio", opening(peer), by="Ann")


def asked(database: Database) -> list[tuple[str, str, str | None, str, bool]]:
    """Contact, field, theirs, ours and whether it was read before the run that asked."""
    return [
        (each.change.contact, each.field.ours, each.field.theirs, each.field.wanted, each.is_older)
        for each in open_questions(database, "studio").open
    ]


def say(database: Database, take: Take, field: str = "goal", by: str = "Casey") -> None:
    delivery = open_questions(database, "studio").open[0].change.delivery_id
    answer(database, "studio", delivery, field, take, by=by)


def test_a_run_holds_what_a_person_has_to_answer_and_sends_the_rest(
    ledger: ClockedDatabase, peer: DeskCrm, person: Kept
) -> None:
    run(ledger, opening(peer))
    assert states(ledger) == ["held", "sent"]
    assert person.values["firstname"] == "P."
    waiting = open_questions(ledger, "studio")
    assert (waiting.open, waiting.unread) == ((), 1)
    read(ledger, peer)
    assert asked(ledger) == [("c1", "goal", "swim", "run", False)]
    assert open_questions(ledger, "studio").unread == 0


@pytest.mark.parametrize(("take", "goal"), [("ours", "run"), ("theirs", "swim")])
def test_the_next_run_goes_by_the_answer(
    ledger: ClockedDatabase, peer: DeskCrm, person: Kept, take: Take, goal: str
) -> None:
    read(ledger, peer)
    say(ledger, take)
    assert asked(ledger) == []
    run(ledger, opening(peer))
    assert states(ledger) == ["sent", "sent"]
    assert (person.values["goal"], person.values["firstname"]) == (goal, "Person1")


def test_an_answer_is_not_taken_for_one_about_another_value(
    ledger: ClockedDatabase, peer: DeskCrm, person: Kept
) -> None:
    read(ledger, peer)
    say(ledger, "ours")
    peer.edit(person, {"goal": "climb"})
    run(ledger, opening(peer))
    assert states(ledger) == ["held", "sent"]
    assert person.values["goal"] == "climb"
    read(ledger, peer)
    assert asked(ledger) == [("c1", "goal", "climb", "run", False)]


def test_the_later_answer_counts_and_both_are_in_the_audit_log(
    ledger: ClockedDatabase, peer: DeskCrm, person: Kept
) -> None:
    read(ledger, peer)
    delivery = open_questions(ledger, "studio").open[0].change.delivery_id
    answer(ledger, "studio", delivery, "goal", "ours", by="Casey")
    answer(ledger, "studio", delivery, "goal", "theirs", by="Dana")
    with ledger.read() as session:
        (row,) = session.scalars(select(CrmAnswer)).all()
        events = session.execute(
            select(AuditEvent.actor, AuditEvent.data)
            .where(AuditEvent.event == "crm.answered")
            .order_by(AuditEvent.id)
        ).all()
    assert (row.take, row.theirs, row.answered_by) == ("theirs", "swim", "Dana")
    said = [(actor, json.loads(data)) for actor, data in events]
    assert said == [
        ("Casey", {"delivery": delivery, "property": "goal", "take": "ours"}),
        ("Dana", {"delivery": delivery, "property": "goal", "take": "theirs"}),
    ]
    assert person.values["goal"] == "swim"


def _one(database: Database, **found: Any) -> int:
    """A question about a contact who was read; the number of its delivery."""
    fields = [each | {"conflict": "ask"} for each in FIELDS]
    import_crm(database, change(), contacts=[RUNNER], fields=fields)
    connect(database)
    values = {"email": "person1@example.com", "firstname": "P.", "goal": "swim"} | found
    has(database, {"c1": record(**values)})
    return of_crm(database).contacts[0].delivery_id


def test_every_field_is_a_question_of_its_own_by_our_name_or_theirs(database: Database) -> None:
    delivery = _one(database)
    assert [each[1] for each in asked(database)] == ["first_name", "goal"]
    answer(database, "studio", delivery, "firstname", "theirs", by="Casey")
    assert [each[1] for each in asked(database)] == ["goal"]
    answer(database, "studio", delivery, "goal", "ours", by="Casey")
    assert of_crm(database).contacts[0].standing.value == "changed"


def test_what_was_read_before_the_run_that_asked_is_marked(database: Database) -> None:
    delivery = _one(database)
    reason = "isn't changed in the CRM: goal: the CRM has another value, a person has to answer"
    held = {"state": "held", "reason": reason, "since": NOW + timedelta(hours=1)}
    with database.write() as session:
        session.execute(update(Delivery).where(Delivery.id == delivery).values(**held))
    assert [each[-1] for each in asked(database)] == [True, True]
    has(
        database,
        {"c1": record(email="person1@example.com", firstname="P.", goal="swim")},
        at=NOW + timedelta(hours=2),
    )
    assert [each[-1] for each in asked(database)] == [False, False]


@pytest.mark.parametrize("field", ["email", "salary", ""])
def test_only_what_is_asked_can_be_answered(database: Database, field: str) -> None:
    delivery = _one(database)
    with pytest.raises(FixInput, match="doesn't ask about"):
        answer(database, "studio", delivery, field, "ours", by="Casey")
    with pytest.raises(FixInput, match="doesn't ask about"):
        answer(database, "studio", delivery + 99, "goal", "ours", by="Casey")
    with pytest.raises(FixInput, match="needs a name"):
        answer(database, "studio", delivery, "goal", "ours", by=" ")


@pytest.mark.parametrize("state", ["sending", "sent"])
def test_what_is_going_out_or_has_asks_nothing_any_more(database: Database, state: str) -> None:
    delivery = _one(database)
    with database.write() as session:
        session.execute(update(Delivery).values(state=state))
    assert asked(database) == []
    with pytest.raises(FixInput, match="doesn't ask about"):
        answer(database, "studio", delivery, "goal", "ours", by="Casey")


def test_a_refused_answer_leaves_the_earlier_one(database: Database) -> None:
    delivery = _one(database)
    answer(database, "studio", delivery, "goal", "ours", by="Casey")
    has(database, {"c1": record(email="person1@example.com", firstname="P.", goal="run")})
    with pytest.raises(FixInput, match="doesn't ask about"):
        answer(database, "studio", delivery, "goal", "theirs", by="Casey")
    with database.read() as session:
        assert session.scalars(select(CrmAnswer.take)).one() == "ours"


def test_an_unknown_project_is_told(database: Database) -> None:
    with pytest.raises(NoSuchProject):
        open_questions(database, "nobody")
