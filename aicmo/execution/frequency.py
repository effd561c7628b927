"""What one person got lately, over all projects of a client: counted by the address's fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from aicmo.execution.states import State
from aicmo.models import Attempt, Contact, Delivery, Project

_COUNTED = (State.SENT, State.SENDING, State.UNKNOWN)


def lock_client(session: Session, client: str) -> None:
    """Nobody else arms emails under a client's frequency rules until this transaction ends.

    Taken after the project's audit head and before any delivery, by everybody alike. SQLite has one
    writer anyway.
    """
    if session.get_bind().dialect.name != "sqlite":
        digest = hashlib.sha256(b"aicmo client " + client.encode()).digest()
        number = int.from_bytes(digest[:8], "big", signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))


def had_since(since: ColumnElement[datetime], client: ColumnElement[str]) -> ColumnElement[int]:
    """How many other emails the contact of a delivery got, may have got, or is being sent."""
    attempt, other = aliased(Attempt), aliased(Delivery)
    counted = select(func.count(attempt.delivery_id.distinct()))
    return _of_client(counted, attempt, other, since, client).correlate(
        Delivery, Contact
    ).scalar_subquery()  # fmt: skip


def times_since(
    session: Session, ids: Sequence[int], since: datetime, client: str
) -> dict[int, list[datetime]]:
    """When those other emails were last armed, by delivery, the newest first."""
    attempt, other = aliased(Attempt), aliased(Delivery)
    newest = func.max(attempt.armed_at)
    armed = (
        _of_client(select(Delivery.id, newest), attempt, other, since, client)
        .join(Contact, Contact.address_hmac == attempt.address_hmac)
        .join(Delivery, Delivery.contact_id == Contact.id)
        .where(Delivery.id.in_(ids))
        .group_by(Delivery.id, other.id)
        .order_by(newest.desc())
    )
    return _grouped(session.execute(armed).tuples())


def _of_client(
    query: Select[Any], attempt: Any, other: Any, since: Any, client: Any
) -> Select[Any]:
    project = aliased(Project)
    return (
        query.select_from(attempt)
        .join(other, other.id == attempt.delivery_id)
        .join(project, project.id == other.project_id)
        .where(
            attempt.address_hmac == Contact.address_hmac,
            # Written out: only then do both databases use the partial index.
            attempt.address_hmac != literal_column("''"),
            attempt.armed_at > since,
            project.client == client,
            other.id != Delivery.id,
            or_(other.state.in_([state.value for state in _COUNTED]), other.ambiguous),
        )
    )


def _grouped(rows: Iterable[tuple[int, datetime]]) -> dict[int, list[datetime]]:
    found: dict[int, list[datetime]] = {}
    for delivery_id, armed_at in rows:
        found.setdefault(delivery_id, []).append(armed_at)
    return found
