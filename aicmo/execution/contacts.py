"""A project's contacts as rows, and what leaves with them: opt-outs become suppressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from aicmo.database import upsert
from aicmo.models import Contact, Project, Suppression
from aicmo.plans.addresses import normalise_address
from aicmo.plans.contacts import Contact as PlannedContact
from aicmo.plans.document import ProjectDocument
from aicmo.privacy import address_hmac

_CHUNK = 1000
Row = dict[str, Any]
T = TypeVar("T")

ERASED = "erased"
BLANK: Row = {
    "email": "", "mailbox": "", "timezone": "", "consent": "unknown", "consent_source": "",
    "removed": True, "details": {},
}  # fmt: skip
"""What an erased person's row is left with; without a mailbox, but with its HMAC, it is known as one."""


@dataclass(frozen=True, slots=True)
class ContactChanges:
    """resubscribed: contacts who left earlier and whom the document calls opt_in; they stay out.

    erased: contacts who were erased and whom the document still has; nothing of them is stored.
    """

    added: int = 0
    changed: int = 0
    removed: int = 0
    resubscribed: tuple[str, ...] = ()
    erased: tuple[str, ...] = ()


def write(
    session: Session, document: ProjectDocument, secret_key: bytes, now: datetime
) -> ContactChanges:
    """Brings the contact rows in line with the document; removed contacts are kept, marked."""
    known = _known(session, document.id)
    added, changed = 0, 0
    resubscribed: list[str] = []
    erased: list[str] = []
    for chunk in _chunks(document.contacts):
        rows = [_row(document.id, contact, secret_key) for contact in chunk]
        erased += _blank_erased(session, document.client_key, rows)
        fresh = [row for row in rows if row["key"] not in known]
        stale = [row for row in rows if _differs(row, known.pop(row["key"], None))]
        _insert(session, fresh, now)
        _update(session, stale, now)
        resubscribed += _still_suppressed(session, document.client_key, rows)
        _suppress(session, document.client_key, rows, now)
        added, changed = added + len(fresh), changed + len(stale)
    removed = [id_ for id_, row in known.values() if not row["removed"]]
    for chunk in _chunks(removed):
        session.execute(update(Contact).where(Contact.id.in_(chunk)).values(removed=True))
    return ContactChanges(added, changed, len(removed), tuple(resubscribed), tuple(erased))


def _row(project_id: str, contact: PlannedContact, secret_key: bytes) -> Row:
    mailbox = normalise_address(contact.email) if contact.email else ""
    return {
        "project_id": project_id,
        "key": contact.id,
        "email": contact.email or "",
        "mailbox": mailbox,
        "address_hmac": address_hmac(secret_key, mailbox) if mailbox else "",
        "timezone": contact.timezone or "",
        "consent": contact.consent,
        "consent_source": contact.consent_source or "",
        "hard_bounced": contact.hard_bounced,
        "removed": False,
        "details": contact.model_dump(
            mode="json",
            include={"name", "first_name", "segments", "language", "attributes"},
        ),
    }


_COLUMNS = (
    "email", "mailbox", "address_hmac", "timezone", "consent", "consent_source", "hard_bounced",
    "removed", "details",
)  # fmt: skip


def _known(session: Session, project_id: str) -> dict[str, tuple[int, Row]]:
    columns = [getattr(Contact, name) for name in _COLUMNS]
    query = select(Contact.key, Contact.id, *columns).where(Contact.project_id == project_id)
    return {
        row[0]: (row[1], dict(zip(_COLUMNS, row[2:], strict=True)))
        for row in session.execute(query.execution_options(yield_per=_CHUNK))
    }


def _differs(row: Row, known: tuple[int, Row] | None) -> bool:
    return known is not None and any(row[name] != known[1][name] for name in _COLUMNS)


def _insert(session: Session, rows: list[Row], now: datetime) -> None:
    if rows:
        session.execute(insert(Contact), [row | {"changed_at": now} for row in rows])


def _update(session: Session, rows: list[Row], now: datetime) -> None:
    for row in rows:
        session.execute(
            update(Contact)
            .where(Contact.project_id == row["project_id"], Contact.key == row["key"])
            .values(**{name: row[name] for name in _COLUMNS}, changed_at=now)
        )


def _blank_erased(session: Session, client: str, rows: list[Row]) -> list[str]:
    """Takes everything out of the rows of people who were erased; returns their ids."""
    hmacs = {row["address_hmac"] for row in rows} - {""}
    there = select(Suppression.address_hmac).where(
        Suppression.client == client, Suppression.reason == ERASED
    )
    # Who had left before keeps that reason.
    blank = select(Contact.address_hmac).join(Project, Project.id == Contact.project_id)
    blank = blank.where(Project.client == client, Contact.mailbox == "")
    erased = {
        *session.scalars(there.where(Suppression.address_hmac.in_(hmacs))),
        *session.scalars(blank.where(Contact.address_hmac.in_(hmacs))),
    }
    found = [row for row in rows if row["address_hmac"] in erased]
    for row in found:
        row.update(BLANK)
    return [row["key"] for row in found]


def _still_suppressed(session: Session, client: str, rows: list[Row]) -> list[str]:
    agreed = {row["address_hmac"]: row["key"] for row in rows if row["consent"] == "opt_in"}
    there = select(Suppression.address_hmac).where(
        Suppression.client.in_(("", client)), Suppression.address_hmac.in_(agreed)
    )
    hard = {row["key"] for row in rows if row["hard_bounced"]}
    return sorted({agreed[hmac] for hmac in session.scalars(there)} - hard)


def _suppress(session: Session, client: str, rows: list[Row], now: datetime) -> None:
    reasons = {
        row["address_hmac"]: "unsubscribed" if row["consent"] == "unsubscribed" else "hard bounced"
        for row in rows
        if row["address_hmac"] and (row["consent"] == "unsubscribed" or row["hard_bounced"])
    }
    for hmac, reason in reasons.items():
        suppress(session, client, hmac, reason, now)


def suppress(session: Session, client: str, hmac: str, reason: str, now: datetime) -> bool:
    """Makes sure that nobody writes to the address for this client again; True if it is new."""
    values = {"client": client, "address_hmac": hmac, "reason": reason, "created_at": now}
    # Somebody may be leaving another project of the client at this moment.
    added = upsert(session, Suppression).values(**values).on_conflict_do_nothing()
    return session.scalars(added.returning(Suppression.id)).first() is not None


def follow_client(session: Session, former: str, client: str, now: datetime) -> None:
    """Who left a client stays out when one of its projects is filed under another."""
    left = select(Suppression.address_hmac, Suppression.reason).where(Suppression.client == former)
    for hmac, reason in session.execute(left).all():
        suppress(session, client, hmac, reason, now)


def _chunks(values: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk
