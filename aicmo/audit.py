"""The audit log: append-only, one hash chain per project.

Each event's hash is SHA-256(previous hash ‖ canonical JSON of the event), so that a changed, removed
or reordered row is found. A log cut off at its end is found by the head row, an emptied one by its
project, whose import was the first event; if the head was put back, too, only a head kept elsewhere
shows it (`aicmo audit` prints it). No personal data is written here: events carry ids and counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from aicmo.database import Database, upsert
from aicmo.models import AuditEvent, AuditHead, Project

_START = bytes(32)
_EVENT, _HEAD = cast("Table", AuditEvent.__table__), cast("Table", AuditHead.__table__)
_READ = select(_HEAD.c.number, _HEAD.c.hash).where(_HEAD.c.project_id == bindparam("of_project"))
_LOCK = _READ.with_for_update()
_ADD = insert(_EVENT)
_ADVANCE = (
    update(_HEAD)
    .where(_HEAD.c.project_id == bindparam("of_project"))
    .values(number=bindparam("to_number"), hash=bindparam("to_hash"))
)


class Event(StrEnum):
    """Every event name, each one thing that happened."""

    EXECUTION_STARTED = "execution.started"
    EXECUTION_DISABLED = "execution.disabled"
    EXECUTION_PROJECT_NOT_FOUND = "execution.project_not_found"
    EXECUTION_PLAN_FETCHED = "execution.plan_fetched"
    EXECUTION_EMAIL_EXECUTED = "execution.email_executed"
    EXECUTION_SOCIAL_EXECUTED = "execution.social_executed"
    EXECUTION_CRM_EXECUTED = "execution.crm_executed"
    EXECUTION_COMPLETED = "execution.completed"
    EXECUTION_ERROR = "execution.error"
    PACKAGING_STARTED = "packaging.started"
    PACKAGING_PROJECT_NOT_FOUND = "packaging.project_not_found"
    PACKAGING_PROJECT_FETCHED = "packaging.project_fetched"
    PACKAGING_PDF_GENERATED = "packaging.pdf_generated"
    PACKAGING_PPTX_GENERATED = "packaging.pptx_generated"
    PACKAGING_HTML_GENERATED = "packaging.html_generated"
    PACKAGING_STORED = "packaging.stored"
    PACKAGING_COMPLETED = "packaging.completed"
    PACKAGING_ERROR = "packaging.error"
    PLAN_IMPORTED = "plan.imported"
    APPROVAL_GIVEN = "approval.given"
    APPROVAL_REVOKED = "approval.revoked"
    DELIVERY_MOVED = "delivery.moved"
    DELIVERY_DONE = "delivery.done"
    RECALL_ASKED = "recall.asked"
    RECALL_APPROVED = "recall.approved"
    RECALL_ENDED = "recall.ended"
    CRM_RESTORE_ASKED = "crm.restore_asked"
    CRM_RESTORE_APPROVED = "crm.restore_approved"
    CRM_RESTORE_ENDED = "crm.restore_ended"
    CONSENT_READ = "consent.read"
    CONSENT_TOLD = "consent.told"
    ADDRESS_SUPPRESSED = "address.suppressed"
    FEEDBACK_RECEIVED = "feedback.received"
    CONTACT_UNSUBSCRIBED = "contact.unsubscribed"
    CONTACT_ERASED = "contact.erased"
    ACCOUNT_PAUSED = "account.paused"
    ACCOUNT_WAITS = "account.waits"
    ACCOUNT_PINNED = "account.pinned"
    ACCOUNT_CHECKED = "account.checked"
    ACCOUNT_REMOVED = "account.removed"
    CONTROL_PAUSED = "control.paused"
    CONTROL_UNPAUSED = "control.unpaused"
    CONTROL_CANCELLED = "control.cancelled"
    CONTROL_RETRIED = "control.retried"
    CONTROL_DISARMED = "control.disarmed"
    CONTROL_RELEASED = "control.released"
    DOUBT_DECIDED = "doubt.decided"
    DOUBT_READ = "doubt.read"
    CRM_CHECKED = "crm.checked"
    CRM_PROPERTY_BEGUN = "crm.property_begun"
    CRM_PROPERTY_MADE = "crm.property_made"
    CRM_READ = "crm.read"
    CRM_ANSWERED = "crm.answered"
    EXECUTION_STOPPED = "execution.stopped"
    EXECUTION_CRASHED = "execution.crashed"
    LINK_CREATED = "link.created"
    LINK_REVOKED = "link.revoked"
    HANDOVER_PREPARED = "handover.prepared"
    EMAIL_TEST_BEGUN = "email.test_begun"
    EMAIL_TEST_SENT = "email.test_sent"
    EMAIL_TEST_NOT_SENT = "email.test_not_sent"


Sink = Callable[[str, str, dict[str, Any]], None]
"""Called after commit with event name, project id and data."""

_sink: ContextVar[Sink | None] = ContextVar("aicmo_audit_sink", default=None)


@contextmanager
def forwarding_to(sink: Sink) -> Generator[None]:
    """While it is open, events other than single deliveries' are handed to `sink` after commit."""
    token = _sink.set(sink)
    try:
        yield
    finally:
        _sink.reset(token)


@contextmanager
def transaction(database: Database, *project_ids: str) -> Generator[Session]:
    """A write that ends in the projects' chains, and takes their heads first.

    Whoever moves deliveries ends up waiting for the head. Taking it before any other row gives all
    writers one order of locks, so that no two of them can wait for each other.
    """
    with database.write() as session:
        for project_id in sorted(project_ids):
            _locked_head(session, project_id)
        yield session


def record(session: Session, event: Event, *, project_id: str, actor: str, **data: Any) -> None:
    """Appends one event to the project's chain, in the caller's transaction."""
    number, previous = _locked_head(session, project_id)
    number, at = number + 1, datetime.now(UTC).isoformat(timespec="microseconds")
    text = _canonical(data)
    link = _link(previous, project_id, number, at, event, actor, text)
    connection = session.connection()
    connection.execute(
        _ADD,
        {
            "project_id": project_id, "number": number, "at": at, "event": event.value,
            "actor": actor, "data": text, "hash": link,
        },
    )  # fmt: skip
    connection.execute(_ADVANCE, {"of_project": project_id, "to_number": number, "to_hash": link})
    _heads(session)[project_id] = number, link
    _forward(session, event, project_id, data)


def head(session: Session, project_id: str) -> tuple[int, str]:
    """Number and hash (hex) of the newest event of a project's chain; (0, "") before the first."""
    held = _heads(session).get(project_id)
    found = held or session.connection().execute(_READ, {"of_project": project_id}).one_or_none()
    return (found[0], found[1].hex()) if found else (0, "")


def _heads(session: Session) -> dict[str, tuple[int, bytes]]:
    """The heads that this transaction holds the lock of: nobody else can move them."""
    transaction = session.get_transaction()
    held, heads = session.info.get("audit_heads", (None, {}))
    if held is not transaction:
        heads: dict[str, tuple[int, bytes]] = {}
        session.info["audit_heads"] = transaction, heads
    return heads


def _locked_head(session: Session, project_id: str) -> tuple[int, bytes]:
    connection = session.connection()
    heads = _heads(session)
    if project_id not in heads:
        found = connection.execute(_LOCK, {"of_project": project_id}).one_or_none()
        if found is None:
            _insert_head(session, project_id)
            found = connection.execute(_LOCK, {"of_project": project_id}).one()
        heads[project_id] = found[0], found[1]
    return heads[project_id]


def _insert_head(session: Session, project_id: str) -> None:
    row = {"project_id": project_id, "number": 0, "hash": _START}
    session.execute(upsert(session, AuditHead).values(**row).on_conflict_do_nothing())


def _canonical(data: dict[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _link(previous: bytes, *fields: object) -> bytes:
    text = json.dumps([str(field) for field in fields], ensure_ascii=False)
    return hashlib.sha256(previous + text.encode()).digest()


def _forward(session: Session, event: Event, project_id: str, data: dict[str, Any]) -> None:
    sink = _sink.get()
    if sink is not None and event is not Event.DELIVERY_MOVED:
        actions = session.info.setdefault("after_commit", [])
        actions.append(lambda: sink(event.value, project_id, data))


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of walking one project's chain.

    broken_at: number of the first event that doesn't fit, None if all do.
    head: hex of the newest hash; kept elsewhere, it also proves that nothing was cut off.
    """

    project_id: str
    events: int
    head: str
    broken_at: int | None = None
    problem: str = ""


def verify(session: Session, project_id: str) -> Verification:
    """Recomputes the chain of `project_id` from its first event."""
    # Asked first: a project that is imported meanwhile brings its first event along.
    must_have_events = session.get(Project, project_id) is not None
    previous, count = _START, 0
    query = select(AuditEvent).where(AuditEvent.project_id == project_id)
    ordered = query.order_by(AuditEvent.number).execution_options(yield_per=1000)
    for row in session.scalars(ordered):
        count += 1
        if row.number != count:
            return Verification(project_id, count - 1, previous.hex(), count, "event is missing")
        link = _link(
            previous, row.project_id, row.number, row.at, row.event, row.actor, row.data
        )  # fmt: skip
        if link != row.hash:
            return Verification(project_id, count - 1, previous.hex(), count, "event was changed")
        previous = link
    if must_have_events and not count:
        return Verification(project_id, 0, _START.hex(), 1, "events are missing")
    return _compare_with_head(session, Verification(project_id, count, previous.hex()))


def holds(session: Session, project_id: str, number: int, link: str) -> bool:
    """Whether event `number` of a project's chain has the hash (hex) that was kept elsewhere.

    If it has, and `verify` finds the chain unbroken, all events up to it are as they were then.
    """
    query = select(AuditEvent.hash).where(
        AuditEvent.project_id == project_id, AuditEvent.number == number
    )
    found = session.scalars(query).one_or_none()
    return found is not None and found.hex() == link.lower()


def _compare_with_head(session: Session, found: Verification) -> Verification:
    head = session.get(AuditHead, found.project_id)
    number, link = (head.number, head.hash.hex()) if head else (0, _START.hex())
    if (number, link) == (found.events, found.head):
        return found
    return Verification(
        found.project_id,
        found.events,
        found.head,
        found.events + 1,
        "events at the end are missing",
    )


def events(session: Session, project_id: str, *, newest: int) -> list[AuditEvent]:
    """The `newest` last events of a project, oldest first."""
    query = select(AuditEvent).where(AuditEvent.project_id == project_id)
    rows = session.scalars(query.order_by(AuditEvent.number.desc()).limit(newest)).all()
    return list(reversed(rows))
