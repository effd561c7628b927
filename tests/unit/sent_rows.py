"""Emails that went out, written into the ledger as a worker leaves them there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from aicmo.database import Database
from aicmo.execution.states import State
from aicmo.models import Attempt, Contact, Delivery, Feedback, Item, Run, Suppression
from aicmo.privacy import feedback_sha256, feedback_token
from tests.conftest import KEY
from tests.projects import NOW, contact, email, imported


def sent(
    database: Database,
    people: int = 2,
    *,
    mails: int = 1,
    state: State = State.SENT,
    at: datetime = NOW,
    **changes: Any,
) -> list[Delivery]:
    """Emails to some people, each transmitted once; ordered by mail, then by person."""
    items = [email(f"mail-{number}") for number in range(1, mails + 1)]
    people_of_it = [contact(number) for number in range(1, people + 1)]
    imported(database, *items, contacts=people_of_it, **changes)
    project_id = changes.get("id", "studio")
    with database.write() as session:
        run = Run(project_id=project_id, mode="live", started_by="Casey", started_at=at)
        session.add(run)
        session.flush()
        query = select(Delivery, Contact).join(Contact, Contact.id == Delivery.contact_id)
        query = query.join(Item, Item.id == Delivery.item_id).order_by(Item.key, Contact.key)
        rows = session.execute(query.where(Delivery.project_id == project_id)).tuples().all()
        for delivery, person in rows:
            delivery.state, delivery.attempts, delivery.since = state.value, 1, at
            session.add(_attempt(delivery, person, run.id, at))
    return [delivery for delivery, _ in rows]


def _attempt(delivery: Delivery, person: Contact, run_id: int, at: datetime) -> Attempt:
    return Attempt(
        delivery_id=delivery.id, account_id=delivery.account_id, number=1, fence=7, run_id=run_id,
        gateway="smtp", payload_sha256="0" * 64, armed_at=at, ended_at=at + timedelta(seconds=1),
        outcome="sent", code="250", feedback_sha256=feedback_sha256(token_of(delivery)),
        address_hmac=person.address_hmac,
    )  # fmt: skip


def token_of(delivery: Delivery) -> str:
    return feedback_token(KEY, delivery.token)


def bounce_address(delivery: Delivery) -> str:
    return f"bounces+{token_of(delivery)}@northside.example.com"


def suppressed(database: Database) -> list[tuple[str, str, str]]:
    """Client, contact and reason of each suppression."""
    with database.read() as session:
        query = select(Suppression.client, Contact.key, Suppression.reason).join(
            Contact, Contact.address_hmac == Suppression.address_hmac
        )
        return sorted(set(session.execute(query).tuples()))


def kept(database: Database) -> list[tuple[int, str, str]]:
    """Delivery, kind and status of all feedback."""
    with database.read() as session:
        query = select(Feedback.delivery_id, Feedback.kind, Feedback.status).order_by(Feedback.id)
        return list(session.execute(query).tuples())
