"""The audit log shows every tampering, and the database itself refuses the ordinary ones."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from aicmo import audit
from aicmo.database import Database
from aicmo.models import AuditEvent, AuditHead
from tests.projects import email, imported


def fill(database: Database, count: int = 5, project: str = "studio") -> None:
    for number in range(count):
        with database.write() as session:
            audit.record(
                session, audit.Event.EXECUTION_STARTED, project_id=project, actor="Ann", n=number
            )


def record_and_fail(database: Database) -> None:
    with database.write() as session:
        audit.record(session, audit.Event.EXECUTION_ERROR, project_id="studio", actor="Ann")
        raise RuntimeError


def unlock(database: Database) -> None:
    """What somebody with the owner's rights can do to the table."""
    with database.write() as session:
        if database.is_sqlite:
            for action in ("update", "delete"):
                session.execute(text(f"DROP TRIGGER audit_event_no_{action}"))
        else:
            session.execute(text("DROP TRIGGER audit_event_append_only ON audit_event"))


def verify(database: Database) -> audit.Verification:
    with database.read() as session:
        return audit.verify(session, "studio")


def test_a_chain_that_nobody_touched_is_whole(database: Database) -> None:
    fill(database)
    fill(database, 2, project="other")
    found = verify(database)
    assert (found.events, found.broken_at, found.problem) == (5, None, "")
    with database.read() as session:
        head = session.get_one(AuditHead, "studio")
    assert found.head == head.hash.hex()


@pytest.mark.parametrize("statement", [update(AuditEvent).values(actor="Bob"), delete(AuditEvent)])
def test_the_database_refuses_to_change_it(database: Database, statement: Any) -> None:
    fill(database)
    with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
        session.execute(statement)
    assert verify(database).events == 5


@pytest.mark.parametrize(
    ("field", "value"),
    [("actor", "Bob"), ("data", '{"n":9}'), ("event", "x"), ("at", "2020"), ("hash", bytes(32))],
)
def test_a_changed_field_is_found_at_its_event(
    database: Database, field: str, value: object
) -> None:
    fill(database)
    unlock(database)
    with database.write() as session:
        session.execute(update(AuditEvent).where(AuditEvent.number == 3).values({field: value}))
    assert (verify(database).broken_at, verify(database).problem) == (3, "event was changed")


def test_a_removed_event_is_found(database: Database) -> None:
    fill(database)
    unlock(database)
    with database.write() as session:
        session.execute(delete(AuditEvent).where(AuditEvent.number == 2))
    assert (verify(database).broken_at, verify(database).problem) == (2, "event is missing")


def test_swapped_events_are_found(database: Database) -> None:
    fill(database)
    unlock(database)
    with database.write() as session:
        for before, after in ((2, 99), (4, 2), (99, 4)):
            session.execute(
                update(AuditEvent).where(AuditEvent.number == before).values(number=after)
            )
    assert verify(database).broken_at == 2


def test_a_log_cut_off_at_its_end_is_found(database: Database) -> None:
    fill(database)
    unlock(database)
    with database.write() as session:
        session.execute(delete(AuditEvent).where(AuditEvent.number > 3))
    assert verify(database).broken_at == 4
    assert "missing" in verify(database).problem


@pytest.mark.parametrize("head_is_put_back", [False, True])
def test_a_log_that_was_emptied_is_found_by_its_project(
    database: Database, *, head_is_put_back: bool
) -> None:
    imported(database, email())
    unlock(database)
    with database.write() as session:
        session.execute(delete(AuditEvent))
        session.execute(delete(AuditHead))
        if head_is_put_back:
            session.add(AuditHead(project_id="studio", number=0, hash=bytes(32)))
    assert (verify(database).broken_at, verify(database).problem) == (1, "events are missing")


def test_a_sink_hears_of_events_only_after_their_commit(database: Database) -> None:
    heard: list[str] = []
    with audit.forwarding_to(lambda event, project, _data: heard.append(f"{project} {event}")):
        with pytest.raises(RuntimeError):
            record_and_fail(database)
        assert heard == []
        fill(database, 1)
    fill(database, 1)
    assert heard == ["studio execution.started"]


def test_events_are_read_newest_last(database: Database) -> None:
    fill(database)
    with database.read() as session:
        assert [row.number for row in audit.events(session, "studio", newest=2)] == [4, 5]
        assert session.scalars(select(AuditEvent.actor).distinct()).all() == ["Ann"]
